"""The magics of IPython: `%%harvest` for a cell of SQL, `%harvest` for a line of it."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import duckdb
from IPython.core.magic import Magics, line_cell_magic, magics_class, needs_local_scope, no_var_expand
from IPython.display import display

from harvest_duck import connections
from harvest_duck.engine import catalogue_names, register
from harvest_duck.engine.underlying import underlying
from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.integrations.notebook import completion, options, progress, statements
from harvest_duck.integrations.notebook.failures import one_line_errors, requests_ended
from harvest_duck.integrations.notebook.result import Result

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from harvest_duck.integrations.notebook.options import Options
    from harvest_duck.introspection.sql_names import Names

__all__ = ["HarvestMagics"]


@magics_class
class HarvestMagics(Magics):  # type: ignore[misc]
    """The magics of one notebook, and the connections that its cells share."""

    def __init__(self, shell: Any) -> None:  # noqa: ANN401 - of IPython
        super().__init__(shell)
        self._connections: dict[str, duckdb.DuckDBPyConnection] = {}
        self._default: object = ""
        #: The names that SQL may use, by connection, until the next cell has run.
        self._names: WeakKeyDictionary[duckdb.DuckDBPyConnection, Names] = WeakKeyDictionary()
        self.matcher = completion.matcher(self._names_of, lambda: self.shell.user_ns)

    @no_var_expand  # type: ignore[untyped-decorator]
    @needs_local_scope  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def harvest(self, line: str, cell: str = "", local_ns: dict[str, object] | None = None) -> object:
        """Run SQL over Harvest, and keep the rows: `%%harvest [-c CONNECTION] [-o NAME] [--explain [--no-probe]]`.

        -c CONNECTION  a DSN such as acme, a connection string, or $name, a variable that holds one or a connection of
                       DuckDB. Alone, as in `%harvest -c acme`, it is that of all later cells.
        -o NAME        the variable that gets the result; without SQL, that gets the connection of DuckDB.
        --explain      show the requests that one SELECT would send, instead of running it; --no-probe sends none.

        In the SQL, $name or {name} is the value of a variable, and FROM name reads a result, a DataFrame or a table of
        Arrow. The result has .df(), .pl(), .arrow(), .show() and len(); using it asks Harvest nothing.
        """
        self._names.clear()
        with one_line_errors():
            asked = options.read(line, cell)
            namespace = _readable(self.shell.user_ns | (local_ns or {}))
            con = self._connection(asked, namespace)
            found = self._found(con, asked, namespace) if asked.sql else con
            if asked.name is not None:
                self.shell.user_ns[asked.name] = found
                self._tell_of_table(con, asked)
        return found if asked.sql else None

    def close(self) -> None:
        """Close the connections that cells have opened."""
        while self._connections:
            self._connections.popitem()[1].close()

    def _found(self, con: duckdb.DuckDBPyConnection, asked: Options, namespace: dict[str, object]) -> object:
        """Return what the SQL of a cell leaves: a result, the requests that are explained, None for neither."""
        with requests_ended(con), self._progress(con):
            if asked.explain:
                return statements.explained(con, asked.sql, namespace, probe=asked.probe)
            found = statements.run(con, asked.sql, namespace)
        if not isinstance(found, str):
            return found
        if asked.name is not None:
            raise QueryError(f"-o {asked.name}: no statement of the cell has rows, so there is no result to keep")
        print(found)  # noqa: T201 - the output of the cell
        return None

    def _tell_of_table(self, con: duckdb.DuckDBPyConnection, asked: Options) -> None:
        """Say where FROM with the name of a result finds a table that has the name too."""
        name = asked.name or ""
        # The result is there already: a file of connections that cannot be read is told where one is asked for.
        with suppress(HarvestDuckError, OSError):
            if asked.sql and self._names_on(con).relation([name]) is not None:
                print(f"FROM {name} reads the table {name} as before; the result is the variable {name} alone")  # noqa: T201

    def _connection(self, asked: Options, namespace: dict[str, object]) -> duckdb.DuckDBPyConnection:
        """Return the connection that a cell asks for, and keep it for later cells where the cell has no SQL."""
        given = self._default if asked.connection is None else options.connection_string(asked.connection, namespace)
        con = self._opened(given) if isinstance(given, str) else underlying(given)
        if not asked.sql:
            self._default = given
        return con

    def _opened(self, connection: str) -> duckdb.DuckDBPyConnection:
        if connection not in self._connections or _is_closed(self._connections[connection]):
            self._connections[connection] = register.connect(connection)
        return self._connections[connection]

    def _names_of(self, asked: Options) -> Names:
        """Return the names that the SQL of a cell may use, for which no request is sent."""
        return self._names_on(self._connection(replace(asked, sql="SELECT"), self.shell.user_ns))

    def _names_on(self, con: duckdb.DuckDBPyConnection) -> Names:
        if con not in self._names:
            self._names[con] = catalogue_names.names(con, [each.name for each in connections.listed()])
        return self._names[con]

    def _progress(self, con: duckdb.DuckDBPyConnection) -> AbstractContextManager[None]:
        """Return the context that shows progress; IPython on a terminal cannot change what it has shown."""
        return progress.shown(con, display) if getattr(self.shell, "kernel", None) is not None else nullcontext()


def _readable(variables: dict[str, object]) -> dict[str, object]:
    """Return the variables with the table of Arrow in the place of each result: DuckDB 1.4 reads a result only once."""
    return {name: each.arrow() if isinstance(each, Result) else each for name, each in variables.items()}


def _is_closed(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether somebody has closed a connection, on which no query runs."""
    try:
        con.interrupt()
    except duckdb.ConnectionException:
        return True
    return False
