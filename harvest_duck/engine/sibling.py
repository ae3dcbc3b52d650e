"""What works in the place of a connection: a cursor that asks for it; and the accounts that are attached to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.connection import resolve
from harvest_duck.engine.hidden_arguments import SESSION_VARIABLE
from harvest_duck.engine.session import Session, sessions
from harvest_duck.engine.shared_catalog import binding_of, found
from harvest_duck.pushdown.sql import text
from harvest_duck.runtime import critical_section

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.connection import Connection

__all__ = ["attached", "sibling"]


def attached(con: duckdb.DuckDBPyConnection, name: str) -> Connection | None:
    """Return the connection of the account that is attached as `name`, None where none is.

    Raises `ConnectionStringError` where its connection string cannot be used any more.
    """
    binding = found(con)
    account = None if binding is None else binding.attached.get(name.lower())
    return None if account is None else resolve(account.handle.connection)


def sibling(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return a cursor whose scans stand in the request log and the progress of a registered connection.

    Interrupting the connection ends them. The last error is the cursor's own.
    """
    with critical_section.entered():
        binding = binding_of(con)
        own = sessions.get(con, binding.shared)
        cursor = con.cursor()
        session = Session(request_log=own.request_log, running=own.running, readers=own.readers, default=own.default)
        cursor.execute(f"SET VARIABLE {SESSION_VARIABLE} = {text(session.name)}")
        binding.add(cursor, session)
        return cursor
