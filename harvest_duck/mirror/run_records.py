"""The schema `mirror` of the attached file: whose copy it is, what is proven, what was read when, and the runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror.definitions import CATALOG, FORMAT, RECORDS, record, signature
from harvest_duck.mirror.periods import Period
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import duckdb

#: The runs that are kept: those of two months, where one begins every ten minutes.
_RUNS = 10_000
_READ = "_read"
#: The outcomes of runs that read every table.
ENDED = ("done", "unproven")


@dataclass(frozen=True, slots=True)
class Source:
    """Whose copy the file is; None what is not known yet. Each publication has another `generation`.

    `tables` are those that a person chose for it, None for all.
    """

    format: int
    generation: str
    account_id: int | None
    user_id: int | None
    base_url: str | None
    rights: str | None
    tables: Sequence[str] | None
    first_copy_began_at: datetime | None
    first_copied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Proof:
    """As of when a table is proven whole.

    Its ids are as of `proven_at`; every value was read at `values_whole_at`, and the oldest check of a part in turn was
    at `values_checked_since`. The columns `may_lag` change without `updated_at`. `unseen` is the case that the proof
    cannot see. `columns` are those of the catalog when every value was read.
    """

    table_name: str
    method: str | None = None
    watermark: datetime | None = None
    proven_at: datetime | None = None
    values_whole_at: datetime | None = None
    values_checked_since: datetime | None = None
    may_lag: Sequence[str] | None = None
    unseen: str | None = None
    columns: str | None = None


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One run: its outcome is "done", "unproven" or "failed: …"; a run that goes on, or was killed, has none."""

    run: int
    started_at: datetime
    ended_at: datetime | None
    depth: str | None
    outcome: str | None
    requests: int | None
    inserted: int | None
    changed: int | None
    deleted: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class KeptHistory:
    """Since when earlier versions of the rows of a table are kept, and as of when its rows last changed."""

    began_at: datetime
    changed_at: datetime


