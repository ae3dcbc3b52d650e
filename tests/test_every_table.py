"""Every table through SQL holds exactly the records of the sandbox, column by column."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

import pytest

from harvest_duck.endpoints import TABLES
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.table import DATE, DECIMAL, TIME, TIMESTAMP, Column, ListOf, Origin, StructOf, Table, Type

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.sandbox import Sandbox

SPAN = ("2026-01-01", "2026-11-20")

#: For the tables of embedded arrays: the table of the records around them, and the column that holds its id.
AROUND = {
    "estimate_line_items": ("estimates", "estimate_id"),
    "invoice_line_items": ("invoices", "invoice_id"),
    "project_assignment_task_assignments": ("project_assignments", "project_assignment_id"),
}


def expected(value: Any, kind: Type) -> Any:
    """The Python value that SQL should give for a JSON value: an oracle apart from the decoder."""
    if value is None:
        return None
    if isinstance(kind, ListOf):
        return [expected(item, kind.item) for item in value]
    if isinstance(kind, StructOf):
        return {name: expected(value.get(name), item) for name, item in kind.fields}
    if kind is DECIMAL:
        return Decimal(str(value)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    if kind is DATE:
        return date.fromisoformat(value)
    if kind is TIMESTAMP:
        return datetime.fromisoformat(value).astimezone(UTC)
    if kind is TIME:
        form = "%I:%M%p" if value[-1] in "mM" else "%H:%M"
        return datetime.strptime(value, form).time()  # noqa: DTZ007 - a time of day has no zone
    return value


def walk(record: dict[str, Any], path: tuple[str, ...]) -> Any:
    """The value at a path of a record, None where anything on the way is missing or null."""
    found: Any = record
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def rows_of(table: Table, sandbox: Sandbox, account_id: int) -> list[tuple[Any, ...]]:
    """The rows that SQL should give for a table of the sandbox."""
    if table.name == "report_project_budget":
        records = sandbox.report(account_id, table.name, date(2026, 1, 1), date(2026, 1, 1))
    else:
        records = sandbox.records(account_id, table.name)
    if table.name not in AROUND:
        return [row_of(table, record, {"account_id": account_id}) for record in records]
    name, key = AROUND[table.name]
    around = {record["id"]: record for record in sandbox.records(account_id, name)}
    return [row_of(table, record, {"account_id": account_id}, enclosing=around[record[key]]) for record in records]


def row_of(
    table: Table, record: dict[str, Any], fixed: dict[str, Any], *, enclosing: dict[str, Any] | None = None
) -> tuple[Any, ...]:
    """The row that SQL should give for a record, which may stand in an array of the `enclosing` one."""

    def value(column: Column) -> Any:
        if column.origin is Origin.ACCOUNT:
            return fixed["account_id"]
        if column.name in fixed:
            return fixed[column.name]
        if column.origin is Origin.ENCLOSING:
            return expected(walk(enclosing or {}, column.path), column.type)
        if column.origin in (Origin.PATH, Origin.INPUT):
            return expected(record[column.name], column.type)
        return expected(walk(record, column.path), column.type)

    return tuple(value(column) for column in table.columns)


def sortable(row: tuple[Any, ...]) -> str:
    """A text by which rows of any kind can be put in one order."""
    return repr([value.astimezone(UTC) if isinstance(value, datetime) else value for value in row])


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row with every instant in the standard library's UTC, so that rows compare and print alike."""
    return tuple(_plain(value) for value in row)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def assert_same(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> None:
    """The same rows, in any order."""
    assert sorted(map(plain, found), key=sortable) == sorted(map(plain, wanted), key=sortable)


@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.max_span_days is None], ids=lambda t: t.name)
def test_a_table_equals_the_records_of_the_sandbox(
    table: Table, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    wanted = rows_of(table, sandbox, MAIN_ID)
    assert wanted, f"the sandbox has no {table.name}"
    # The sandbox keeps the plain text of each message; the two others are asked for below.
    plain_only = " WHERE reminder = false AND thank_you = false" if table.name == "invoice_message_templates" else ""
    assert_same(con.execute(f"SELECT * FROM harvest_scan(?){plain_only}", [table.name]).fetchall(), wanted)


def test_each_invoice_has_three_message_templates(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    found = con.execute(
        "SELECT reminder, thank_you, count(*), count(DISTINCT invoice_id) FROM harvest.invoice_message_templates "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    invoices = len(sandbox.records(MAIN_ID, "invoices"))
    assert found == [(*kind, invoices, invoices) for kind in [(False, False), (False, True), (True, False)]]


@pytest.mark.parametrize(
    ("table", "fixed_fee"),
    [
        pytest.param(table, choice, id=f"{table.name}-{choice}")
        for table in TABLES.values()
        if table.max_span_days is not None
        for choice in ([None, True, False] if "include_fixed_fee" in table else [None])
    ],
)
def test_a_report_equals_the_report_of_the_sandbox(
    table: Table, fixed_fee: bool | None, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    fixed: dict[str, Any] = {"account_id": MAIN_ID}
    fixed["from_date"], fixed["to_date"] = map(date.fromisoformat, SPAN)
    choice = "" if fixed_fee is None else f" AND include_fixed_fee = {fixed_fee}"
    if "include_fixed_fee" in table:
        default = next(param.default for param in table.params if param.column == "include_fixed_fee")
        fixed["include_fixed_fee"] = default if fixed_fee is None else fixed_fee
    rows = sandbox.report(MAIN_ID, table.name, fixed["from_date"], fixed["to_date"], include_fixed_fee=fixed_fee)
    found = con.execute(
        f"SELECT * FROM harvest_scan(?) WHERE from_date = ? AND to_date = ?{choice}", [table.name, *SPAN]
    ).fetchall()
    assert rows
    assert_same(found, [row_of(table, row, fixed) for row in rows])


def test_the_oracle_reads_both_clocks() -> None:
    assert expected("2:59pm", TIME) == expected("14:59", TIME) == time(14, 59)
    assert expected("12:05am", TIME) == time(0, 5)
    assert math.isclose(float(expected("0.33335", DECIMAL)), 0.3334)
