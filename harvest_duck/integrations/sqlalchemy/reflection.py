"""What `inspect(engine)` tells: all of it stands in the catalog, and no request is sent.

The account of the engine is the schema `main`, which is the default; `harvest` and `harvest.main` name it too. An
account that `attach` adds is a schema of its name. Each table is told as a table, although it is a view of DuckDB's: it
can have keys so. A ready view is a function with arguments, and no table.

SQLAlchemy answers its `get_multi_…` from these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import exc

from harvest_duck.catalog.model import ACCOUNT_ID
from harvest_duck.catalog.tables import TABLES
from harvest_duck.engine.shared_catalog import found
from harvest_duck.engine.sibling import attached
from harvest_duck.engine.underlying import underlying
from harvest_duck.integrations.sqlalchemy.column_types import column_type
from harvest_duck.integrations.sqlalchemy.compiler import parts
from harvest_duck.integrations.sqlalchemy.database import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from sqlalchemy.engine import Connection

    from harvest_duck.catalog.model import Column, Table

_MAIN = "main"
_Found = TypeVar("_Found")


class Reflection:
    """The methods of a dialect by which SQLAlchemy reflects."""

    def get_schema_names(self, connection: Connection, **kw: object) -> list[str]:
        """Return `main` and the other accounts that are attached."""
        quote = self.identifier_preparer.quote  # type: ignore[attr-defined]  # of the dialect
        names = self._accounts(connection, **kw).values()
        return [_MAIN, *(quote(name) for name in sorted(names) if name.lower() != ACCOUNT)]

    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: object) -> list[str]:
        """Return the tables of Harvest, none where no account is attached as `schema`."""
        return list(TABLES) if self._account(connection, schema, **kw) is not None else []

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **kw: object) -> bool:
        """Return whether there is a table of that name."""
        return table_name.lower() in TABLES and self._account(connection, schema, **kw) is not None

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[Any]:
        """Return the columns of a table."""
        table = self._table(connection, table_name, schema, **kw)
        return [_described(column) for column in table.columns]

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> dict[str, Any]:
        """Return the columns that identify a row; the account is one of them where the engine reads several."""
        table = self._table(connection, table_name, schema, **kw)
        several = [ACCOUNT_ID.name] if table.key and self._reads_several(connection, schema, **kw) else []
        return {"name": None, "constrained_columns": [*table.key, *several]}

    def get_foreign_keys(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[Any]:
        """Return the columns that refer to another table, with the account where the engine reads several."""
        table = self._table(connection, table_name, schema, **kw)
        several = [ACCOUNT_ID.name] if self._reads_several(connection, schema, **kw) else []
        return [_reference(column, schema, several) for column in table.columns if column.references]

    def get_table_comment(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> dict[str, str]:
        """Return the description of a table."""
        return {"text": self._table(connection, table_name, schema, **kw).description}

    def get_indexes(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> list[Any]:
        """Return none: Harvest has no indexes that a query could choose."""
        self._table(connection, table_name, schema, **kw)
        return []

    get_unique_constraints = get_check_constraints = get_indexes

    def get_table_options(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: object
    ) -> dict[str, Any]:
        """Return none."""
        self._table(connection, table_name, schema, **kw)
        return {}

    def get_view_names(self, *_: object, **__: object) -> list[str]:
        """Return none: what DuckDB has as views is told as tables."""
        return []

    get_materialized_view_names = get_temp_table_names = get_temp_view_names = get_sequence_names = get_view_names

    def get_view_definition(self, connection: Connection, view_name: str, *_: object, **__: object) -> str:  # noqa: ARG002
        """Raise `NoSuchTableError`, as there are no views."""
        raise exc.NoSuchTableError(view_name)

    def has_sequence(self, *_: object, **__: object) -> bool:
        """Return False."""
        return False

    def _table(self, connection: Connection, table_name: str, schema: str | None, **kw: object) -> Table:
        if not self.has_table(connection, table_name, schema, **kw):
            raise exc.NoSuchTableError(f"{schema}.{table_name}" if schema else table_name)
        return TABLES[table_name.lower()]

    def _accounts(self, connection: Connection, **kw: object) -> dict[str, str]:
        """The catalogs of the attached accounts, by their names in lower case."""

        def look_up() -> dict[str, str]:
            binding = found(underlying(connection))
            return {} if binding is None else {name: account.catalog for name, account in binding.attached.items()}

        return _once(kw, ("harvest accounts",), look_up)

    def _account(self, connection: Connection, schema: str | None, **kw: object) -> str | None:
        """The catalog of the account that a schema is, None where there is none."""
        match [part.lower() for part in parts(schema or _MAIN)]:
            case [name] if name == _MAIN:
                name = ACCOUNT
            case [name] | [name, "main"]:
                pass
            case _:
                return None
        return self._accounts(connection, **kw).get(name)

    def _reads_several(self, connection: Connection, schema: str | None, **kw: object) -> bool:
        """Whether the account that a schema is stands for several of Harvest's, whose ids may be equal."""

        def look_up() -> bool:
            account = attached(underlying(connection), self._account(connection, schema, **kw) or ACCOUNT)
            text = (None if account is None else account.account_id) or ""
            return text == "*" or "," in text

        return _once(kw, ("harvest reads several", schema), look_up)


def _once(kw: dict[str, object], key: Hashable, look_up: Callable[[], _Found]) -> _Found:
    """Return what is looked up, or what was before with the same inspector."""
    cache = kw.get("info_cache")
    if not isinstance(cache, dict):
        return look_up()
    if key not in cache:
        cache[key] = look_up()
    found: _Found = cache[key]
    return found


def _described(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column_type(column.type),
        "nullable": not column.key,
        "default": None,
        "autoincrement": False,
        "comment": column.description,
    }


def _reference(column: Column, schema: str | None, several: list[str]) -> dict[str, Any]:
    """The foreign key of a column, in the same schema; `several` has the column of the account, or nothing."""
    table, _, referred = (column.references or "").partition(".")
    several = [] if column is ACCOUNT_ID or table == "accounts" else several
    return {
        "name": None,
        "constrained_columns": [column.name, *several],
        "referred_schema": schema,
        "referred_table": table,
        "referred_columns": [referred, *several],
        "options": {},
    }
