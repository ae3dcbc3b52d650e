"""Which columns fit a screen, and how wide they are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_duck.display.widths import Column, Rank, fitted, rank

columns = st.lists(
    st.builds(Column, st.integers(1, 200), st.integers(1, 60), st.sampled_from(Rank)).filter(
        lambda each: each.word <= each.text
    ),
    min_size=1,
    max_size=15,
)


@settings(deadline=None)
@given(columns, st.integers(1, 250))
def test_what_is_shown_fits_and_is_at_least_one_column(table: list[Column], width: int) -> None:
    widths = fitted(table, width)
    assert list(widths) == sorted(widths)
    assert widths
    assert all(table[each].least(width) <= wide <= table[each].text for each, wide in widths.items())
    assert sum(widths.values()) + 3 * (len(widths) - 1) <= width


@settings(deadline=None)
@given(columns, st.integers(1, 250))
def test_nothing_is_left_out_or_folded_that_would_have_fit(table: list[Column], width: int) -> None:
    widths = fitted(table, width)
    spare = width - sum(widths.values()) - 3 * (len(widths) - 1)
    assert all(table[each].least(width) + 3 > spare for each in range(len(table)) if each not in widths)
    assert spare <= 0 or all(wide == table[each].text for each, wide in widths.items())


@settings(deadline=None)
@given(columns, st.integers(1, 250))
def test_references_and_constants_fold_no_other_column(table: list[Column], width: int) -> None:
    widths = fitted(table, width)
    last = {each for each in widths if table[each].rank >= Rank.REFERENCE}
    first = {each for each in range(len(table)) if table[each].rank < Rank.REFERENCE}
    assert not last or all(widths[each] == table[each].text for each in first & widths.keys())


@settings(deadline=None)
@given(columns)
def test_without_a_width_every_column_is_as_wide_as_its_texts(table: list[Column]) -> None:
    assert list(fitted(table, None).values()) == [column.text for column in table]


def test_columns_further_left_come_first_and_constant_ones_last() -> None:
    constant = Column(10, 10, Rank.CONSTANT)
    assert list(fitted([Column(10, 10), Column(10, 10), Column(10, 10)], 23)) == [0, 1]
    assert list(fitted([constant, Column(10, 10), Column(10, 10)], 23)) == [1, 2]
    assert list(fitted([constant, Column(10, 10), Column(10, 10)], 36)) == [0, 1, 2]
    assert fitted([constant, Column(30, 10)], 40) == {1: 30}
    assert fitted([constant, Column(30, 10)], 43) == {0: 10, 1: 30}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id", Rank.KEY),
        ("name", Rank.NAME),
        ("client_name", Rank.NAME),
        ("number", Rank.NAME),
        ("Client_Name", Rank.NAME),
        ("rename", Rank.OTHER),
        ("table_name", Rank.OTHER),
        ("hours", Rank.OTHER),
        ("paid", Rank.OTHER),
        ("client_id", Rank.REFERENCE),
        ("avatar_url", Rank.REFERENCE),
    ],
)
def test_a_key_and_names_come_before_what_refers_to_a_thing_that_is_named(name: str, expected: Rank) -> None:
    assert rank(name, first=False, constant=False) is expected
    assert rank(name, first=True, constant=False) is Rank.KEY
    for first in (True, False):
        assert rank(name, first=first, constant=True) is (Rank.KEY if name == "id" else Rank.CONSTANT)


def test_room_goes_to_the_column_that_would_need_the_most_lines() -> None:
    assert fitted([Column(16, 8), Column(100, 8)], 59) == {0: 16, 1: 40}
