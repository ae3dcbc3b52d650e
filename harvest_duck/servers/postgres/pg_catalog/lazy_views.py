"""Views that are made when a statement first names them."""

from __future__ import annotations

import re
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

__all__ = ["LazyViews"]

_NAMED = re.compile(r'CREATE VIEW (?P<place>postgres\.\w+\."(?P<name>\w+)") AS')
_WORD = re.compile(r"\w+")


class LazyViews:
    """Views by name, each of which fails until it is provided."""

    def __init__(self, con: duckdb.DuckDBPyConnection, statements: Iterable[str]) -> None:
        self._statements = {found["name"]: each for each in statements if (found := _NAMED.match(each))}
        self._left = set(self._statements)
        self._lock = Lock()
        con.execute(";".join(map(_stub, self._statements.values())))

    @property
    def names(self) -> frozenset[str]:
        """The names of all of them."""
        return frozenset(self._statements)

    def provide(self, con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
        """Make the views of these names, and those that they read."""
        wanted = self._left.intersection(names)
        if not wanted:
            return
        with self._lock, con.cursor() as cursor:
            cursor.execute("SET search_path = 'postgres.catalog'")
            for name in sorted(wanted):
                self._make(cursor, name)

    def _make(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        if name not in self._left:
            return
        statement = self._statements[name]
        for read in sorted(self._left.intersection(_WORD.findall(statement)) - {name}):
            self._make(con, read)
        con.execute(statement.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1))
        self._left.discard(name)


def _stub(statement: str) -> str:
    found = _NAMED.match(statement)
    name = found["place"] if found else ""
    # In the condition, because DuckDB computes no column that a query does not need.
    return f"CREATE VIEW {name} AS SELECT NULL AS failure WHERE error('{name} was not provided')::VARCHAR = ''"
