"""The progress of a run: how many tables, requests and rows are done, and how long the rest takes at least."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.mirror.model import SyncProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harvest_duck.mirror.table_plan import TablePlan
    from harvest_duck.scanner.table_reader import TableReader

#: Seconds between two reports within one table.
_OFTEN_S = 0.1


@dataclass(slots=True)
class RunProgress:
    """Reports to `tell` as batches come; `reader` is set before the first, and `tables` is how many there are."""

    tell: Callable[[SyncProgress], None] | None
    reader: TableReader | None = None
    tables: int = 0
    _table: str = "me"
    _done: int = 0
    _expected: int | None = None
    _began_s: float = field(default_factory=time.monotonic)
    _told_s: float = 0.0
    _waits_s: float = 0.0
    _waited_s: float = 0.0

    def plan(self, plans: Sequence[TablePlan]) -> None:
        """Note the plans of the next tables: what is expected is what was sent, and what these take."""
        known = [each.requests for each in plans if each.requests is not None]
        sent = self.reader.requests if self.reader is not None else 0
        self._expected = sent + sum(known) if len(known) == len(plans) else None

    def begin(self, table: str) -> None:
        """Note that a table is being read now."""
        self._table = table
        self._tell()

    def end(self) -> None:
        """Note that a table is done."""
        self._done += 1

    def batch(self) -> None:
        """Report, unless it was done a moment ago."""
        if time.monotonic() - self._told_s >= _OFTEN_S:
            self._tell()

    def _tell(self) -> None:
        if self.tell is None or self.reader is None:
            return
        now_s, sent, scan = time.monotonic(), self.reader.requests, self.reader.progress() or {}
        if self._waits_s:
            self._waited_s += now_s - self._told_s
        # A scan without a further request waits for none.
        limit_s = 0.0 if scan.get("requests_left", 0) == 0 else scan["limit_s"]
        self._told_s, self._waits_s = now_s, max(scan.get("waits_s", 0.0), limit_s)
        elapsed_s = now_s - self._began_s
        expected = None if self._expected is None else max(self._expected, sent)
        left_s = None if expected is None else self._left_s(expected - sent, elapsed_s)
        done = (self._table, self._done, self.tables, sent, expected, self.reader.rows)
        self.tell(SyncProgress(*done, elapsed_s, left_s, self._waits_s))

    def _left_s(self, requests: int, elapsed_s: float) -> float:
        """Return the seconds that so many further requests take, at the pace so far and within the rate limit at least.

        The limit lets a whole number of requests go at once. What was waited for it tells nothing of the pace.
        """
        assert self.reader is not None  # noqa: S101 - only asked where there is one
        left_s = requests * (elapsed_s - self._waited_s) / max(1, self.reader.requests)
        limit = self.reader.settings.rate_limit
        if limit is not None:
            left_s = max(left_s, (requests - limit.requests) * limit.window_s / limit.requests)
        return left_s + self._waits_s if requests else 0.0
