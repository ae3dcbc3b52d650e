"""What the tools answer, as text: from the catalogue at once, from Harvest within the allowance of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.errors import QueryError
from harvest_duck.introspection import catalog_tables
from harvest_duck.servers.mcp.csv_text import csv_text
from harvest_duck.servers.mcp.estimate import Estimate
from harvest_duck.servers.mcp.plan import require_allowed, steps
from harvest_duck.text import one_line, shortened
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    import pyarrow as pa

    from harvest_duck.servers.mcp.call import Call
    from harvest_duck.views.view import View

__all__ = ["MAX_CHARACTERS", "columns", "cost", "query", "requests", "tables", "view", "view_list"]

#: The most characters of the rows of an answer: some 10,000 tokens.
MAX_CHARACTERS = 40_000
_TABLE = ("table_name", "description", "columns", "rate_limit", "permission")
_COLUMN = (
    "column_name",
    "data_type",
    "description",
    "key",
    "refers_to",
    "unit",
    "allowed_values",
    "operators",
    "required",
    "deprecated",
)
_STEP = ("table_name", "step", "request", "requests", "records", "pushed", "rechecked", "source", "hint")
_NAME = 60


def tables() -> str:
    """Return the tables, a line each."""
    return _listed(catalog_tables.tables(), _TABLE)


def columns(table: str) -> str:
    """Return the columns of a table, a line each; raises `UnknownTable`."""
    return _listed(catalog_tables.describe(table), _COLUMN)


def view_list() -> str:
    """Return the ready views, a line each."""
    rows = [(each.name, each.question, _arguments(each), each.access) for each in views().values()]
    return _whole(("view_name", "question", "arguments", "access"), rows)


def view(name: str) -> str:
    """Return how a ready view is called and counts, and its columns; raises `QueryError` for one that is not there."""
    found = views().get(name)
    if found is None:
        raise QueryError(f"no view is called {shortened(one_line(name), _NAME)}: {', '.join(views())}")
    return "\n".join(_described(found)) + "\n"


def cost(cursor: duckdb.DuckDBPyConnection, call: Call, *, sql: str) -> str:
    """Return what a query would ask of Harvest, step by step, below whether it may."""
    call.database.refuse_unfit(cursor, sql)
    found = steps(cursor, sql, call)
    estimate, sent = Estimate.of(found), call.allowance.sent
    refused = estimate.refusal(sent=sent, limit=call.allowance.limit)
    counted = f" beside {requests(sent)} that found the sizes" if sent else ""
    said = refused or f"allowed: {requests(estimate.total)}{counted}, and max_requests is {call.allowance.limit}"
    rows = [[step[name] for name in _STEP] for step in found]
    return f"{said}\n{_whole(_STEP, rows)}"


def query(cursor: duckdb.DuckDBPyConnection, call: Call, *, sql: str, max_rows: int) -> str:
    """Return the rows of a SELECT, below whether they are all."""
    call.database.refuse_unfit(cursor, sql)
    require_allowed(Estimate.of(steps(cursor, sql, call)), call)
    result = cursor.execute(sql)
    names = [each[0] for each in result.description or ()]
    rows = result.fetchmany(max_rows + 1)
    note = f"; {requests(call.allowance.sent)} to Harvest"
    return csv_text(names, rows, max_rows=max_rows, max_characters=MAX_CHARACTERS, note=note)


def requests(number: int) -> str:
    """Return a number of requests in words."""
    return f"{number:,} request{'s' * (number != 1)}"


def _listed(found: pa.Table, names: Sequence[str]) -> str:
    """The named columns of a listing."""
    return _whole(names, [[row[name] for name in names] for row in found.to_pylist()])


def _whole(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return csv_text(names, rows, max_rows=len(rows), max_characters=10 * MAX_CHARACTERS)


def _arguments(found: View) -> str:
    return ", ".join(f"{each.name} {each.type} := {each.default}" for each in found.arguments)


def _described(found: View) -> Iterator[str]:
    """The lines about a view."""
    yield f"{found.name}: {found.question}"
    yield f"FROM harvest.{found.name}({_arguments(found)})"
    yield ""
    yield found.definition
    yield ""
    yield f"Access: {found.access}. Arguments:"
    yield from (f"  {each.name}: {each.text}" for each in found.arguments)
    yield "Columns:"
    yield from (f"  {name}: {text}" for name, text in found.columns.items())
