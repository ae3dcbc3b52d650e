"""The children of records, such as the payments of an invoice: read by parent, some parents at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from harvest_duck.mirror.turns import Family
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.catalog.model import Parent
    from harvest_duck.mirror.run import Run
    from harvest_duck.mirror.run_records import RunRecords
    from harvest_duck.mirror.tables import MirroredTable
    from harvest_duck.mirror.working_copy import WorkingCopy

#: The parents whose children are saved at once.
_TOGETHER = 50
#: What belongs to a document stays. Of a person only what holds now is listed: no project that was archived, for one.
_DOCUMENTS = ("invoices", "estimates")


def family(copy: WorkingCopy, records: RunRecords, mirrored: MirroredTable) -> Family:
    """Return the parents that the copy holds, with when the children of each in the table were last read."""
    read_at = records.parents_read(mirrored.name)
    return Family(mirrored.name, {each: read_at.get(each) for each in _parents(copy, _parent(mirrored))}, mirrored.turn)


def read_children(run: Run, mirrored: MirroredTable, parents: Sequence[int]) -> None:
    """Replace the children of `parents` by those that Harvest has, so many parents at a time.

    Raises `DeletesRefused` if too many are gone whose parents are there.
    """
    gone = 0
    for start in range(0, len(parents), _TOGETHER):
        gone = _read_some(run, mirrored, parents[start : start + _TOGETHER], gone)


def oldest_read(run: Run, mirrored: MirroredTable) -> datetime | None:
    """Return the moment as of which the children of every parent are known, None where some were never read."""
    read_at = family(run.copy, run.copy, mirrored).read_at.values()
    known = [at for at in read_at if at is not None]
    return min(known, default=datetime.now(UTC)) if len(known) == len(read_at) else None


def _read_some(run: Run, mirrored: MirroredTable, parents: Sequence[int], gone: int) -> int:
    """Replace the children of some parents, and return how many are gone with the `gone` of those before."""
    table, column = mirrored.table, _parent(mirrored).param
    read = run.read(table, pc.field(column).isin(list(parents)))
    rows = read.rows.select([each.name for each in table.columns])
    with run.copy.transaction():
        for embedded in run.embedded_in(table):
            run.replace_within(embedded, run.embedded(embedded, read), column, parents, read.horizon)
        gone += run.replace_within(table, rows, column, parents, read.horizon).changes.deleted
        if mirrored.source in _DOCUMENTS:
            run.refuse_deletes(table, gone)
        run.copy.set_parents_read(table.name, parents, read.horizon)
    return gone


def _parents(copy: WorkingCopy, parent: Parent) -> list[int]:
    """Return the ids of the records of the copy that can have children."""
    names = ", ".join(identifier(name) for name in parent.read)
    query = f"SELECT {names} FROM copy.main.{identifier(parent.table)}"
    records = [dict(zip(parent.read, row, strict=True)) for row in copy.run(query)]
    return sorted(each[parent.column] for each in records if parent.has_children(each))


def _parent(mirrored: MirroredTable) -> Parent:
    parent = mirrored.table.parent
    assert parent is not None  # noqa: S101 - only asked for tables of children
    return parent
