"""The history of a copy: what a table was as of a run, when the history begins and ends, and which moments it knows.

`test_working_copy` compares it with an oracle.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import MirrorError
from harvest_duck.mirror import definitions, mirror_file
from harvest_duck.mirror.definitions import signature
from harvest_duck.mirror.history import History, relation_as_of, require_known
from harvest_duck.mirror.run_records import RunRecords
from harvest_duck.mirror.versions import Versions
from harvest_duck.mirror.working_copy import WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from harvest_duck.catalog.model import Table

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
CLIENTS, ROLES, COMPANY = TABLES["clients"], TABLES["roles"], TABLES["company"]


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def arrow(table: Table, rows: Sequence[dict[str, Any]]) -> pa.Table:
    schema = schema_of(table)
    return pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in rows], schema=schema)


def names(*given: str) -> list[dict[str, Any]]:
    return [{"id": number, "name": name} for number, name in enumerate(given, 1)]


def run(
    con: duckdb.DuckDBPyConnection,
    started_at: datetime,
    *found: tuple[Table, list[dict[str, Any]]],
    history: bool | None = None,
) -> bool:
    """Let a run find these rows and no others; return whether it changed what readers see."""
    copy = WorkingCopy(con)
    copy.bring_up_to_date()
    with copy.transaction():
        number = copy.begin_run("usual", started_at)
        copy.keep_history(started_at, wanted=history)
    with copy.transaction():
        put(copy, started_at, *found)
    with copy.transaction():
        copy.end_run(number, ended_at=started_at + timedelta(seconds=9), outcome="done")
        copy.end_history()
    return copy.changed_rows


def put(copy: WorkingCopy, started_at: datetime, *found: tuple[Table, list[dict[str, Any]]]) -> None:
    for table, rows in found:
        copy.create(table)
        copy.replace_within(table, arrow(table, rows), seen_at=started_at)
        copy.set_proof(table.name, columns=copy.signature(table.name), proven_at=started_at)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy in memory of two clients, with a history from noon on."""
    with mirror_file.instance() as con:
        con.execute("SET threads = 1")
        con.execute("ATTACH ':memory:' AS copy")
        for statement in definitions.schemas():
            con.execute(statement)
        RunRecords(con).make_source("")
        run(con, NOON, (CLIENTS, names("Ada", "Bob")), (COMPANY, [{"name": "Acme"}]), history=True)
        yield con


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


def as_of(table: Table, moment: datetime, columns: str = "name") -> str:
    return f"SELECT {columns} FROM ({relation_as_of(table, moment)}) ORDER BY ALL"


def test_a_table_is_what_it_was_as_of_the_last_sync(con: duckdb.DuckDBPyConnection) -> None:
    run(con, at(10), (CLIENTS, names("Ada", "Bea", "Cem")), (COMPANY, [{"name": "Acme"}]))
    run(con, at(20), (CLIENTS, names("Ada")), (COMPANY, [{"name": "Acme Ltd"}]))
    run(con, at(30), (CLIENTS, names("Ada", "Bea")), (COMPANY, [{"name": "Acme"}]))
    found = {minutes: _rows(con, as_of(CLIENTS, at(minutes))) for minutes in (0, 9.9, 10, 19, 20, 30, 40)}
    ada, bob, bea, cem = ((name,) for name in ("Ada", "Bob", "Bea", "Cem"))
    assert found == {
        0: [ada, bob],
        9.9: [ada, bob],
        10: [ada, bea, cem],
        19: [ada, bea, cem],
        20: [ada],
        30: [ada, bea],
        40: [ada, bea],
    }
    assert [_rows(con, as_of(COMPANY, at(minutes))) for minutes in (0, 10, 25, 30)] == [
        [("Acme",)],
        [("Acme",)],
        [("Acme Ltd",)],
        [("Acme",)],
    ]
    assert _rows(con, "SELECT id, name, valid_from, valid_to FROM copy.history.clients ORDER BY ALL") == [
        (2, "Bea", at(10), at(20)),
        (2, "Bob", NOON, at(10)),
        (3, "Cem", at(10), at(20)),
    ]
    assert _rows(con, "FROM copy.since.clients") == [(2, at(30))]
    kept = "SELECT table_name, began_at, changed_at FROM copy.mirror.history ORDER BY ALL"
    assert _rows(con, kept) == [("clients", NOON, at(30)), ("company", NOON, at(30))]
    comments = _rows(con, "SELECT comment FROM duckdb_tables() WHERE schema_name IN ('history', 'since')")
    assert len(comments) == 4
    assert all(comment for (comment,) in comments)


def test_within_a_run_a_row_has_one_version(con: duckdb.DuckDBPyConnection) -> None:
    steps = [names("Ada", "Bea", "Cem"), names("Ada"), names("Ada", "Ben", "Cy")]
    run(con, at(10), *((CLIENTS, step) for step in steps))
    assert _rows(con, "SELECT name, valid_from, valid_to FROM copy.history.clients") == [("Bob", NOON, at(10))]
    assert _rows(con, "SELECT id, valid_from FROM copy.since.clients ORDER BY ALL") == [(2, at(10)), (3, at(10))]
    assert _rows(con, as_of(CLIENTS, NOON)) == [("Ada",), ("Bob",)]


