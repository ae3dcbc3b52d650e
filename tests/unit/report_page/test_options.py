"""The days that a report needs, and the client or person that it is of."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.errors import QueryError
from harvest_duck.report_page.model import Choice, Period
from harvest_duck.report_page.options import Options, chosen

TODAY = date(2026, 11, 20)
CLIENTS = (
    Choice(id=7, name="Ada & Söhne"),
    Choice(id=8, name="9"),
    Choice(id=9, name="Twin"),
    Choice(id=10, name="twin"),
)


def test_a_report_is_of_the_year_so_far() -> None:
    options = Options.of(TODAY)
    assert options == Options(Period(date(2026, 1, 1), TODAY), TODAY)
    assert options.before == Period(date(2025, 2, 11), date(2025, 12, 31))
    assert options.last_year == Period(date(2025, 1, 1), date(2025, 11, 20))
    assert options.year == Period(date(2025, 11, 21), TODAY)
    assert options.needed == Period(date(2025, 1, 1), date(2026, 12, 31))


def test_the_year_is_that_of_the_last_day() -> None:
    assert Options.of(TODAY, to_date="2025-03-31").period == Period(date(2025, 1, 1), date(2025, 3, 31))
    assert Options.of(TODAY, as_of="2025-03-31").period == Period(date(2025, 1, 1), date(2025, 3, 31))
    assert Options.of(TODAY, from_date=datetime(2026, 11, 1, 9)).period.first == date(2026, 11, 1)  # noqa: DTZ001


@pytest.mark.parametrize("value", ["20260101", "2026-02-29", "yesterday", "0001-01-01", "9999-12-31", "2026-01-01\n"])
def test_what_is_no_day_is_an_error_of_one_line(value: str) -> None:
    with pytest.raises(QueryError, match=r"^from_date of a report is .+$"):
        Options.of(TODAY, from_date=value)


def test_a_period_does_not_end_before_it_begins() -> None:
    with pytest.raises(QueryError, match="ends on 2026-11-20, before 2026-11-21"):
        Options.of(TODAY, from_date="2026-11-21")


@given(st.dates(date(1999, 1, 1), date(2190, 1, 1)), st.integers(0, 800), st.integers(-800, 800))
def test_the_days_needed_hold_all_that_is_told(first: date, length: int, later: int) -> None:
    options = Options.of(first + timedelta(length + later), from_date=first, to_date=first + timedelta(length))
    before, needed = options.before, options.needed
    assert before.last - before.first == timedelta(length)
    assert before.last + timedelta(1) == first
    assert options.last_year.first <= options.last_year.last
    for week_starts in ("Monday", "Sunday", "Saturday"):
        weeks = options.weeks(week_starts)
        assert f"{weeks.first:%A}" == week_starts
        assert timedelta(21) <= weeks.last - weeks.first <= timedelta(27)
        for part in (options.period, before, options.last_year, options.year, weeks):
            assert needed.first <= part.first <= part.last <= needed.last
            assert (
                options.days_off.first
                <= part.first - timedelta(366)
                <= part.last + timedelta(366)
                <= options.days_off.last
            )


def test_what_is_needed_is_the_same_all_year() -> None:
    needed = {Options.of(date(2026, month, 28)).needed for month in range(1, 13)}
    days_off = {Options.of(date(2026, month, 28)).days_off for month in range(1, 13)}
    assert (len(needed), len(days_off)) == (1, 1)


def test_29_february_is_the_28th_a_year_earlier() -> None:
    options = Options.of(date(2024, 2, 29))
    assert options.last_year == Period(date(2023, 1, 1), date(2023, 2, 28))
    assert Options.of(date(2024, 3, 1), from_date="2024-02-29").last_year.first == date(2023, 2, 28)


def test_a_client_is_chosen_by_id_or_by_its_whole_name() -> None:
    assert chosen("client", None, CLIENTS) is None
    assert chosen("client", 7, CLIENTS) == chosen("client", "7", CLIENTS) == chosen("client", "ADA & söhne", CLIENTS)
    assert chosen("client", "9", CLIENTS) == CLIENTS[2]


def test_what_is_unknown_or_ambiguous_is_an_error_of_one_line() -> None:
    with pytest.raises(QueryError, match=r"^the report knows no client Ada & Sons: did you mean Ada & Söhne[?]$"):
        chosen("client", "Ada & Sons", CLIENTS)
    with pytest.raises(QueryError, match=r"^the report knows no client söhn: did you mean Ada & Söhne[?]$"):
        chosen("client", "söhn", CLIENTS)
    with pytest.raises(QueryError, match=r"^the report knows no person x y: give the name or id of a person$"):
        chosen("person", "x\ny", ())
    with pytest.raises(
        QueryError, match=r"^the report knows 2 of the name Twin: give the id of one client, such as 9, 10$"
    ):
        chosen("client", "Twin", CLIENTS)
