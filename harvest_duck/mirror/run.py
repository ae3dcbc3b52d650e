"""One run of a sync: the copy that it changes, the reader that it asks Harvest by, and what it has found so far."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harvest_duck.errors import DeletesRefused
from harvest_duck.mirror.embedded_rows import embedded_rows
from harvest_duck.mirror.model import Changes, TableResult
from harvest_duck.mirror.tables import Kind
from harvest_duck.text import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    import pyarrow as pa
    import pyarrow.compute as pc

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.table_plan import Depth
    from harvest_duck.mirror.tables import MirroredTable
    from harvest_duck.mirror.working_copy import Applied, WorkingCopy
    from harvest_duck.scanner.table_reader import ReadRows, TableReader

#: More than this part of a table, and more than so many records, may not vanish unless somebody agrees.
_MOST_DELETED = 0.05
_FEW = 10


@dataclass(slots=True)
class Tally:
    """The rows of a table that the copy had before the run, the requests that the run sent, and the rows that came."""

    held: int = 0
    requests: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class TableOutcome:
    """How one table was read, and as of when its ids are proven; where they are not, the note says why."""

    table: str
    method: str
    proven_at: datetime | None = None
    note: str = ""
    readable: bool = True


@dataclass(slots=True)
class Run:
    """One run: `tables` are those that the copy is to hold, `named` says whether a person chose them.

    `read_before` has what was read before the tables have their turn. `changed` has the ids of the records of each
    table that are new or changed, for what depends on them; `unproven` the tables whose ids the run does not prove;
    `rerated` the projects with another rate; `absent` the modules that the account lacks.
    """

    copy: WorkingCopy
    reader: TableReader
    tables: Sequence[MirroredTable]
    depth: Depth
    accept_deletes: bool
    named: bool
    started_at: datetime
    #: Everything that was saved before it is in what the run reads.
    horizon: datetime
    read_before: dict[str, ReadRows] = field(default_factory=dict)
    unproven: set[str] = field(default_factory=set)
    rerated: set[int] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    changed: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    @property
    def calls_deleted(self) -> bool:
        """Whether the run called any record deleted."""
        return not self.depth.other_rights and any(each.deleted for each in self.copy.changes.values())

    def embedded_in(self, table: Table) -> list[Table]:
        """Return the tables of the copy whose rows are in the records of `table`."""
        return [each.table for each in self.tables if each.kind is Kind.EMBEDDED and each.source == table.name]

    def embedded(self, table: Table, around: ReadRows) -> pa.Table:
        """Return the rows of an embedded table in the records that came."""
        rows = embedded_rows(table, around.rows)
        self.tallies[table.name].rows += rows.num_rows
        return rows

    def read(self, table: Table, keep: pc.Expression | None = None) -> ReadRows:
        """Return the rows of which `keep` is true, with their texts where other tables are embedded in them."""
        before = self.read_before.pop(table.name, None) if keep is None else None
        found = before or self.reader.read(replace(table, raw=bool(self.embedded_in(table))), keep)
        tally = self.tallies[table.name]
        tally.requests += found.requests
        tally.rows += found.rows.num_rows
        return found

    def count(self, table: Table, keep: pc.Expression | None = None) -> tuple[int, datetime]:
        """Return the number of rows of which `keep` is true, and the moment of that."""
        found = self.reader.count(table, keep)
        self.tallies[table.name].requests += found.requests
        return found.rows, found.horizon

    def apply(self, table: Table, read: ReadRows) -> Applied:
        """Replace those rows of the copy that came, and what is embedded in them; inside a transaction of the copy."""
        rows = read.rows.select([column.name for column in replace(table, raw=False).columns])
        self.copy.create(table)
        applied = self.copy.apply(table, rows)
        for embedded in self.embedded_in(table):
            found = self.embedded(embedded, read)
            self.replace_within(embedded, found, _owner(embedded), rows["id"].to_pylist(), read.horizon)
        self.note(table, applied)
        return applied

    def replace_all(self, table: Table, read: ReadRows) -> Applied:
        """Replace all rows of the copy by those that came, as `apply` does."""
        rows = read.rows.select([column.name for column in replace(table, raw=False).columns])
        for embedded in self.embedded_in(table):
            self.replace_within(embedded, self.embedded(embedded, read), None, None, read.horizon)
        applied = self.replace_within(table, rows, None, None, read.horizon)
        self.refuse_deletes(table)
        return applied

    def replace_within(
        self, table: Table, rows: pa.Table, column: str | None, values: Sequence[int] | None, at: datetime
    ) -> Applied:
        """Replace the rows in which `column` has one of the values; inside a transaction of the copy."""
        self.copy.create(table)
        tombstones = not self.depth.other_rights
        applied = self.copy.replace_within(table, rows, column, values, seen_at=at, tombstones=tombstones)
        self.note(table, applied)
        return applied

    def bury(self, table: Table, ids: Collection[int], at: datetime) -> None:
        """Move records to the schema `deleted`, with what belongs to them; raise `DeletesRefused` for too many."""
        self.copy.bury(table, sorted(ids), seen_at=at, tombstones=not self.depth.other_rights)
        self.refuse_deletes(table)

    def note(self, table: Table, applied: Applied) -> None:
        """Remember the ids of what is new or changed, for what depends on it."""
        if table.identity is not None and table.items is None:
            self.changed[table.name].update(applied.new_ids.to_pylist(), applied.changed_ids.to_pylist())

    def refuse_deletes(self, table: Table, gone: int | None = None) -> None:
        """Raise `DeletesRefused` if more of a table is gone than may vanish without a person's agreement.

        `gone` is the number of its rows that are, by default all that the run deleted.
        """
        held = self.tallies[table.name].held
        gone = self.copy.changes.get(table.name, Changes()).deleted if gone is None else gone
        agreed = self.accept_deletes or self.depth.other_rights or not held
        if agreed or gone <= max(_FEW, _MOST_DELETED * held):
            return
        raise DeletesRefused(
            f"{table.name}: {gone:,} of {held:,} records are gone at Harvest, more than 5 %, and the copy was left as "
            "it was: sync with --accept-deletes (accept_deletes=True) if that is right"
        )

    def watermark(self, table: Table) -> datetime:
        """Return the moment before which every change of a table is in the copy."""
        found = self.copy.proofs()[table.name].watermark
        assert found is not None  # noqa: S101 - the plan reads a table without one by a first copy
        return found

    def result(self, outcome: TableOutcome) -> TableResult:
        """Return what the run did with a table, at its end: what happens to others may change rows of it, too."""
        table = outcome.table
        tally, changes = self.tallies[table], self.copy.changes.get(table, Changes())
        return TableResult(
            table,
            outcome.method,
            tally.requests,
            tally.rows,
            changes.inserted,
            changes.changed,
            changes.deleted,
            outcome.proven_at,
            shortened(outcome.note, 200),
            outcome.readable,
        )


def _owner(embedded: Table) -> str:
    """Return the column of an embedded table with the id of the record around each row."""
    identity = embedded.identity
    assert identity is not None  # noqa: S101 - every embedded table has one
    return identity.name
