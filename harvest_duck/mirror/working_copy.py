"""The file of a copy while a run works on it: rows are compared, replaced and moved away within transactions.

It is attached to a DuckDB in memory of its own, where the rows that arrive are staged. A transaction that fails leaves
nothing; what a run did up to it stays. `publication` opens the file and gives it to the readers.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror import definitions, row_changes
from harvest_duck.mirror.definitions import deleted, main
from harvest_duck.mirror.model import Changes
from harvest_duck.mirror.run_records import RunRecords
from harvest_duck.mirror.versions import Versions
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    import pyarrow as pa

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.periods import Period
    from harvest_duck.mirror.row_changes import Update


@dataclass(frozen=True, slots=True)
class Applied:
    """What a step did to a table: `new_ids` are of records that it did not have, `changed_ids` of those that differ.

    An id is that of a record in its list: for the rows of an array inside a record it is the record's.
    """

    changes: Changes
    new_ids: pa.Array
    changed_ids: pa.Array


class WorkingCopy(RunRecords):
    """The attached file; what changes it has to happen in a `transaction`."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        super().__init__(con)
        #: What all transactions so far changed, by table.
        self.changes: dict[str, Changes] = {}
        #: Whether any transaction so far changed what readers see.
        self.changed_rows = False
        self._tables = self._held_tables()
        self.versions = Versions(self)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context whose changes are kept together at its end, or none of them after an error."""
        before = dict(self.changes), self.changed_rows, self._tables
        self.run("BEGIN TRANSACTION")
        try:
            yield
            self.before_commit()
            self.run("COMMIT")
        except BaseException:
            self.changes, self.changed_rows, self._tables = before
            with suppress(duckdb.Error):
                self.run("ROLLBACK")
            raise

    def before_commit(self) -> None:
        """Prepare the end of a transaction."""

    def has_table(self, name: str) -> bool:
        """Whether the file has a table."""
        return name in self._tables

    def create(self, table: Table) -> None:
        """Make a table, with one for its deleted rows; does nothing where the file has it."""
        if not self.has_table(table.name):
            self._define(definitions.tables(table))
            self._tables |= {table.name}
            self.set_proof(table.name, columns=definitions.signature(table))

    def signature(self, name: str) -> str:
        """Return the columns of a table of the catalog, for `set_proof(name, columns=…)` when all was read."""
        return definitions.signature(TABLES[name])

    def foreign(self) -> list[str]:
        """Return the tables of the catalog that another program made, dropped or replaced, in the catalog's order."""
        rows = self.run(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = $1 AND schema_name IN ('main', 'deleted') "
            "UNION ALL "
            "SELECT view_name FROM duckdb_views() WHERE database_name = $1 AND schema_name IN ('main', 'deleted')",
            [definitions.CATALOG],
        )
        there, made = {name for (name,) in rows}, self.proofs().keys()
        return [name for name in TABLES if not (name in there) == (name in made) == self.has_table(name)]

    def bring_up_to_date(self) -> None:
        """Give each table that has others the columns of the catalog, in a transaction of its own."""
        wanted = self._wanted_columns()
        other = {name: types for name, types in self._held_columns().items() if [*types.items()] != wanted[name]}
        if other:
            with self.transaction():
                for name, types in other.items():
                    kept = {column for column, kind in wanted[name] if types.get(column) == kind}
                    self._define(definitions.rebuilt(TABLES[name], kept))
                    if name in self.versions.tables:
                        self._define(definitions.rebuilt_history(TABLES[name], kept))

    def drop(self, name: str) -> None:
        """Remove a table with its deleted rows, and forget what was read of it."""
        self.run(f"DROP TABLE {main(name)}")
        self.run(f"DROP TABLE {deleted(name)}")
        self.versions.drop(name)
        self._tables -= {name}
        self.changes.pop(name, None)
        self.changed_rows = True
        self.forget(name)

    def start_over(self) -> None:
        """Remove all tables, and forget what was read."""
        for name in self._tables:
            self.run(f"DROP TABLE {main(name)}")
            self.run(f"DROP TABLE IF EXISTS {deleted(name)}")
            self.versions.drop(name)
        self._tables = frozenset()
        self.changed_rows = True
        self.forget_all()

    def keep_history(self, started_at: datetime, *, wanted: bool | None = None) -> None:
        """Begin a run that keeps earlier versions of what it changes, or does not; None leaves that as it was."""
        if wanted is not None and wanted != self.versions.kept:
            self.changed_rows = True
            if wanted:
                self.versions.begin_history()
            else:
                self.versions.end_history()
        self.versions.begin_run(started_at)

    def end_history(self) -> None:
        """End a run, for the history."""
        began = self.versions.end_run(self._tables, [name for name, changes in self.changes.items() if changes])
        self.changed_rows = self.changed_rows or began

    def apply(self, table: Table, rows: pa.Table) -> Applied:
        """Put rows in place of those with their keys, and return what changed.

        Rows that are equal in every column stay as they are. Of several rows with the same key the last one counts. A
        row that was gone and came again is no longer among the deleted ones.
        """
        rows = row_changes.latest(table, rows)
        single = table.key[0] if len(table.key) == 1 else None
        if not rows.num_rows or (
            single and row_changes.are_held(self.con, table, rows, single, rows[single].to_pylist())
        ):
            return Applied(*row_changes.NOTHING)
        row_changes.stage(self.con, table, rows)
        return self._replaced(table)

    def replace_within(
        self,
        table: Table,
        rows: pa.Table,
        column: str | None = None,
        values: Sequence[int] | None = None,
        *,
        seen_at: datetime,
        tombstones: bool = True,
    ) -> Applied:
        """Apply rows that are all where `column` is in `values`, or all of the table, and return what changed.

        Rows that are held there and did not come move to the deleted ones, or vanish without `tombstones`. A table
        without a key, and one of a single record, never has deleted ones.
        """
        rows = row_changes.latest(table, rows)
        if row_changes.are_held(self.con, table, rows, column, values):
            return Applied(*row_changes.NOTHING)
        row_changes.stage(self.con, table, rows)
        if not table.key:
            changes = row_changes.replace_all(self.con, table, column, values, self.versions)
            self._count(table.name, changes)
            return Applied(changes, *row_changes.NOTHING[1:])
        missing = row_changes.mark_missing(self.con, table, column, values)
        applied = self._replaced(table)
        single = table.body_key is None and table.parent is None
        gone = self._move(table, seen_at if tombstones and not single else None) if missing else 0
        return Applied(applied.changes + Changes(deleted=gone), applied.new_ids, applied.changed_ids)

    def bury(self, table: Table, ids: Sequence[int], *, seen_at: datetime, tombstones: bool = True) -> int:
        """Move the rows of records, with the rows that go with them, to the deleted ones; return how many of `table`.

        Without `tombstones` they vanish.
        """
        marked = row_changes.mark_ids(self.con, table, ids)
        return self._move(table, seen_at if tombstones else None) if marked else 0

    def update(self, table: Table, how: Update) -> int:
        """Run an UPDATE of a table, and return how many rows it changed."""
        changed = row_changes.update(self.con, table, how, self.versions)
        self._count(table.name, Changes(changed=changed))
        return changed

    def count(self, table: Table) -> int:
        """Return the number of rows of a table."""
        ((rows,),) = self.run(f"SELECT count(*) FROM {main(table.name)}")
        return int(rows)

    def counts_by_day(self, table: Table) -> dict[date | None, int]:
        """Return the number of rows of each day, for a list that can be asked for by days."""
        return dict(self.run(f"SELECT {_day(table)}, count(*) FROM {main(table.name)} GROUP BY ALL"))

    def ids(self, table: Table, period: Period | None = None) -> pa.Array:
        """Return the ids of the records of a table, or of those whose day lies in a period."""
        limits = [] if period is None else [(">=", period.first), ("<=", period.last)]
        terms = [f"{_day(table)} {operator} DATE '{day}'" for operator, day in limits if day is not None]
        column = identifier(table.identity.name if table.identity else table.key[-1])
        found = self.con.sql(f"SELECT DISTINCT {column} FROM {main(table.name)} WHERE {' AND '.join(terms) or 'true'}")
        return found.to_arrow_table().column(0).combine_chunks()

    def rows_since(self, table: Table, column: str, since: datetime) -> int:
        """Return the number of rows whose `column` is `since` or later."""
        ((rows,),) = self.run(
            f"SELECT count(*) FROM {main(table.name)} WHERE {identifier(column)} >= ?::TIMESTAMPTZ", [since]
        )
        return int(rows)

    def _replaced(self, table: Table) -> Applied:
        replaced = row_changes.replace(self.con, table, self.versions)
        self._count(table.name, replaced.changes)
        return Applied(*replaced)

    def _move(self, table: Table, seen_at: datetime | None) -> int:
        moved = row_changes.move(self.con, table, self.has_table, seen_at, self.versions)
        for name, rows in moved.items():
            self._count(name, Changes(deleted=rows))
        return moved.get(table.name, 0)

    def _count(self, table: str, changes: Changes) -> None:
        self.changes[table] = self.changes.get(table, Changes()) + changes
        self.changed_rows = self.changed_rows or bool(changes)

    def _define(self, statements: Iterator[str]) -> None:
        for statement in statements:
            self.run(statement)
        self.changed_rows = True

    def _held_tables(self) -> frozenset[str]:
        """Return the tables of the catalog that the file has: its readers may have added others."""
        rows = self.run(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name IN ('main', 'deleted') "
            "GROUP BY table_name HAVING count(*) = 2",
            [definitions.CATALOG],
        )
        return frozenset(name for (name,) in rows if name in TABLES)

    def _held_columns(self) -> dict[str, dict[str, str]]:
        """Return the types of the columns of each table, in their order, as DuckDB writes them."""
        found: dict[str, dict[str, str]] = {name: {} for name in self._tables}
        rows = self.run(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = ? AND schema_name = 'main' ORDER BY column_index",
            [definitions.CATALOG],
        )
        for table, column, kind in rows:
            if table in found:
                found[table][column] = kind
        return found

    def _wanted_columns(self) -> dict[str, list[tuple[str, str]]]:
        """Return the columns that the catalog has, with their types as DuckDB writes them, in quotes where it does."""
        columns = {name: definitions.columns(TABLES[name]) for name in self._tables}
        kinds = sorted({kind for types in columns.values() for kind in types.values()})
        if not kinds:
            return {}
        (written,) = self.run(f"SELECT {', '.join(f'typeof(CAST(NULL AS {kind}))' for kind in kinds)}")
        as_written = dict(zip(kinds, written, strict=True))
        return {name: [(column, as_written[kind]) for column, kind in each.items()] for name, each in columns.items()}


def _day(table: Table) -> str:
    """Return the column with the day of a list that has one."""
    if table.day is None:
        raise ValueError(f"{table.name} has no day")
    return identifier(table.day.name)
