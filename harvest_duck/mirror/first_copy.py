"""The first copy of a dated list: ranges of days, newest first, each of them saved with the note that it is done.

Killed at any moment, the next run goes on after the last range that was saved. What moved between two ranges while they
were read was updated since the first request, so the sync that follows finds it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from harvest_duck.mirror.list_protocol import SMALL_PAGES
from harvest_duck.mirror.list_sync import within
from harvest_duck.mirror.periods import next_first_copy_period

if TYPE_CHECKING:
    from datetime import datetime

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.run import Run


def first_copy(run: Run, table: Table, page_size: int) -> datetime | None:
    """Read a list that the copy does not have, or has a part of, and return the watermark; None for a short list.

    The watermark is the moment of the first request of the run that began it. A short list is to be read whole.
    """
    proof = run.copy.proofs().get(table.name)
    began = None if proof is None else proof.watermark
    total, counted_at = run.count(table)
    if began is None:
        if total <= SMALL_PAGES * page_size:
            return None
        began = counted_at
        with run.copy.transaction():
            run.copy.create(table)
            run.copy.set_proof(table.name, watermark=began)
    _read_periods(run, table, total, page_size)
    return began


def _read_periods(run: Run, table: Table, total: int, page_size: int) -> None:
    """Read the ranges of days that are left of a list of `total` records, each in a transaction of the copy."""
    while True:
        done = run.copy.periods(table.name)
        by_day = run.copy.counts_by_day(table)
        left = max(0, total - sum(by_day.values()))
        period = next_first_copy_period(done, by_day, left=left, today=date.today(), page_size=page_size)  # noqa: DTZ011
        if period is None:
            return
        read = run.read(table, within(table, period))
        with run.copy.transaction():
            run.apply(table, read)
            run.copy.set_period(table.name, period, read.horizon)
