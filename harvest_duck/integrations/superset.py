"""What Apache Superset asks about a database by `harvest://`, beside what its dialect of SQLAlchemy answers.

Superset loads it by an entry point. Without it a database works too, but Superset offers no time grains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from superset.db_engine_specs.base import BaseEngineSpec
from superset.db_engine_specs.duckdb import DuckDBEngineSpec

if TYPE_CHECKING:
    from superset.models.core import Database


class HarvestEngineSpec(DuckDBEngineSpec):  # type: ignore[misc]  # Superset is not installed where types are checked
    """Harvest as an engine of Superset's: DuckDB's SQL, which only reads."""

    engine = "harvest"
    engine_name = "Harvest"
    engine_aliases: set[str] = set()  # noqa: RUF012 - as Superset has it
    default_driver = "duckdb"
    sqlalchemy_uri_placeholder = "harvest://acme"
    supports_file_upload = False
    parameters_schema = None

    @staticmethod
    def get_extra_params(database: Database, source: object = None) -> dict[str, Any]:  # noqa: ARG004 - as Superset calls it
        """Return the parameters of the engine, without DuckDB's settings."""
        found: dict[str, Any] = BaseEngineSpec.get_extra_params(database)
        return found
