"""A plugin of dbt-duckdb: each database that dbt opens has Harvest attached.

In profiles.yml::

    plugins:
      - module: harvest_duck.integrations.dbt
        config: {connection: DSN=acme}
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.exceptions import DbtRuntimeError

from harvest_duck.engine.register import attach, register
from harvest_duck.errors import HarvestDuckError
from harvest_duck.integrations.dbt_accounts import attached_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    from dbt.adapters.duckdb.utils import SourceConfig, TargetConfig


class Plugin(BasePlugin):  # type: ignore[misc] # dbt is seldom there where types are checked
    """Harvest's tables and ready views as a catalog for each account, for all threads of dbt.

    Options: `connection`, a connection string; `name` of its catalog, `harvest` by default; `attach`, a list of further
    accounts, each with both.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the accounts of the configuration; nothing is asked."""
        with _as_error_of_dbt():
            self._accounts = attached_accounts(plugin_config, getattr(self.creds, "settings", None) or ())

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the accounts to the database that dbt has opened."""
        with _as_error_of_dbt():
            register(conn, self._accounts[0].connection)
            for each in self._accounts:
                attach(conn, each.connection, name=each.name)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Make `harvest_scan` known to the cursor of a thread, with requests and errors of its own."""
        register(cursor)

    def load(self, source_config: SourceConfig) -> NoReturn:
        """Refuse to copy a source into the database: its tables are there already."""
        raise DbtRuntimeError(
            f"{source_config.table_name()}: a source of Harvest has no plugin: leave `plugin` out, and write "
            f"`database: {self._accounts[0].name}` and `schema: main`"
        )

    def store(self, target_config: TargetConfig) -> NoReturn:
        """Refuse to write: nothing is ever written to Harvest."""
        raise DbtRuntimeError(
            f"{target_config.relation.identifier}: nothing is ever written to Harvest: leave `plugin` out of the "
            "configuration of the model"
        )


@contextmanager
def _as_error_of_dbt() -> Iterator[None]:
    """Raise an error of ours as a RuntimeError, which dbt-duckdb 1.11.1 shows as one line where it opens a database."""
    try:
        yield
    except HarvestDuckError as error:
        raise RuntimeError(str(error)) from error
