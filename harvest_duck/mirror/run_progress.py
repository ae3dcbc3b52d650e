"""The progress of a run: how many tables, requests and rows are done, and how long the rest takes at least."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.mirror.model import SyncProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harvest_duck.mirror.table_plan import TablePlan
    from harvest_duck.scanner.table_reader import TableReader

#: Seconds between two reports within one table.
_OFTEN_S = 0.1


@dataclass(slots=True)
class RunProgress:
    """Reports to `tell` as batches come; `reader` is set before the first of them."""

    tell: Callable[[SyncProgress], None] | None
    reader: TableReader | None = None
    _table: str = "me"
    _done: int = 0
    _total: int = 0
    _expected: int | None = 0
    _began_s: float = field(default_factory=time.monotonic)
    _told_s: float = 0.0

    def plan(self, plans: Iterable[TablePlan]) -> None:
        """Note the plans of further tables."""
        for each in plans:
            self._total += 1
            known = self._expected is not None and each.requests is not None
            self._expected = (self._expected or 0) + (each.requests or 0) if known else None

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
        self._told_s = time.monotonic()
        elapsed_s = self._told_s - self._began_s
        scan = self.reader.progress() or {}
        self.tell(
            SyncProgress(
                self._table,
                self._done,
                self._total,
                self.reader.requests,
                self._expected,
                self.reader.rows,
                elapsed_s,
                self._left_s(elapsed_s, scan.get("left_s")),
                scan.get("waits_s") or 0.0,
            )
        )

    def _left_s(self, elapsed_s: float, scan_s: float | None) -> float | None:
        """Return the seconds that the rest takes, at the pace so far, and what the scan knows of itself at least."""
        if self._expected is None or self.reader is None or not self.reader.requests:
            return None
        left = max(0, self._expected - self.reader.requests)
        return max(scan_s or 0.0, left * elapsed_s / self.reader.requests)
