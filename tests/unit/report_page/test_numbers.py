from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from harvest_duck.report_page.model import Period
from harvest_duck.report_page.numbers import Numbers, days, full_day, short_day

ENGLISH = Numbers(",", ".")


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("0", "0"),
        ("999.5", "1,000"),
        ("1000", "1.0k"),
        ("9949", "9.9k"),
        ("9950", "10k"),
        ("563979.5", "564k"),
        ("999499", "999k"),
        ("999500", "1.00m"),
        ("-27280", "\u221227k"),
        ("5640000000", "5,640m"),
    ],
)
def test_large_numbers_are_short(value: str, short: str) -> None:
    assert ENGLISH.short(Decimal(value)) == short


def test_separators_are_those_given_and_halves_are_rounded_up() -> None:
    german, spaced, none = Numbers(".", ","), Numbers(" ", ","), Numbers("", ".")
    assert german.cents(Decimal("-1234567.125")) == "\u22121.234.567,13"
    assert spaced.hours(Decimal("1234.55")) == "1\u00a0234,6"
    assert none.number(1234567) == "1234567"
    assert ENGLISH.percent(Decimal("0.70449"), 1) == "70.4\u00a0%"
    assert ENGLISH.number(Decimal("-0.4")) == "0"


def test_what_is_not_known_is_a_dash() -> None:
    for written in (ENGLISH.number, ENGLISH.hours, ENGLISH.cents, ENGLISH.percent, ENGLISH.short, short_day, full_day):
        assert written(None) == "\u2013"
    assert ENGLISH.money(None, "USD") == "USD\u00a0\u2013"


def test_a_period_says_its_year_once_where_it_has_one() -> None:
    last = date(2026, 11, 20)
    assert days(Period(date(2026, 1, 1), last)) == "1\u00a0January to 20\u00a0November 2026"
    assert days(Period(date(2025, 12, 29), last)) == "29\u00a0December 2025 to 20\u00a0November 2026"
    assert days(Period(last, last)) == "20\u00a0November 2026"
    assert short_day(last) == "20\u00a0Nov"
