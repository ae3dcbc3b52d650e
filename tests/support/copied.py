"""What a copy of an account holds, compared with what its sandbox has: an oracle apart from scans and syncs."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import duckdb
from support.sandbox_rows import assert_same, rows_of

from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from harvest_duck.catalog.model import Table
    from harvest_duck.sandbox import Sandbox

__all__ = ["TOLD", "Copied", "keys"]

Key = tuple[Any, ...]

#: The tables whose ids every sync has right: lists, and what Harvest tells by the record around it.
TOLD = (
    *("time_entries", "expenses", "clients", "contacts", "projects", "tasks", "users", "roles", "expense_categories"),
    *("task_assignments", "user_assignments", "invoices", "invoice_line_items", "invoice_payments", "invoice_messages"),
    *("estimates", "estimate_line_items", "estimate_messages", "invoice_item_categories", "estimate_item_categories"),
)


def keys(sandbox: Sandbox, name: str) -> set[Key]:
    """Return the keys of the records of a table of the sandbox."""
    table = TABLES[name]
    own = replace(table, own_columns=tuple(each for each in table.own_columns if each.key))
    return {row[:-1] for row in rows_of(own, sandbox, MAIN_ID)}


class Copied(AbstractContextManager["Copied"]):
    """The copy at `path` as any DuckDB reads it, as it is at this moment."""

    def __init__(self, path: Path) -> None:
        self.con = duckdb.connect(config={"threads": 1})
        self.con.execute(f"SET TimeZone = 'UTC'; ATTACH '{path}' AS copy (READ_ONLY)")
        names = self._rows("SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'copy'")
        self.tables = {name for schema, name in names if schema == "main"}
        self._deleted = {name for schema, name in names if schema == "deleted"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.con.close()

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()

    def rows(self, query: str) -> Counter[str]:
        """Return the rows of a query in words, and how often each is there."""
        return Counter(map(repr, self._rows(query)))

    def keys(self, name: str, schema: str = "main") -> set[Key]:
        """Return the keys of the rows of a table, each of which has to be there once."""
        rows = self._rows(f"SELECT {', '.join(TABLES[name].key)} FROM copy.{schema}.{name}")
        assert len(rows) == len(set(rows)), f"{name}: two rows with one key"
        return set(rows)

    def tombstones(self, name: str) -> set[Key]:
        """Return the keys of the rows that were found to be deleted."""
        return self.keys(name, "deleted") if name in self._deleted else set()

    def proofs(self) -> dict[str, dict[str, Any]]:
        """Return what the last runs proved of each table."""
        found = self.con.execute("FROM copy.mirror.proofs")
        names = [each[0] for each in found.description or ()]
        return {row[names.index("table_name")]: dict(zip(names, row, strict=True)) for row in found.fetchall()}

    def updated_at(self, name: str) -> dict[int, datetime]:
        """Return when each row of a table was updated."""
        return dict(self._rows(f"SELECT id, updated_at FROM copy.main.{name}"))

    def assert_ids(self, sandbox: Sandbox, name: str) -> None:
        """Raise AssertionError unless the copy has the rows that the sandbox has, by their keys."""
        found, wanted = self.keys(name), keys(sandbox, name)
        assert found == wanted, f"{name}: lacks {sorted(wanted - found)}, has also {sorted(found - wanted)}"

    def assert_values(self, sandbox: Sandbox, name: str, *, but: list[str] | None = None) -> None:
        """Raise AssertionError unless every value of a table is that of the sandbox, but in some columns."""
        table = TABLES[name]
        read = [each for each in table.own_columns if each.name not in (but or ())]
        own: Table = replace(table, own_columns=tuple(read))
        names = ", ".join(f'"{each.name}"' for each in own.columns)
        found = self._rows(f"SELECT {names} FROM copy.main.{name}")
        wanted = rows_of(own, sandbox, MAIN_ID)
        try:
            assert_same(found, wanted)
        except AssertionError:
            raise AssertionError(_difference(own, found, wanted)) from None


def _difference(table: Table, found: list[Key], wanted: list[Key]) -> str:
    """Return the first rows that differ, in the columns that differ."""
    names = [each.name for each in table.columns]
    key = [names.index(name) for name in table.key]
    here, there = ({tuple(row[i] for i in key): row for row in rows} for rows in (found, wanted))
    differing = [
        (each, {name: (a, b) for name, a, b in zip(names, here[each], there[each], strict=True) if a != b})
        for each in here.keys() & there.keys()
        if here[each] != there[each]
    ]
    missing, extra = sorted(there.keys() - here.keys()), sorted(here.keys() - there.keys())
    return f"{table.name}: lacks {missing}, has also {extra}; (copy, Harvest): {differing[:3]}"
