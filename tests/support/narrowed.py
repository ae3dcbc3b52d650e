"""A query of each table that a parameter of Harvest's API answers in part, for engines to be compared by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from support.sandbox_rows import SPAN
from support.sql_conditions import literal

from harvest_duck.catalog.model import Origin, Scalar

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.catalog.model import Table

__all__ = ["Narrowed", "narrowed", "plain", "rows_of"]


@dataclass(frozen=True)
class Narrowed:
    """Two columns of a table for the rows that have certain values, and what SQL finds."""

    columns: list[str]
    values: dict[str, Any]

    @property
    def condition(self) -> str:
        """The values as SQL."""
        return " AND ".join(f'"{name}" = {literal(value)}' for name, value in self.values.items())


def rows_of(table: Table, con: duckdb.DuckDBPyConnection) -> pa.Table:
    """All rows of a table, or those of the agency's span of a report, as `harvest_scan` gives them."""
    span = "" if table.max_span_days is None else f" WHERE from_date = '{SPAN[0]}' AND to_date = '{SPAN[1]}'"
    return con.sql(f"SELECT * FROM harvest_scan('{table.name}'){span}").to_arrow_table()


def narrowed(table: Table, rows: pa.Table) -> Narrowed:
    """A query by a column of the path, one that has a parameter, or the key; and by the days of a report."""
    if table.max_span_days is not None:
        first, last = map(date.fromisoformat, SPAN)
        return Narrowed([rows.schema.names[-1], "from_date"], {"from_date": first, "to_date": last})
    of_path = [column.name for column in table.columns if column.origin is Origin.PATH]
    asked = [param.column for param in table.params if isinstance(table.column(param.column).type, Scalar)]
    for name in [*of_path, *asked, *table.key, *rows.schema.names]:
        known = [value for value in rows[name].unique().to_pylist() if value is not None]
        if known:
            return Narrowed([rows.schema.names[-1], rows.schema.names[0]], {name: known[0]})
    raise AssertionError(f"{table.name} has no value")


def plain(schema: pa.Schema) -> pa.Schema:
    """The schema without what says more than the type of a column: JSON is its text."""
    types = [each.type.storage_type if isinstance(each.type, pa.BaseExtensionType) else each.type for each in schema]
    return pa.schema(list(zip(schema.names, types, strict=True)))
