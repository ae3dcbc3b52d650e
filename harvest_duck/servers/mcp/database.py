"""The DuckDB behind the server: the tables of one connection and nothing else, opened for the first call."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from harvest_duck.engine.register import connect, register
from harvest_duck.engine.session import sessions
from harvest_duck.servers.gate.gate import Reach, reach_of, refuse_unfit
from harvest_duck.servers.gate.refusal import Refusal
from harvest_duck.servers.gate.settings import CLOSED
from harvest_duck.views.load import views

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.servers.mcp.allowance import Allowance

__all__ = ["CATALOG", "Database"]

#: The catalog of the account.
CATALOG = "harvest"
#: The code of the gate for what is no query, and what an agent is told of it.
_NO_QUERY = "25006"
_ONE_SELECT = "refused: send one SELECT alone; the tool cost stands for EXPLAIN, and nothing is written or set here"
#: What asks Harvest beside the scans, so that no plan tells of it, and what does it in its place.
_OTHERWISE = {
    "harvest_explain": "The tool cost tells what a query would ask",
    "harvest_access": "The table me tells whose token it is",
}


class Database:
    """One account, which all calls share."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._lock = Lock()
        self._con: duckdb.DuckDBPyConnection | None = None
        self._reach: Reach | None = None

    def cursor(self, allowance: Allowance) -> duckdb.DuckDBPyConnection:
        """Return a new cursor whose requests are those of an allowance; open the database for the first one.

        Raises the errors of a connection string that cannot be used.
        """
        cursor = self.open().cursor()
        try:
            register(cursor, only_attached=True)
            sessions[cursor].request_log = allowance
        except BaseException:
            cursor.close()
            raise
        return cursor

    def open(self) -> duckdb.DuckDBPyConnection:
        """Open it, if it is not open, and return its connection; raises what `connect` does."""
        with self._lock:
            if self._con is None:
                con = connect(self._connection, name=CATALOG, only_attached=True)
                try:
                    for statement in (*CLOSED, _half_of_memory(con)):
                        con.execute(statement)
                    self._reach = _narrowed(reach_of(con))
                except BaseException:
                    con.close()
                    raise
                self._con = con
            return self._con

    def refuse_unfit(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
        """Raise `Refusal` for what is not one SELECT of what is attached."""
        try:
            refuse_unfit(cursor, sql, self._reach)
        except Refusal as refusal:
            if refusal.sqlstate == _NO_QUERY or "multiple commands" in refusal.message:
                raise Refusal(refusal.sqlstate, _ONE_SELECT) from None
            raise Refusal(refusal.sqlstate, refusal.message, hint=refusal.hint or _hint(refusal.message)) from None

    def close(self) -> None:
        """Close it."""
        with self._lock:
            con, self._con = self._con, None
            if con is not None:
                con.close()


def _half_of_memory(con: duckdb.DuckDBPyConnection) -> str:
    """The statement by which it takes at most half of the memory that DuckDB takes by itself, as `serve` does."""
    ((limit,),) = con.execute("SELECT current_setting('memory_limit')").fetchall()
    amount, unit = limit.split()
    return f"SET GLOBAL memory_limit = '{float(amount) / 2:.2f}{unit}'"


def _narrowed(reach: Reach) -> Reach:
    """What agents may name: everything of the account but what asks Harvest beside the scans."""
    functions = frozenset(each for each in reach.functions if each[2] not in _OTHERWISE)
    return Reach(reach.relations, functions, reach.hidden | _OTHERWISE.keys())


def _hint(message: str) -> str | None:
    """What to write in the place of what was refused, None where that is not known."""
    for name, instead in _OTHERWISE.items():
        if name in message:
            return f"{instead}."
    for name in views():
        if f'"{name}"' in message or f'.{name}"' in message:
            return f"It is a view with arguments: write FROM harvest.{name}()."
    return None