def test_a_run_that_changes_nothing_adds_nothing(con: duckdb.DuckDBPyConnection) -> None:
    found = (CLIENTS, names("Ada", "Bob")), (COMPANY, [{"name": "Acme"}])
    assert not run(con, at(10), *found)
    assert not run(con, at(20), *found)
    assert _rows(con, "FROM copy.history.clients UNION ALL BY NAME FROM copy.since.clients") == []
    assert _rows(con, "SELECT DISTINCT changed_at FROM copy.mirror.history") == [(NOON,)]


def test_a_step_that_fails_leaves_no_history_of_it(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(pa.ArrowTypeError):
        run(con, at(10), (CLIENTS, names("Eve")), (COMPANY, [{"name": 1}]))
    assert _rows(con, "FROM copy.history.clients UNION ALL BY NAME FROM copy.since.clients") == []


def test_a_history_begins_when_it_is_asked_for_and_goes_when_it_is_not_wanted(con: duckdb.DuckDBPyConnection) -> None:
    schemas = (
        "SELECT DISTINCT schema_name FROM duckdb_schemas() WHERE database_name = 'copy' AND NOT internal ORDER BY 1"
    )
    run(con, at(10), (CLIENTS, names("Ada", "Bea")))
    assert run(con, at(20), history=False)
    assert _rows(con, schemas) == [("deleted",), ("mirror",)]
    assert ("history",) not in _rows(con, "SELECT table_name FROM duckdb_tables()")
    assert not run(con, at(30), (CLIENTS, names("Ada", "Bea")), history=False)
    assert run(con, at(40), history=True), "although no row changed"
    assert _rows(con, "SELECT table_name, began_at FROM copy.mirror.history ORDER BY 1") == [
        ("clients", at(40)),
        ("company", at(40)),
    ]
    assert not run(con, at(50), history=True)
    run(con, at(60), (ROLES, names("Design")))
    assert _rows(con, "SELECT began_at FROM copy.mirror.history WHERE table_name = 'roles'") == [(at(60),)]


def test_a_clock_that_goes_back_makes_no_version_that_ends_before_it_began(con: duckdb.DuckDBPyConnection) -> None:
    run(con, at(10), (CLIENTS, names("Ada", "Bea")))
    run(con, at(-60), (CLIENTS, names("Ada", "Cem")))
    later = at(10) + timedelta(seconds=9, microseconds=1)
    assert _rows(con, "SELECT name, valid_from, valid_to FROM copy.history.clients ORDER BY 1") == [
        ("Bea", at(10), later),
        ("Bob", NOON, at(10)),
    ]
    for known in (at(10), at(10) + timedelta(seconds=9)):
        assert _rows(con, as_of(CLIENTS, known)) == [("Ada",), ("Bea",)]


def test_columns_of_a_later_catalog_make_no_versions(con: duckdb.DuckDBPyConnection) -> None:
    run(con, at(10), (CLIENTS, names("Ada", "Bea")))
    for schema in ("main", "deleted", "history"):
        con.execute(f"ALTER TABLE copy.{schema}.clients DROP COLUMN currency")
    WorkingCopy(con).set_proof("clients", columns=signature(CLIENTS).replace(", currency VARCHAR", ""))
    found = [row | {"currency": "EUR"} for row in names("Ada", "Cem")]
    run(con, at(20), (CLIENTS, found))
    assert _rows(con, "SELECT name, currency FROM copy.history.clients ORDER BY 1") == [("Bea", None), ("Bob", None)]
    assert _rows(con, as_of(CLIENTS, NOON, "name, currency")) == [("Ada", "EUR"), ("Bob", None)]
    run(con, at(30), (CLIENTS, names("Ada", "Cem")))
    assert _rows(con, as_of(CLIENTS, at(20), "name, currency")) == [("Ada", "EUR"), ("Cem", "EUR")]


def test_a_history_that_another_program_changed_is_known(con: duckdb.DuckDBPyConnection) -> None:
    assert Versions(RunRecords(con)).foreign() == []
    con.execute(
        "DROP TABLE copy.history.clients; CREATE VIEW copy.since.roles AS SELECT 1; "
        "CREATE TABLE copy.since.x AS SELECT 1"
    )
    assert Versions(RunRecords(con)).foreign() == ["history.clients", "since.roles"]
    run(con, at(10), history=False)
    assert _rows(con, "SELECT table_name FROM duckdb_tables() WHERE schema_name IN ('history', 'since')") == [("x",)]


def test_a_moment_that_the_history_does_not_know_is_an_error(con: duckdb.DuckDBPyConnection) -> None:
    run(con, at(10), (CLIENTS, names("Ada")))
    run(con, at(20), (CLIENTS, names("Ada")))
    history = History.of(RunRecords(con), RunRecords(con))
    place = Path("acme.duckdb")
    for minutes in (0, 10, 20, 20.15):
        require_known(history, place, "clients", at(minutes))
    for known, table, minutes, message in (
        (None, "clients", 0, "acme.duckdb keeps no history: sync with --history"),
        (history, "tasks", 0, "acme.duckdb has no history of tasks: sync that table"),
        (history, "clients", -1, r"since 2026-11-29 12:00:00.*and not of 2026-11-29 11:59:00.*name a later moment"),
        (history, "clients", 21, r"last synced at 2026-11-29 12:20:09.*sync again, or name an earlier moment"),
    ):
        with pytest.raises(MirrorError, match=message):
            require_known(known, place, table, at(minutes))
