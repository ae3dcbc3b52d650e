"""psqlODBC by pyodbc, whose catalog functions tools call, and by isql."""

from __future__ import annotations

import os
import subprocess
import threading
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.real_postgres import client, program
from support.same_tables import select
from support.told_apart import hold
from support.written_differences import ODBC, hold_but

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.postgres_address import Address

    from harvest_duck.sandbox import Sandbox

#: Tables with keys of one column and of several, without one, and a view.
_KEYS = ("clients", "company", "invoice_line_items", "pto_balances", "report_time_team", "time_entries", "utilization")
#: What SQLGetInfo is asked for that tells of the server and the session: SQL_DBMS_NAME … SQL_USER_NAME.
_FACTS = (
    "SQL_DBMS_NAME",
    "SQL_DBMS_VER",
    "SQL_DATABASE_NAME",
    "SQL_USER_NAME",
    "SQL_IDENTIFIER_CASE",
    "SQL_TXN_CAPABLE",
)


def opened(address: Address, **options: str | int) -> Any:
    """Return a connection, each of whose statements is a transaction of its own."""
    return client("pyodbc").connect(address.odbc(**options), autocommit=True)


def asked(cursor: Any) -> list[str]:
    """Return the heading of a result and its rows as text, but for the numbers that a server gives its tables.

    The heading has the scale alone, for psqlODBC asks the table that a column comes from how wide it is and whether it
    may be NULL, and our columns come from queries.
    """
    heading = [f"{column[0]} {column[1].__name__} {column[5]}" for column in cursor.description]
    shown = [n for n, column in enumerate(cursor.description) if column[0].upper() != "TABLE OID"]
    return [repr(heading), *sorted(repr(tuple(row[n] for n in shown)) for row in cursor.fetchall())]


def catalog(address: Address) -> dict[str, list[str]]:
    """Return what each catalog function says."""
    with opened(address) as con:
        cursor = con.cursor()
        general: dict[str, Callable[[], Any]] = {
            "SQLTables": lambda: cursor.tables(schema="harvest"),
            "SQLTables views": lambda: cursor.tables(schema="harvest", tableType="VIEW"),
            "SQLTables one": lambda: cursor.tables(table="clients", catalog=address.database),
            "SQLTables all catalogs": lambda: cursor.tables(catalog="%", schema="", table="", tableType=""),
            "SQLTables all schemas": lambda: cursor.tables(catalog="", schema="%", table="", tableType=""),
            "SQLTables all types": lambda: cursor.tables(catalog="", schema="", table="", tableType="%"),
            "SQLColumns": lambda: cursor.columns(schema="harvest"),
            "SQLColumns one": lambda: cursor.columns(table="cli_nts", column="%name%"),
            "SQLForeignKeys of clients": lambda: cursor.foreignKeys(table="clients", schema="harvest"),
            "SQLForeignKeys to others": lambda: cursor.foreignKeys(
                foreignTable="time_entries", foreignSchema="harvest"
            ),
            "SQLGetTypeInfo": cursor.getTypeInfo,
            "SQLProcedures": lambda: cursor.procedures(schema="harvest"),
            "SQLProcedureColumns": lambda: cursor.procedureColumns(schema="harvest"),
        }
        found = {name: asked(call()) for name, call in general.items()}
        for table in _KEYS:
            found[f"SQLPrimaryKeys {table}"] = asked(cursor.primaryKeys(table=table, schema="harvest"))
            found[f"SQLStatistics {table}"] = asked(cursor.statistics(table=table, schema="harvest"))
            found[f"SQLSpecialColumns {table}"] = asked(cursor.rowIdColumns(table=table, schema="harvest"))
        odbc = client("pyodbc")
        found["SQLGetInfo"] = [f"{name} {con.getinfo(getattr(odbc, name))}" for name in _FACTS]
    return found


def test_catalog_functions_say_what_they_say_of_postgresql(ours: Address, theirs: Address) -> None:
    hold(catalog(ours), catalog(theirs))


def rows(address: Address, **options: str | int) -> dict[str, list[str]]:
    """Return the names, types and rows of every table."""
    with opened(address, **options) as con:
        return {name: asked(con.execute(select(name))) for name in TABLES}


