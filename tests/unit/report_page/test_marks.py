from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.report_page.marks import Item, apart, bar, bullet, columns, level, spark

values = st.decimals(-1000, 10**7, places=2)
positive = st.decimals(0, 10**7, places=2)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=30), st.booleans())
def test_columns_stay_within_their_axis(pairs: list[tuple[Decimal, Decimal]], beside: bool) -> None:
    items = [
        Item("", (), (("a", one if beside else abs(one)), ("b", two if beside else abs(two)))) for one, two in pairs
    ]
    chart = columns(items, beside=beside, line=[abs(one) for one, _ in pairs])
    ticks = [value for _, value in chart.ticks]
    assert len({later - earlier for earlier, later in pairwise(ticks)}) == 1
    assert 2 <= len(ticks) <= 8
    assert Decimal(0) in ticks
    for column in chart.columns:
        for part in column.parts:
            assert column.x <= part.x
            assert part.x + part.width <= column.x + column.width + 1e-9
            assert part.y >= -1e-9
            assert part.y + part.height <= 100 + 1e-9
    assert all(-1e-9 <= y <= 100 for _, y in chart.line)


def test_the_height_of_a_column_is_its_value() -> None:
    chart = columns([Item("", (), (("a", Decimal(30)), ("b", Decimal(50)))), Item("", (), (("a", Decimal(0)),))])
    assert [value for _, value in chart.ticks] == [0, 20, 40, 60, 80]
    assert [(part.kind, part.y, part.height) for part in chart.columns[0].parts] == [("a", 62.5, 37.5), ("b", 0, 62.5)]
    assert chart.columns[1].parts == ()
    (below,) = columns([Item("", (), (("a", Decimal(-10)),))], beside=True).columns[0].parts
    assert below.height > 0


def test_a_chart_of_nothing_has_an_axis() -> None:
    assert next(value for _, value in columns([Item("", (), ())]).ticks) == 0


@given(st.lists(positive, max_size=6), positive)
def test_a_bar_ends_at_its_top(amounts: list[Decimal], top: Decimal) -> None:
    parts = bar([("a", amount) for amount in amounts], top)
    assert sum(part.width for part in parts) <= 100 + 1e-6
    if top and sum(amounts) >= top:
        assert sum(part.width for part in parts) == pytest.approx(100)


def test_a_bar_from_the_middle_goes_to_either_side() -> None:
    assert (apart(Decimal(40), Decimal(80)).x, apart(Decimal(40), Decimal(80)).width) == (50, 25)
    assert (apart(Decimal(-80), Decimal(80)).x, apart(Decimal(-80), Decimal(80)).kind) == (0, "loss")
    assert apart(Decimal(0), Decimal(0)).width == 0


def test_a_bullet_ends_at_one_and_a_half_budgets() -> None:
    assert bullet(Decimal("0.75")).spent == pytest.approx(50)
    assert bullet(Decimal("17.35")).spent == pytest.approx(100)
    assert [bullet(share).beyond for share in (Decimal("1.5"), Decimal("1.51"), None)] == [False, True, False]


def test_a_small_line_needs_two_points() -> None:
    assert spark([]) == spark([Decimal(1)]) == ()
    assert spark([Decimal(0), Decimal(2)]) == ((0, 96), (100, 8))


@pytest.mark.parametrize(
    ("hours", "full"),
    [(None, "off"), ("0", "empty"), ("3.99", "low"), ("4", "short"), ("6.4", "full"), ("9.2", "full"), ("9.3", "long")],
)
def test_a_day_is_as_full_as_its_hours(hours: str | None, full: str) -> None:
    assert level(None if hours is None else Decimal(hours), Decimal(8), Decimal("0.8")) == full
    assert level(Decimal(5), Decimal(0), Decimal("0.8")) == "off"
