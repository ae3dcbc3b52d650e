"""A cursor that works for a registered connection: what it asks counts as asked by that connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.engine.hidden_arguments import SESSION_VARIABLE
from harvest_duck.engine.session import Session, sessions
from harvest_duck.engine.shared_catalog import binding_of
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    import duckdb

__all__ = ["sibling"]


def sibling(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return a cursor whose scans stand in the request log and the progress of a registered connection.

    Interrupting the connection ends them. The last error is the cursor's own.
    """
    binding, own = binding_of(con), sessions[con]
    cursor = con.cursor()
    session = Session(request_log=own.request_log, running=own.running, readers=own.readers, default=own.default)
    cursor.execute(f"SET VARIABLE {SESSION_VARIABLE} = {text(session.name)}")
    binding.add(cursor, session)
    return cursor
