"""Results of two columns as pictures, whole."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from harvest_duck.display.chart import chart
from harvest_duck.errors import QueryError
from harvest_duck.text import terminal_safe


def drawn(rows: list[tuple[Any, Any]], width: int = 40, *, styled: bool = False) -> str:
    return "\n" + chart(["what", "hours"], rows, width, styled=styled) + "\n"


def test_bars_stand_beside_their_labels_and_exact_values() -> None:
    rows = [
        ("Acme", Decimal("1234.5000")),
        ("日本語", Decimal("617.25")),
        ("two\nlines", None),
        (None, Decimal("0.0001")),
        ("", 0),
    ]
    assert (
        drawn(rows)
        == """
what            hours
────────────────────────────────────────
Acme        1234.5000   ████████████████
日本語         617.25   ████████
two lines        NULL
NULL           0.0001   ▏
                    0
(5 rows)
"""
    )


def test_what_is_below_zero_stands_left_of_it() -> None:
    rows = [("up", 30), ("down", -10), ("none", None), ("a little", -0.01)]
    assert (
        drawn(rows)
        == """
what       hours
────────────────────────────────────────
up            30        │███████████████
down         -10   █████│
none        NULL        │
a little   -0.01       ▕│
(4 rows)
"""
    )
    assert (
        drawn([("a", -4), ("b", -1)])
        == """
what   hours
────────────────────────────────────────
a         -4   █████████████████████████
b         -1                     ▕██████
(2 rows)
"""
    )


def test_what_is_no_finite_number_has_no_bar() -> None:
    rows = [("a", math.nan), ("b", math.inf), ("c", 10**400), ("d", 1.5e308), ("e", -1.5e308), ("f", 5e-324)]
    lines = drawn(rows, 460).splitlines()
    assert [line.count("█") > 1 for line in lines[3:9]] == [False, False, False, True, True, False]
    assert drawn([("a", None)]).splitlines()[3] == "a       NULL"


def test_long_labels_leave_room_for_bars() -> None:
    assert (
        drawn([("Harbour and Vale, Limited by Guarantee", 1), ("b", 2)])
        == """
what                 hours
────────────────────────────────────────
Harbour and Vale,…       1   █████▌
b                        2   ███████████
(2 rows)
"""
    )


def test_days_make_a_line_in_the_order_of_time_which_null_parts() -> None:
    first = date(2026, 11, 1)
    hours = [0, Decimal("7.5"), 4, None, 8, 8]
    rows = [(first + timedelta(days=day), value) for day, value in enumerate(hours)]
    assert (
        drawn([*rows[3:], *rows[:3], (None, 5)])
        == """
hours by what
8 ┤       ⢀                     ⠉⠉⠉⠉⠉⠉⠉⠉
  │       ⡎⠣⡀
  │      ⡸  ⠘⢄
  │     ⢠⠃   ⠈⢢
  │     ⡎      ⠱⡀
  │    ⡸        ⠈⢆
  │   ⢠⠃
  │  ⢀⠇
  │  ⡜
  │ ⢰⠁
  │⢀⠇
0 ┤⡜
  └─────────────────────────────────────
   2026-11-01                 2026-11-06
(7 rows; 1 NULL; not drawn: 1 without a
time)
"""
    )


def test_a_line_has_a_tick_at_zero_and_moments_below_each_other_where_there_is_no_room() -> None:
    moments = [datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (0, 12, 18)]
    assert (
        drawn([*zip(moments, (-1, 2, Decimal("-0.5")), strict=True)])
        == """
hours by what
 2 ┤                      ⡠⠊⢆
   │                    ⡠⠊  ⠈⢢
   │                  ⡠⠊      ⠱⡀
   │                ⡠⠊         ⠑⡄
   │              ⡠⠊            ⠘⢄
   │            ⡠⠊               ⠈⢢
   │          ⡠⠊                   ⠣⡀
 0 ┤        ⡠⠊                      ⠱⡀
   │      ⡠⠊                         ⠘⢄
   │    ⡠⠊                            ⠈⢆
   │  ⡠⠊
-1 ┤⡠⠊
   └────────────────────────────────────
2026-11-01 00:00:00+00:00 to 2026-11-01
18:00:00+00:00
(3 rows)
"""
    )


def test_two_days_make_no_line() -> None:
    assert "2026-11-01      10   █" in drawn([(date(2026, 11, 1), 10), (date(2026, 11, 2), 20)])


def test_what_is_left_out_is_told() -> None:
    many = [(f"{number}", number) for number in range(101)]
    assert drawn(many).splitlines()[-1] == "(the first 100 of 101 rows)"
    assert drawn(many * 100).splitlines()[-1] == "(the first 100 of more than 10,000 rows)"
    assert drawn([]) == "\nwhat   hours\n────────────────────────────────────────\n(0 rows)\n"


def test_head_and_note_have_styles_where_the_screen_has() -> None:
    styled = drawn([("a", None)], styled=True).splitlines()
    assert styled[1] == "\x1b[1mwhat\x1b[0m   \x1b[1mhours\x1b[0m"
    assert styled[3] == "a       \x1b[2mNULL\x1b[0m"


@pytest.mark.parametrize(
    ("names", "row", "message"),
    [
        (["a"], (1,), "this result has 1: a"),
        (["a", "b", "c"], (1, 2, 3), "this result has 3: a, b, c"),
        (["a", "b"], ("x", "1"), "b has no numbers"),
        (["a", "b"], ("x", True), "b has no numbers"),
    ],
)
def test_other_columns_are_refused_in_one_line(names: list[str], row: tuple[Any, ...], message: str) -> None:
    with pytest.raises(QueryError) as refused:
        chart(names, [row], 80, styled=False)
    assert str(refused.value) == f"a chart takes two columns, a label or a time and then a number; {message}"


def test_no_row_is_read_after_one_that_has_no_number() -> None:
    rows = iter([("a", None), ("b", 1), ("c", "x"), ("d", 2)])
    with pytest.raises(QueryError):
        chart(["name", "number"], rows, 80, styled=False)
    assert [*rows] == [("d", 2)]


numbers = st.integers() | st.floats() | st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.none()
labels = st.text().map(terminal_safe) | st.none() | st.integers()


@settings(deadline=None)
@given(st.lists(st.tuples(labels, numbers), max_size=8) | st.lists(st.tuples(st.dates(), numbers), max_size=8))
def test_any_numbers_fit_the_screen_and_greater_ones_reach_further(rows: list[tuple[Any, Any]]) -> None:
    kinds = [value for _, value in rows if value is not None]
    lines = drawn(rows, 200).splitlines()[1:]
    assert max(map(cell_len, lines)) <= 200 or any(len(f"{value}") > 90 for value in kinds)
    if lines[1].startswith("─"):
        bars = [
            (line.count("█"), value) for line, (_, value) in zip(lines[2:], rows, strict=False) if value is not None
        ]
        right = sorted((value, bar) for bar, value in bars if math.isfinite(value) and value >= 0)
        assert [bar for _, bar in right] == sorted(bar for _, bar in right)