class RunRecords:
    """The tables of the schema `mirror` in a file that is attached to `con`, under the name `catalog`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, catalog: str = CATALOG) -> None:
        self.con = con
        self._catalog = catalog

    def source(self) -> Source:
        """Return whose copy the file is."""
        ((found),) = self._rows("source")
        return Source(*found)

    def set_source(self, **columns: object) -> None:
        """Set columns of the one row of `source`."""
        self._set("source", columns)

    def proofs(self) -> dict[str, Proof]:
        """Return the proof of each table that the file has."""
        return {row[0]: Proof(*row) for row in self._rows("proofs")}

    def outdated(self) -> list[str]:
        """Return the tables that were last read whole with other columns than the catalog has now."""
        proofs = self.proofs()
        return [name for name in TABLES if name in proofs and proofs[name].columns != signature(TABLES[name])]

    def set_proof(self, table: str, **columns: object) -> None:
        """Set columns of the proof of a table; the others stay as they are."""
        if not self._set("proofs", columns, table):
            self.run(f"INSERT INTO {self._record('proofs')} (table_name) VALUES (?)", [table])
            self._set("proofs", columns, table)

    def periods(self, table: str) -> dict[Period, datetime]:
        """Return when each range of days was last read whole; the ranges have no day in common."""
        rows = self.run(
            f"SELECT first_day, last_day, read_at FROM {self._record('periods')} WHERE table_name = ? "
            "ORDER BY first_day NULLS FIRST",
            [table],
        )
        return {Period(first, last): read_at for first, last, read_at in rows}

    def set_period(self, table: str, period: Period, read_at: datetime) -> None:
        """Keep that a range of days was read whole; of older ranges the other days stay."""
        overlapping = [each for each in self.periods(table).items() if _overlap(each[0], period)]
        for old, at in overlapping:
            self.run(
                f"DELETE FROM {self._record('periods')} WHERE table_name = ? "
                "AND first_day IS NOT DISTINCT FROM ? AND last_day IS NOT DISTINCT FROM ?",
                [table, old.first, old.last],
            )
            for rest in _without(old, period):
                self._insert_period(table, rest, at)
        self._insert_period(table, period, read_at)

    def forget(self, table: str) -> None:
        """Forget all that was read of a table."""
        for name in ("proofs", "periods", "parents"):
            self.run(f"DELETE FROM {self._record(name)} WHERE table_name = ?", [table])

    def parents_read(self, table: str) -> dict[int, datetime]:
        """Return when the children of each record were last read, for a table of children."""
        return dict(self.run(f"SELECT parent_id, read_at FROM {self._record('parents')} WHERE table_name = ?", [table]))

    def set_parents_read(self, table: str, ids: Iterable[int], at: datetime) -> None:
        """Keep that the children of these records were read."""
        self.con.register(_READ, pa.table({"id": pa.array(ids, pa.int64())}))
        try:
            within = f"table_name = ? AND parent_id IN (SELECT id FROM {_READ})"
            self.run(f"DELETE FROM {self._record('parents')} WHERE {within}", [table])
            self.run(
                f"INSERT INTO {self._record('parents')} SELECT DISTINCT ?, id, ?::TIMESTAMPTZ FROM {_READ}", [table, at]
            )
        finally:
            self.con.unregister(_READ)

    def forget_parents_read(self, table: str, ids: Iterable[int]) -> None:
        """Forget that the children of these records were read."""
        within = "table_name = ? AND list_contains(?::BIGINT[], parent_id)"
        self.run(f"DELETE FROM {self._record('parents')} WHERE {within}", [table, sorted(ids)])

    def runs(self) -> list[SyncRun]:
        """Return the runs that the file knows, the latest one last."""
        return [SyncRun(*row) for row in self._rows("sync_runs")]

    def last_ended(self) -> datetime | None:
        """Return when the last run that read every table began, None where the file knows of none."""
        return max((run.started_at for run in self.runs() if run.outcome in ENDED), default=None)

    def last_end(self) -> datetime | None:
        """Return when the last run that read every table ended, None where the file knows of none."""
        ends = (run.ended_at for run in self.runs() if run.outcome in ENDED and run.ended_at is not None)
        return max(ends, default=None)

    def keeps_history(self) -> bool:
        """Whether earlier versions of rows are kept."""
        found = "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?"
        return bool(self.run(found, [self._catalog, "mirror", "history"]))

    def history(self) -> dict[str, KeptHistory]:
        """Return what is known of the history of each table; of none where none is kept."""
        if not self.keeps_history():
            return {}
        rows = self.run(f"SELECT table_name, began_at, changed_at FROM {self._record('history')}")
        return {name: KeptHistory(*moments) for name, *moments in rows}

    def begin_run(self, depth: str, started_at: datetime) -> int:
        """Keep that a run began, and return its number; of the oldest runs the records go."""
        ((last,),) = self.run(f"SELECT coalesce(max(run), 0) FROM {self._record('sync_runs')}")
        number = int(last) + 1
        self.run(f"DELETE FROM {self._record('sync_runs')} WHERE run <= ?", [number - _RUNS])
        self.run(
            f"INSERT INTO {self._record('sync_runs')} (run, started_at, depth) VALUES (?, ?, ?)",
            [number, started_at, depth],
        )
        return number

    def end_run(self, run: int, *, ended_at: datetime, outcome: str, **counts: object) -> None:
        """Keep how a run ended: `counts` are its requests and the rows that it inserted, changed and deleted."""
        self._set("sync_runs", {"ended_at": ended_at, "outcome": outcome, **counts}, run)
        seconds = "seconds = epoch_us(ended_at - started_at) / 1e6"
        self.run(f"UPDATE {self._record('sync_runs')} SET {seconds} WHERE run = ?", [run])

    def forget_all(self) -> None:
        """Forget whose copy the file is, and all that was read, but not the runs."""
        for name in ("proofs", "periods", "parents"):
            self.run(f"DELETE FROM {self._record(name)}")
        self.set_source(**dict.fromkeys(list(RECORDS["source"][1])[2:]))

    def make_source(self, generation: str) -> None:
        """Make the one row of `source`."""
        self.run(f"INSERT INTO {self._record('source')} (format, generation) VALUES (?, ?)", [FORMAT, generation])

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run a statement and return its rows."""
        return self.con.execute(sql, [*parameters]).fetchall()

    def _record(self, name: str) -> str:
        return record(name, self._catalog)

    def _rows(self, name: str) -> list[Any]:
        """Return the rows of one of the tables, with the columns of this version, by the first one."""
        names = ", ".join(map(identifier, RECORDS[name][1]))
        return self.run(f"SELECT {names} FROM {self._record(name)} ORDER BY 1")

    def _set(self, name: str, columns: dict[str, object], *key: object) -> int:
        """Set columns of the rows whose first column is `key`, or of all rows; return how many there are."""
        first = next(iter(RECORDS[name][1]))
        assigned = ", ".join(f"{identifier(column)} = ?" for column in columns)
        where = f" WHERE {first} = ?" if key else ""
        ((rows,),) = self.run(f"UPDATE {self._record(name)} SET {assigned}{where}", [*columns.values(), *key])
        return int(rows)

    def _insert_period(self, table: str, period: Period, read_at: datetime) -> None:
        self.run(
            f"INSERT INTO {self._record('periods')} VALUES (?, ?, ?, ?)", [table, period.first, period.last, read_at]
        )


def _overlap(one: Period, other: Period) -> bool:
    """Whether two ranges have a day in common."""
    return all(
        left.first is None or right.last is None or left.first <= right.last
        for left, right in ((one, other), (other, one))
    )


def _without(old: Period, new: Period) -> list[Period]:
    """Return what is left of a range without the days of another."""
    rest = []
    if new.first is not None and date.min < new.first and (old.first is None or old.first < new.first):
        rest.append(Period(old.first, new.first - timedelta(days=1)))
    if new.last is not None and new.last < date.max and (old.last is None or old.last > new.last):
        rest.append(Period(new.last + timedelta(days=1), old.last))
    return rest
