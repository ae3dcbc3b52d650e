"""The relations of PostgreSQL's catalogue with their columns, from its own pg_class, pg_attribute and pg_type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.pushdown.sql import identifier
from harvest_duck.servers.postgres.pg_catalog import package_data
from harvest_duck.servers.postgres.pg_catalog.column_types import SCHEMAS, duckdb_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.servers.postgres.pg_catalog.objects import Row

__all__ = ["Columns", "SystemRelation"]


@dataclass(frozen=True, slots=True)
class SystemRelation:
    """A table or view of PostgreSQL's catalogue; `public` says that every user may read it."""

    schema: str
    name: str
    kind: str
    columns: tuple[tuple[str, str], ...]
    public: bool

    @property
    def duckdb_columns(self) -> str:
        """Its columns as CREATE TABLE lists them."""
        return ", ".join(f"{identifier(name)} {duckdb_type(kind)}" for name, kind in self.columns)


class Columns:
    """The relations of PostgreSQL's catalogue."""

    def __init__(self) -> None:
        self.classes: list[Row] = package_data.rows("pg_class").to_pylist()
        #: The rows of pg_type by number.
        self.types: dict[int, Row] = {row["oid"]: row for row in package_data.rows("pg_type").to_pylist()}
        self.listed = tuple(self._listed())
        self.relations = frozenset(each.name for each in self.listed)
        self.numbers = frozenset(name for each in self.listed for name, kind in each.columns if kind == "oid")

    def _listed(self) -> Iterator[SystemRelation]:
        schemas = {row["oid"]: row["nspname"] for row in package_data.rows("pg_namespace").to_pylist()}
        columns = self._columns()
        for row in self.classes:
            schema = schemas[row["relnamespace"]]
            if row["relkind"] in "rv" and schema in SCHEMAS:
                granted = any(item.startswith("=") and "r" in item.partition("/")[0] for item in row["relacl"] or ())
                kind = tuple((name, kind) for _, name, kind in sorted(columns[row["oid"]]))
                yield SystemRelation(schema, row["relname"], row["relkind"], kind, granted)

    def _columns(self) -> dict[int, list[tuple[int, str, str]]]:
        called = dict(zip(*package_data.rows("_types").to_pydict().values(), strict=True))
        found: dict[int, list[tuple[int, str, str]]] = {}
        table = package_data.rows("pg_attribute").select(["attrelid", "attnum", "attname", "atttypid"])
        for relation, number, name, kind in zip(*table.to_pydict().values(), strict=True):
            if number > 0:
                found.setdefault(relation, []).append((number, name, called[kind]))
        return found
