"""Time Rounding: up, to the nearest, and none, by 6, 15 and 30 minutes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox
from harvest_duck.sandbox.data.time_rounding import Rounding, TimeRounding


@pytest.mark.parametrize(
    ("minutes", "hours", "expected"),
    [
        *((15, "0.0", "0.0"), (15, "0.02", "0.25"), (15, "0.25", "0.25"), (15, "0.26", "0.5"), (15, "0.33", "0.5")),
        *((15, "7.92", "8.0"), (15, "8.0", "8.0"), (6, "0.02", "0.1"), (6, "0.33", "0.4"), (6, "1.2", "1.2")),
        *((30, "0.02", "0.5"), (30, "0.5", "0.5"), (30, "7.51", "8.0")),
    ],
)
def test_up(minutes: int, hours: str, expected: str) -> None:
    assert str(TimeRounding(Rounding.UP, minutes).rounded(Decimal(hours))) == expected


@pytest.mark.parametrize(
    ("minutes", "hours", "expected"),
    [
        *((15, "0.02", "0.0"), (15, "0.12", "0.0"), (15, "0.125", "0.25"), (15, "0.13", "0.25"), (15, "0.33", "0.25")),
        *((15, "0.38", "0.5"), (15, "7.92", "8.0"), (6, "0.05", "0.1"), (6, "0.04", "0.0"), (6, "0.33", "0.3")),
        *((30, "0.25", "0.5"), (30, "0.24", "0.0"), (30, "7.75", "8.0")),
    ],
)
def test_to_the_nearest_and_halves_up(minutes: int, hours: str, expected: str) -> None:
    assert str(TimeRounding(Rounding.NEAREST, minutes).rounded(Decimal(hours))) == expected


@pytest.mark.parametrize("hours", ["0.02", "0.33", "7.92"])
def test_none_leaves_the_hours(hours: str) -> None:
    assert TimeRounding().rounded(Decimal(hours)) == Decimal(hours)


def test_other_minutes_are_refused() -> None:
    with pytest.raises(ValueError, match="6, 15 or 30 minutes, not to 10"):
        TimeRounding(Rounding.UP, 10)


def test_one_account_rounds_up_to_quarters_and_the_other_does_not(harvest: Sandbox) -> None:
    for entry in harvest.records(MAIN_ID, "time_entries"):
        assert 0 <= entry["rounded_hours"] - entry["hours"] < Decimal("0.25"), entry
        assert entry["rounded_hours"] % Decimal("0.25") == 0, entry
    assert all(entry["rounded_hours"] == entry["hours"] for entry in harvest.records(EURO_ID, "time_entries"))
