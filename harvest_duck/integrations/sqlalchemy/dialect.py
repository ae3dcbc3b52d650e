"""The dialect: the URL, the connections of the pool, and what SQLAlchemy has to know of DuckDB."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy
from sqlalchemy import event, exc, types
from sqlalchemy.engine.default import DefaultDialect

from harvest_duck.integrations.sqlalchemy import column_types
from harvest_duck.integrations.sqlalchemy.compiler import HarvestCompiler, HarvestPreparer, HarvestTypeCompiler
from harvest_duck.integrations.sqlalchemy.database import Database
from harvest_duck.integrations.sqlalchemy.dbapi import DBAPI, Connection, QmarkDBAPI
from harvest_duck.integrations.sqlalchemy.reflection import Reflection
from harvest_duck.integrations.sqlalchemy.url import connection_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

_IS_OLD = sqlalchemy.__version__.startswith("1.")
_AUTOCOMMIT = "AUTOCOMMIT"


# SQLAlchemy is not installed where types are checked.
class HarvestDialect(Reflection, DefaultDialect):  # type: ignore[misc]
    """`harvest://`: tables of Harvest as those of a database that can only be read."""

    name = "harvest"
    driver = "duckdb"
    statement_compiler = HarvestCompiler
    type_compiler_cls = type_compiler = HarvestTypeCompiler
    preparer = HarvestPreparer
    colspecs: Mapping[type, type] = {types.Numeric: column_types.Numeric, types.Float: types.Float}
    supports_statement_cache = True
    supports_comments = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_uuid = True
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False
    tuple_in_values = True
    div_is_floordiv = False
    # What the compilers of PostgreSQL's dialect ask of theirs.
    _backslash_escapes = False
    _supports_jsonb_subscripting = False
    _json_serializer = _json_deserializer = None

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._databases: dict[tuple[str, bool], Database] = {}
        if "alembic" in sys.modules:
            from harvest_duck.integrations.sqlalchemy import alembic_impl  # noqa: F401, PLC0415 - it knows its dialects

    @classmethod
    def import_dbapi(cls) -> type[DBAPI]:
        """Return what SQLAlchemy takes for the module of the driver."""
        return QmarkDBAPI if _IS_OLD else DBAPI

    @classmethod
    def dbapi(cls) -> type[DBAPI]:
        """Return the same under its name in SQLAlchemy 1.4."""
        return cls.import_dbapi()

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Let the pool of an engine give a process no connection of its parent's."""
        event.listen(engine, "checkout", _refuse_inherited)

    def create_connect_args(self, url: URL) -> tuple[tuple[()], dict[str, Any]]:
        """Return what `connect` is called with; `connect_args` of `create_engine` replace it.

        Raises `ConnectionStringError` for a URL that cannot be used.
        """
        return (), {"connection": connection_string(url)}

    def connect(self, *, connection: str, only_attached: bool = False) -> Connection:
        """Return a new connection. Raises the errors of a connection string that cannot be used."""
        database = self._databases.setdefault(
            (connection, only_attached), Database(connection, only_attached=only_attached)
        )
        return Connection(database)

    def is_disconnect(self, e: Exception, connection: object, cursor: object) -> bool:  # noqa: ARG002
        """Return whether an error says that the connection is closed."""
        return isinstance(e, duckdb.ConnectionException)

    def get_isolation_level_values(self, dbapi_connection: object) -> list[str]:  # noqa: ARG002
        """Return the one there is: each query sees Harvest as it is then."""
        return [_AUTOCOMMIT]

    def set_isolation_level(self, dbapi_connection: object, level: str) -> None:
        """Do nothing."""

    def get_isolation_level(self, dbapi_connection: object) -> str:  # noqa: ARG002
        """Return that of each connection."""
        return _AUTOCOMMIT

    def get_default_isolation_level(self, dbapi_conn: object) -> str:  # noqa: ARG002
        """Return the same."""
        return _AUTOCOMMIT

    def _get_server_version_info(self, connection: object) -> tuple[int, ...]:  # noqa: ARG002
        return tuple(int(part) for part in duckdb.__version__.split(".")[:3] if part.isdecimal())

    def _get_default_schema_name(self, connection: object) -> str:  # noqa: ARG002
        return "main"


def _refuse_inherited(dbapi_connection: Connection, record: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    """Raise `DisconnectionError` for a connection that another process made; the pool makes a new one then."""
    if dbapi_connection.process != os.getpid():
        record.dbapi_connection = proxy.dbapi_connection = None
        raise exc.DisconnectionError("the connection belongs to the process from which this one was forked")
