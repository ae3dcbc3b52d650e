"""What the live report says while it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harvest_duck.servers.report.words import age_of, reading


def scan(left: int | None) -> dict[str, Any]:
    """A row of `harvest_duck.progress`."""
    return {"table_name": "clients", "requests": 2, "requests_left": left, "records": 9, "left_s": 4.0, "waits_s": 0.0}


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ([], "Harvest is being asked."),
        ([None], "Harvest is being asked. clients: 9 records by 2 requests."),
        ([1], "Harvest is being asked: 1 request is left. clients: 9 records, 2 of 3 requests, 4 s left."),
        ([0, 3, None], "Harvest is being asked: at least 3 requests are left. clients"),
        ([2, 3], "Harvest is being asked: 5 requests are left. clients"),
    ],
)
def test_a_reading_says_how_many_requests_are_left(left: list[int | None], said: str) -> None:
    assert reading([scan(each) for each in left]).startswith(said)


def test_figures_say_how_old_they_are() -> None:
    said = age_of(datetime.now(UTC) - timedelta(hours=2, minutes=5))
    assert said.startswith("read 2 h ago, on 20")