@pytest.mark.parametrize(
    "options",
    [{}, {"BoolsAsChar": 0, "UseServerSidePrepare": 0}, {"UseDeclareFetch": 1, "Fetch": 7}],
    ids=["as it is", "simple", "cursors"],
)
def test_every_table_has_the_same_rows(ours: Address, theirs: Address, options: dict[str, int]) -> None:
    hold(rows(ours, **options), rows(theirs, **options))


_VALUES = {
    "text": 'O\'Brien "quoted" \\ 🚀 é\n',
    "bigint": 2**63 - 1,
    "numeric": Decimal("-12345678901234.5678"),
    "float8": 0.1,
    "date": date(2026, 3, 1),
    "timestamp": datetime(2026, 3, 1, 12, 30, 15, 250000),  # noqa: DTZ001 - ODBC has no zone
    "time": time(14, 59),
    "boolean": True,
    "uuid": UUID("00112233-4455-6677-8899-aabbccddeeff"),
    "bytea": b"\x00\x01\xff'",
}


def parameters(address: Address, **options: int) -> dict[str, list[str]]:
    """Return what comes back of parameters of each type, and the rows that conditions with them keep."""
    with opened(address, **options) as con:
        found = {kind: asked(con.execute(f"SELECT ?::{kind} AS v", value)) for kind, value in _VALUES.items()}
        found |= {f"no {kind}": asked(con.execute(f"SELECT ?::{kind} AS v", None)) for kind in _VALUES}
        conditions = {
            "spent_date >= ?": date(2026, 3, 1),
            "updated_at < ?": datetime(2026, 3, 1, 12),  # noqa: DTZ001 - ODBC has no zone
            "hours > ?": Decimal("1.25"),
            "billable = ?": True,
            "project_id > ?": 5,
            "notes LIKE ?": "%e%",
            "id IN (SELECT id FROM harvest.time_entries ORDER BY id LIMIT ?)": 5,
        }
        for condition, value in conditions.items():
            query = f"SELECT count(*) AS n FROM harvest.time_entries WHERE {condition}"
            found[condition] = asked(con.execute(query, value))
    return found


@pytest.mark.parametrize("prepared", [0, 1])
def test_parameters_of_every_type(ours: Address, theirs: Address, prepared: int) -> None:
    found, expected = (parameters(address, UseServerSidePrepare=prepared) for address in (ours, theirs))
    hold_but(ODBC, found, expected)


def test_cancel_ends_the_requests(ours: Address, account: Sandbox) -> None:
    error = client("pyodbc").Error
    with held(account) as waiting, opened(ours.of("live")) as con:
        cursor = con.cursor()
        ended = []

        def run() -> None:
            try:
                cursor.execute("SELECT sum(hours) FROM harvest.time_entries")
            except error as raised:
                ended.append(str(raised))

        asking = threading.Thread(target=run)
        asking.start()
        assert waiting.arrived.wait(PATIENCE_S)
        cursor.cancel()
        asking.join(PATIENCE_S)
        assert waiting.all_gone()
        assert len(ended) == 1
        assert "canceling statement due to user request" in ended[0]
        assert con.execute("SELECT 1").fetchval() == 1


@pytest.fixture
def isql(tmp_path: Path, ours: Address, theirs: Address) -> Iterator[Callable[[str, str], str]]:
    """What isql prints of a statement or command for the data source `ours` or `theirs`."""
    file = tmp_path / "odbc.ini"
    sections = {"ours": ours, "theirs": theirs}
    file.write_text(
        "".join(f"[{name}]\n" + address.odbc().replace(";", "\n") + "\n" for name, address in sections.items()), "utf-8"
    )

    def run(source: str, commands: str) -> str:
        command = [program("isql"), source, "-b", "-d|", "-c", "-m64"]
        environment = dict(os.environ, ODBCINI=str(file), LC_ALL="C.UTF-8")
        done = subprocess.run(
            command, input=commands, capture_output=True, text=True, env=environment, timeout=PATIENCE_S, check=False
        )
        return done.stdout + done.stderr

    return run


def test_isql_lists_tables_and_columns_and_reads_rows(isql: Callable[[str, str], str]) -> None:
    commands = "help\nhelp clients\nhelp time_entries\nSELECT * FROM harvest.clients ORDER BY id\nSELECT nothing\n"
    found, expected = (isql(name, commands).splitlines() for name in ("ours", "theirs"))
    assert [line for line in found if "harvest" in line] == [line for line in expected if "harvest" in line]
    assert found[-3:] == expected[-3:]
