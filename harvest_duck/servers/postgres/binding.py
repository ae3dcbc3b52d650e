"""What the extended protocol does with a statement: it is prepared, described, and bound to values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.opening import opened
from harvest_duck.servers.postgres.parameter_types import parameter_types
from harvest_duck.servers.postgres.parameters import literal
from harvest_duck.servers.postgres.portals import TEXT, RowsPortal
from harvest_duck.servers.postgres.prepared import Prepared, query_of
from harvest_duck.servers.postgres.query import parameter_count
from harvest_duck.servers.postgres.statements import statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.backend import Field
    from harvest_duck.servers.postgres.messages import Bind
    from harvest_duck.servers.postgres.portals import Portal
    from harvest_duck.servers.postgres.state import State

__all__ = ["bound", "described", "prepared"]

#: DuckDB's type of a column of which nothing is known but NULL: it is a text to clients.
_UNKNOWN = '"NULL"'


def prepared(state: State, sql: str, declared: Sequence[int]) -> Prepared:
    """Return the one statement of a text, with a type for each parameter; raises a Failure for several."""
    found = statements(sql)
    if len(found) != 1:
        raise Failure("42601", "cannot insert multiple commands into a prepared statement")
    written = query_of(found[0])
    count = max(parameter_count(written), len(declared))
    given = [*declared, *[0] * count][:count]
    return Prepared(found[0], tuple(parameter_types(written, given, state.database.type_of)) if count else ())


async def described(state: State, found: Prepared) -> Sequence[Field] | None:
    """Return the columns of a statement, None where it has none. Nothing is run."""
    values = [literal(oid, 0, None) for oid in found.types]
    portal = await opened(state, found.statement, values, (), found.columns)
    try:
        if isinstance(portal, RowsPortal):
            found.columns = tuple(TEXT if each.duckdb == _UNKNOWN else each for each in portal.source.columns)
        return portal.fields()
    finally:
        await state.close([portal])


async def bound(state: State, found: Prepared, message: Bind) -> Portal:
    """Return a portal for a statement with the values of a message."""
    if len(message.values) != len(found.types):
        raise Failure(
            "08P01",
            f"bind message supplies {len(message.values)} parameters, "
            f'but prepared statement "{message.statement}" requires {len(found.types)}',
        )
    values = [
        literal(oid, form, raw) for oid, form, raw in zip(found.types, message.formats, message.values, strict=True)
    ]
    return await opened(state, found.statement, values, message.result_formats, found.columns)
