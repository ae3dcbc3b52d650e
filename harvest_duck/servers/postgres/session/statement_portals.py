"""From a statement to the portal that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from harvest_duck.connection import resolve
from harvest_duck.servers.postgres.cache_report import cache_report
from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.session.commands import command
from harvest_duck.servers.postgres.session.copy_out import CopyPortal
from harvest_duck.servers.postgres.session.declared import FetchPortal
from harvest_duck.servers.postgres.session.portals import RowsPortal, Texts
from harvest_duck.servers.postgres.session.prepared import query_of
from harvest_duck.servers.postgres.session.query import TableQuery, parameter_count, query
from harvest_duck.servers.postgres.session.result import Result, explained
from harvest_duck.servers.postgres.session.set_config import Call, Setting, calls_in, with_results
from harvest_duck.servers.postgres.sql.statement_kinds import (
    Copy,
    Declare,
    ExecutePrepared,
    Explain,
    Fetch,
    Select,
    Show,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harvest_duck.servers.postgres.session.portals import Portal, Source
    from harvest_duck.servers.postgres.session.state import State
    from harvest_duck.servers.postgres.sql.statement_kinds import Statement
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["opened"]

#: The table that the server itself has, beside PostgreSQL's settings.
_CACHE = "harvest.cache"
_EXPLAINED = "QUERY PLAN"


async def opened(
    state: State,
    statement: Statement,
    values: Sequence[str] = (),
    formats: Sequence[int] = (),
    wanted: Sequence[ColumnType] | None = None,
) -> Portal:
    """Return a portal for a statement, with literals for its parameters and formats for its columns.

    `wanted` are the types of the columns where the client was told of them. Raises a Failure for what cannot run.
    """
    portal = await _opened(state, statement, values, formats, wanted)
    portal.statement = statement
    return portal


async def _opened(
    state: State,
    statement: Statement,
    values: Sequence[str],
    formats: Sequence[int],
    wanted: Sequence[ColumnType] | None,
) -> Portal:
    match statement:
        case Select(tokens=tokens):
            calls = calls_in(tokens, values)
            source = await selected(state, statement, values, wanted, calls)
            made = Setting(source, calls, state) if calls else source
            return await _or_closed(state, source, lambda: RowsPortal("SELECT", made, formats))
        case Explain():
            lines = await _explained(state, statement, values)
            return RowsPortal("EXPLAIN", Texts([_EXPLAINED], lambda: [[line] for line in lines]), formats)
        case Show(name=name):
            return RowsPortal("SHOW", await _shown(state, name), formats)
        case Fetch():
            return _fetch(state, statement, formats)
        case Copy(body=body, options=options):
            copied = await selected(state, body, values)
            return await _or_closed(state, copied, lambda: CopyPortal(copied, options))
        case ExecutePrepared():
            executed, given = _executed(state, statement)
            return await _opened(state, executed, given, formats, wanted)
        case Declare(body=body):
            source = await selected(state, body, values)
            return command(state, statement, source)
        case _:
            return command(state, statement)


async def selected(
    state: State,
    body: Select,
    values: Sequence[str],
    wanted: Sequence[ColumnType] | None = None,
    calls: Sequence[Call] = (),
) -> Result:
    """Return the result of a query, bound and not yet run."""
    return await state.interruption.run(_result, state, body, values, wanted, calls)


def _result(
    state: State, body: Select, values: Sequence[str], wanted: Sequence[ColumnType] | None, calls: Sequence[Call]
) -> Result:
    # On the session's thread: a long query takes long to rewrite, and other sessions go on meanwhile.
    written = with_results(body.tokens, calls, state)
    made = query(written, values, state.database.catalogue, shown=body.tokens)
    return Result(made, state.cursors, state.interruption, wanted)


async def _explained(state: State, statement: Explain, values: Sequence[str]) -> list[str]:
    """Return the lines of DuckDB's plan, for which the query runs where ANALYZE is asked for."""
    body: Select | Declare | ExecutePrepared = statement.body
    given = values
    if isinstance(body, ExecutePrepared):
        executed, given = _executed(state, body)
        body = executed if isinstance(executed, Select) else _refused(executed)
    elif isinstance(body, Declare):
        body = body.body
    form = statement.options.get("format", "text").strip("'").lower()
    if form not in ("text", "json"):
        raise Failure("0A000", f"EXPLAIN (FORMAT {form}) is not supported: use text or json")
    options = [*(["ANALYZE"] if statement.analyze else []), *(["FORMAT JSON"] if form == "json" else [])]
    return await state.interruption.run(_plan, state, body, given, options)


def _plan(state: State, body: Select, values: Sequence[str], options: Sequence[str]) -> list[str]:
    made = query(body.tokens, values, state.database.catalogue)
    return explained(made, state.cursors, state.interruption, options)


async def _shown(state: State, name: str) -> Source:
    if name == _CACHE:
        settings, counts = resolve(state.database.served.connection), state.database.log.counts
        table = await state.interruption.run(cache_report, settings, counts)
        return await state.interruption.run(Result, TableQuery(table), state.cursors, state.interruption)
    if name == "all":
        return Texts(["name", "setting", "description"], lambda: list(state.settings.all()))
    # That there is such a setting is known before it is shown.
    state.settings.get(name)
    return Texts([state.settings.name_of(name)], lambda: [[state.settings.shown(name)]])


async def _or_closed(state: State, source: Result, portal: Callable[[], Portal]) -> Portal:
    """Return a portal of a result, which is closed where there can be none."""
    try:
        return portal()
    except Failure:
        await state.interruption.finish(source.close)
        raise


def _fetch(state: State, statement: Fetch, formats: Sequence[int]) -> RowsPortal:
    declared = state.cursor(statement.name)
    skipped, wanted = declared.steps(statement.direction, statement.count)
    return FetchPortal("FETCH", declared, formats, skipped=skipped, wanted=wanted)


def _executed(state: State, statement: ExecutePrepared) -> tuple[Statement, Sequence[str]]:
    """Return a statement that was prepared, and the expressions of SQL for its parameters."""
    found = state.prepared.get(statement.name)
    if found is None:
        raise Failure("26000", f'prepared statement "{statement.name}" does not exist')
    count, given = parameter_count(query_of(found.statement)), len(statement.arguments)
    count = max(count, len(found.type_names))
    if count != given:
        raise Failure(
            "42601",
            f'wrong number of parameters for prepared statement "{statement.name}"',
            detail=f"Expected {count} parameters but got {given}.",
        )
    names = [*found.type_names, *["unknown"] * count][:count]
    texts = ("".join(token.text for token in argument) for argument in statement.arguments)
    casts = [
        f"({text})" if name == "unknown" else f"CAST({text} AS {name})" for text, name in zip(texts, names, strict=True)
    ]
    return found.statement, casts


def _refused(statement: Statement) -> NoReturn:
    raise Failure("0A000", f"EXPLAIN of {statement.tag} is not supported")
