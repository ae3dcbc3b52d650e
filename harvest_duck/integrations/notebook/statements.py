"""Runs the SQL of a cell, each statement once, and keeps the rows of the last one that has some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from duckdb import StatementType

from harvest_duck.engine import register
from harvest_duck.errors import QueryError
from harvest_duck.formats import results
from harvest_duck.integrations.notebook import parameters
from harvest_duck.integrations.notebook.result import Result
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb
    import pyarrow as pa

__all__ = ["explained", "run"]


def run(con: duckdb.DuckDBPyConnection, sql: str, namespace: dict[str, object]) -> Result | str:
    """Run statements, and return the result of the last one with rows; where none has any, what the last one did.

    `namespace` has the variables of the notebook: the parameters, and the tables that no database has.
    """
    statements = _parsed(con, sql)
    kept: pa.Table | None = None
    done = ""
    for statement in statements:
        values = parameters.values(statement.named_parameters, namespace)
        rows = _rows(con, statement, values, namespace)
        if isinstance(rows, str):
            done = rows
        else:
            kept = rows
    return done if kept is None else Result(kept, results.time_zone(con))


def explained(con: duckdb.DuckDBPyConnection, sql: str, namespace: Mapping[str, object], *, probe: bool) -> pa.Table:
    """Return the requests that a SELECT would send, with literals in the place of its parameters."""
    (statement, *others) = _parsed(con, sql)
    if others:
        raise QueryError("--explain takes one SELECT: run the other statements in a cell of their own")
    values = parameters.values(statement.named_parameters, namespace)
    literals = {name: _literal(con, value) for name, value in values.items()}
    return register.explain(parameters.replaced(statement.query, literals), con, probe=probe)


def _parsed(con: duckdb.DuckDBPyConnection, sql: str) -> list[duckdb.Statement]:
    statements = con.extract_statements(parameters.with_dollars(sql))
    if not statements:
        raise QueryError("there is no statement in the cell: write one, such as FROM harvest.clients")
    return statements


def _rows(
    con: duckdb.DuckDBPyConnection, statement: duckdb.Statement, values: dict[str, Any], namespace: dict[str, object]
) -> pa.Table | str:
    """Run one statement, and return its rows, or what it did."""
    if results.STREAMS_RELATIONS and statement.type == StatementType.SELECT:
        relation = _called_among(namespace, con.sql, statement, params=values or None)
        return cast("duckdb.DuckDBPyRelation", relation).to_arrow_reader().read_all()
    _called_among(namespace, con.execute, statement, values or None)
    if results.has_rows(con, statement):
        return results.executed(con).read_all()
    # What DuckDB answers to a statement that changes rows.
    counts = [column[0] for column in con.description or ()] == ["Count"]
    return _done(statement, con.fetchall() if counts else [])


def _called_among(
    namespace: dict[str, object], function: Callable[..., object], *given: object, **named: object
) -> object:
    """Return what `function` returns, called where the variables of the notebook are the global ones.

    DuckDB looks there, and nowhere else, for a table that no database has.
    """
    call = {"_harvest_duck_call": (function, given, named)}
    code = "_harvest_duck_call[0](*_harvest_duck_call[1], **_harvest_duck_call[2])"
    return eval(code, namespace, call)  # noqa: S307 - the code is above


def _done(statement: duckdb.Statement, rows: list[tuple[Any, ...]]) -> str:
    """Return in a few words what a statement without rows did."""
    kind = statement.type.name.replace("_", " ")
    if not rows:
        return f"{kind}: done"
    ((count,),) = rows
    return f"{kind}: {count:,} {'row' if count == 1 else 'rows'}"


def _literal(con: duckdb.DuckDBPyConnection, value: object) -> str:
    """Return a value as SQL writes it."""
    if value is None:
        return "NULL"
    ((kind, written),) = con.execute("SELECT typeof($value), $value::VARCHAR", {"value": value}).fetchall()
    return f"CAST({text(written)} AS {kind})"
