"""The rows that SQL should give for the records of a sandbox: an oracle apart from the decoder."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.model import DATE, DECIMAL, TIME, TIMESTAMP, Column, ListOf, Origin, StructOf, Table, Type

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


SPAN = ("2026-01-01", "2026-11-20")


#: For the tables of embedded arrays: the table of the records around them, and the column that holds its id.
AROUND = {
    "estimate_line_items": ("estimates", "estimate_id"),
    "invoice_line_items": ("invoices", "invoice_id"),
    "project_assignment_task_assignments": ("project_assignments", "project_assignment_id"),
    "pto_request_days": ("pto_requests", "pto_request_id"),
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
        return [row_of(table, record, {"account_id": account_id}, enclosing=record) for record in records]
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
