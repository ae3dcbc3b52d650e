"""The progress of scans: the requests that were answered, those that are to come, and the time that they take at least.

The time left is not extrapolated from the speed so far: Harvest's rate limit says when the last request can go. It is
unknown until the number of requests is known, as with the children of parents that are still being read.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The columns of `progress()`.
PROGRESS = pa.schema(
    [
        ("scan", pa.int64()),
        ("table_name", pa.string()),
        ("requests", pa.int64()),
        ("requests_left", pa.int64()),
        ("records", pa.int64()),
        ("elapsed_s", pa.float64()),
        ("left_s", pa.float64()),
        ("waits_s", pa.float64()),
    ]
)


@dataclass(slots=True)
class Progress:
    """The progress of one scan; `began_s` is the time of its first request, by the clock of its client.

    `answered` counts the requests that have an answer, `records` the records that came with them; `took_s` is the sum
    of the times that the answers took.
    """

    table: str
    answered: int = 0
    records: int = 0
    took_s: float = 0.0
    began_s: float | None = None
    #: Until when no request goes out, because what changed a moment ago cannot be told from what is new.
    waits_until_s: float | None = None
    #: How many plans may still have further lists, and how many lists there are of which no page has come.
    planning: int = 0
    waiting: int = 0
    _asked: int = 0
    _expected: int = 0

    def asks(self, now_s: float) -> None:
        """Note that a request is to go out."""
        self.began_s = now_s if self.began_s is None else self.began_s
        self._asked += 1
        self._expected = max(self._expected, self._asked)

    def begins(self, pages: int) -> None:
        """Note that the first page of a list has come, and that so many further ones follow."""
        self.waiting = max(0, self.waiting - 1)
        self._expected += pages

    def came(self, records: int, took_s: float) -> None:
        """Note an answer with so many records."""
        self.answered += 1
        self.records += records
        self.took_s += took_s

    @contextmanager
    def waits(self, until_s: float) -> Iterator[None]:
        """Tell, while the context is open, that no request goes out until a moment."""
        self.waits_until_s = until_s
        try:
            yield
        finally:
            self.waits_until_s = None

    @property
    def left(self) -> int | None:
        """The number of requests without an answer; None where it is not known yet."""
        known = self._asked and not self.planning and not self.waiting
        return self._expected - self.answered if known else None

    def row(
        self, number: int, now_s: float, earliest_s: Callable[[int], float], *, max_in_flight: int
    ) -> dict[str, Any]:
        """Return a row of `PROGRESS`; `earliest_s(n)` is the seconds until the last of n further requests can go."""
        left, left_s = self.left, None
        waits_s = 0.0 if self.waits_until_s is None else max(0.0, self.waits_until_s - now_s)
        if left is not None:
            each_s = self.took_s / self.answered if self.answered else 0.0
            in_flight = self._asked - self.answered
            left_s = max(earliest_s(left - in_flight) + each_s, left * each_s / max_in_flight) if left else 0.0
            left_s += waits_s
        return {
            "scan": number,
            "table_name": self.table,
            "requests": self.answered,
            "requests_left": left,
            "records": self.records,
            "elapsed_s": 0.0 if self.began_s is None else now_s - self.began_s,
            "left_s": left_s,
            "waits_s": waits_s,
        }


class RunningScans:
    """The scans of one connection of DuckDB that are under way."""

    def __init__(self) -> None:
        self._rows: dict[int, Callable[[], dict[str, Any]]] = {}

    @contextmanager
    def running(self, number: int, row: Callable[[], dict[str, Any]]) -> Iterator[None]:
        """Include the scan of that number while the context is open; `row` returns its row of `PROGRESS`."""
        self._rows[number] = row
        try:
            yield
        finally:
            del self._rows[number]

    async def rows(self) -> list[dict[str, Any]]:
        """Return a row of `PROGRESS` for each scan; runs on the event loop."""
        return [row() for row in self._rows.values()]
