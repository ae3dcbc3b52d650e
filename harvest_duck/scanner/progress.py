"""How far a scan is, and how long it takes at least until it is done: requests counted against those that are to come.

The time that is left is no guess from the speed so far: Harvest's rate limit says when the last request can go. It is
unknown for as long as it is not known how many requests there will be, as with the children of parents that are still
read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

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
    ]
)


@dataclass(slots=True)
class Progress:
    """One scan that is under way; `began_s` is the time of its first request, by the clock of its client.

    `answered` are the requests that have an answer, `records` those that came with them; `took_s` is the time that all
    answers took together.
    """

    table: str
    answered: int = 0
    records: int = 0
    took_s: float = 0.0
    began_s: float | None = None
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
        """Note that the first page of a list has come, which so many further ones follow."""
        self.waiting = max(0, self.waiting - 1)
        self._expected += pages

    def came(self, records: int, took_s: float) -> None:
        """Note an answer."""
        self.answered += 1
        self.records += records
        self.took_s += took_s

    @property
    def left(self) -> int | None:
        """How many requests are still to be answered; None where that is not known yet."""
        known = self._asked and not self.planning and not self.waiting
        return self._expected - self.answered if known else None

    def row(self, number: int, now_s: float, earliest_s: Callable[[int], float], *, window: int) -> dict[str, Any]:
        """A row of `PROGRESS`; `earliest_s` tells in how many seconds the last of so many further requests can go."""
        left_s = None
        if self.left is not None:
            each_s = self.took_s / self.answered if self.answered else 0.0
            travelling = self._asked - self.answered
            left_s = max(earliest_s(self.left - travelling) + each_s, self.left * each_s / window) if self.left else 0.0
        return {
            "scan": number,
            "table_name": self.table,
            "requests": self.answered,
            "requests_left": self.left,
            "records": self.records,
            "elapsed_s": 0.0 if self.began_s is None else now_s - self.began_s,
            "left_s": left_s,
        }
