"""What the extended protocol does with a statement: it is prepared, described, and bound to values."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.parameters.parameter_types import UNKNOWN
from harvest_duck.servers.postgres.parameters.parameters import literal
from harvest_duck.servers.postgres.session.portals import TEXT, RowsPortal
from harvest_duck.servers.postgres.session.prepared import Prepared, parameter_oids
from harvest_duck.servers.postgres.session.statement_portals import opened
from harvest_duck.servers.postgres.sql.statements import statements
from harvest_duck.servers.postgres.values.types import NUMERIC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.protocol.backend import Field
    from harvest_duck.servers.postgres.protocol.messages import Bind
    from harvest_duck.servers.postgres.session.portals import Portal
    from harvest_duck.servers.postgres.session.state import State

__all__ = ["bound", "described", "prepared"]

#: DuckDB's type of a column of which nothing is known but NULL: it is a text to clients.
_NULL = '"NULL"'
#: DuckDB 1 takes what becomes of a NULL for a number, where a text or a DECIMAL goes through an operator or a function.
_IS_OLD = duckdb.__version__.startswith("1.")
_SAMPLES = {UNKNOWN: "''", TEXT.oid: "''", 1043: "''", NUMERIC: "CAST(1 AS DECIMAL(18, 4))"}


def prepared(state: State, sql: str, declared: Sequence[int]) -> Prepared:
    """Return the one statement of a text, with a type for each parameter; raises a Failure for several.

    It may take long, and so belongs to the session's thread.
    """
    found = statements(sql)
    if len(found) != 1:
        raise Failure("42601", "cannot insert multiple commands into a prepared statement")
    return Prepared(found[0], parameter_oids(found[0], declared, state.database.type_of))


async def described(state: State, found: Prepared) -> Sequence[Field] | None:
    """Return the columns of a statement, None where it has none. Nothing is run."""
    portal = await _without_values(state, found)
    try:
        if isinstance(portal, RowsPortal):
            found.columns = tuple(TEXT if each.duckdb == _NULL else each for each in portal.source.columns)
        return portal.fields()
    finally:
        await state.close([portal])


async def _without_values(state: State, found: Prepared) -> Portal:
    """Return a portal for a statement whose parameters are NULL, so that its columns can be told."""
    if _IS_OLD and not _SAMPLES.keys().isdisjoint(found.types):
        # A text may be refused where another value would not be.
        samples = [_SAMPLES.get(oid) or literal(oid, 0, None) for oid in found.types]
        with suppress(Failure):
            return await opened(state, found.statement, samples, (), found.columns)
    return await opened(state, found.statement, [literal(oid, 0, None) for oid in found.types], (), found.columns)


async def bound(state: State, found: Prepared, message: Bind) -> Portal:
    """Return a portal for a statement with the values of a message."""
    if len(message.values) != len(found.types):
        raise Failure(
            "08P01",
            f"bind message supplies {len(message.values)} parameters, "
            f'but prepared statement "{message.statement}" requires {len(found.types)}',
        )
    values = await state.interruption.run(_literals, found.types, message)
    return await opened(state, found.statement, values, message.result_formats, found.columns)


def _literals(types: Sequence[int], message: Bind) -> list[str]:
    """Return the values of a message as SQL."""
    return [literal(oid, form, raw) for oid, form, raw in zip(types, message.formats, message.values, strict=True)]
