"""The history of the attached file: versions of rows are kept where these are replaced, updated or moved away.

`history` has each version that is no longer, with the runs as of which it came and went. `since` has, by key, the run
as of which a row became what it is; what the history began with is not in it. Both change in the transaction in which
the row does. Within a run a row has one version: that which the run leaves.

One moment stands for all that a run finds, that of its beginning: whatever was saved before is in what the run reads.
So the tables as of any moment are those of one file, which fit each other. The moment of a table's own proof would not
do: that of payments is when the parent was read that waits longest, which is before other rows were what they are.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror import definitions
from harvest_duck.mirror.definitions import CATALOG, VALID_FROM, VALID_TO, earlier, main, record, since
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.run_records import RunRecords

SCHEMAS = ("history", "since")
#: The query of the tables and views of the file, with their schemas.
_NAMED = (
    "FROM (SELECT database_name, schema_name, table_name FROM duckdb_tables() UNION ALL "
    "SELECT database_name, schema_name, view_name FROM duckdb_views()) "
    "SELECT schema_name, table_name WHERE database_name = ?"
)
_STEP = timedelta(microseconds=1)


class Versions:
    """The versions of the rows of the file of `records`; none are kept before `begin_run`."""

    def __init__(self, records: RunRecords) -> None:
        self._records = records
        self._at: datetime | None = None
        #: Since when the history of each table is kept.
        self._began = {name: each.began_at for name, each in records.history().items()}
        #: The columns that the file had when a table was last read whole, where a later catalog has others.
        self._known: dict[str, tuple[str, ...]] = {}

    @property
    def kept(self) -> bool:
        """Whether the file has a history."""
        return self._records.keeps_history()

    @property
    def tables(self) -> frozenset[str]:
        """The tables whose history is kept."""
        return frozenset(self._began)

    def are_kept(self, table: Table) -> bool:
        """Whether what a run does to a table is kept."""
        return self._at is not None and table.name in self._began

    def begin_run(self, started_at: datetime) -> None:
        """Keep the versions that this run ends, and note those that it begins, as of one moment after all others."""
        if self.kept:
            before = [self._records.last_end(), *(each.changed_at for each in self._records.history().values())]
            self._at = max([started_at, *(moment + _STEP for moment in before if moment is not None)])
            proofs = self._records.proofs()
            signatures = {name: proofs[name].columns for name in self._records.outdated()}
            self._known = {name: _known(TABLES[name], columns) for name, columns in signatures.items() if columns}

    def known(self, table: Table) -> tuple[str, ...]:
        """Return the columns that tell two versions of a row apart: not those that the file has only now."""
        return self._known.get(table.name, tuple(definitions.columns(table)))

    def begin_history(self) -> None:
        """Make the file one with a history, which begins with what the run leaves."""
        for statement in definitions.history():
            self._records.run(statement)

    def end_history(self) -> None:
        """Remove the history with all that was kept."""
        for name in self.tables:
            self.drop(name)
        self._records.run(f"DROP TABLE {record('history')}")
        for schema in SCHEMAS:
            if not self._records.run(f"{_NAMED} AND schema_name = ?", [CATALOG, schema]):
                self._records.run(f"DROP SCHEMA {CATALOG}.{schema}")
        self._at = None

    def foreign(self) -> list[str]:
        """Return the tables of the history that another program made, dropped or replaced, with their schemas."""
        there = set(self._records.run(_NAMED, [CATALOG]))
        pairs = [(schema, name) for schema in SCHEMAS for name in TABLES]
        return [".".join(pair) for pair in pairs if (pair in there) != (pair[1] in self._began)]

    def drop(self, name: str) -> None:
        """Remove the history of a table."""
        if self._began.pop(name, None) is not None:
            self._records.run(f"DROP TABLE IF EXISTS {earlier(name)}")
            self._records.run(f"DROP TABLE IF EXISTS {since(name)}")
            self._records.run(f"DELETE FROM {record('history')} WHERE table_name = ?", [name])

    def end_run(self, held: Iterable[str], changed: Iterable[str]) -> bool:
        """Begin the history of the tables that have none, and note those that changed; return whether any began."""
        if self._at is None:
            return False
        new = [name for name in TABLES if name in held and name not in self._began]
        for name in new:
            for statement in definitions.history_tables(TABLES[name]):
                self._records.run(statement)
            self._records.run(f"INSERT INTO {record('history')} VALUES ($1, $2, $2)", [name, self._at])
            self._began[name] = self._at
        self._records.run(
            f"UPDATE {record('history')} SET changed_at = ? WHERE list_contains(?::VARCHAR[], table_name)",
            [self._at, [*changed]],
        )
        return bool(new)

    def end(self, table: Table, held: str) -> None:
        """Keep the versions of rows that are about to be others or gone; `held` is a query of their rowids."""
        rows = f"(SELECT * FROM {main(table.name)} WHERE rowid IN ({held})) h"
        valid_from = f"coalesce(v.{VALID_FROM}, ?::TIMESTAMPTZ)"
        # What came in this run was there as of no moment.
        self._records.run(
            f"INSERT INTO {earlier(table.name)} BY NAME "
            f"SELECT h.*, {valid_from} AS {VALID_FROM}, ?::TIMESTAMPTZ AS {VALID_TO} "
            f"FROM {rows} LEFT JOIN {since(table.name)} v ON {same_key(table)} WHERE {valid_from} < ?::TIMESTAMPTZ",
            [self._began[table.name], self._at, self._began[table.name], self._at],
        )
        ended = f"SELECT v.rowid FROM {since(table.name)} v SEMI JOIN {rows} ON {same_key(table)}"
        self._records.run(f"DELETE FROM {since(table.name)} WHERE rowid IN ({ended})")

    def begin(self, table: Table, rows: str) -> None:
        """Note that rows are versions which begin now; `rows` is a source of them, such as a table."""
        keys = "".join(f"{identifier(name)}, " for name in table.key)
        distinct = "" if table.key else "DISTINCT "
        self._records.run(
            f"INSERT INTO {since(table.name)} BY NAME "
            f"SELECT {distinct}{keys}?::TIMESTAMPTZ AS {VALID_FROM} FROM {rows}",
            [self._at],
        )


def _known(table: Table, signature: str) -> tuple[str, ...]:
    """Return the columns of a table that a `signature` has."""
    listed = f", {signature}, "
    return tuple(name for name, kind in definitions.columns(table).items() if f", {name} {kind}, " in listed)


def same_key(table: Table) -> str:
    """Return the condition that the rows `h` and `v` have the same key; true of all rows of a table without one.

    Such a table is one row, or is kept as a whole.
    """
    return " AND ".join(f"h.{name} IS NOT DISTINCT FROM v.{name}" for name in map(identifier, table.key)) or "true"
