"""What DuckDB hands over for a column: a value that is easy to send, or the text that PostgreSQL would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.values.binary_forms import binary_form
from harvest_duck.servers.postgres.values.text_forms import FUNCTIONS, text_form
from harvest_duck.servers.postgres.values.types import BOOL, JSON, element_type, is_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["projection"]


def projection(types: Sequence[ColumnType], formats: Sequence[int]) -> str:
    """Return the select list over the columns of a relation, by their place; one constant where there are none."""
    columns = [_handed_over(f"#{place}", each, formats[place - 1]) for place, each in enumerate(types, 1)]
    return ", ".join(f"{column} AS c{place}" for place, column in enumerate(columns, 1)) or "1 AS c1"


def _handed_over(column: str, kind: ColumnType, binary: int) -> str:
    if is_array(kind):
        element = element_type(kind)
        items = f"{column}::{element.duckdb}[]"  # DuckDB's arrays have a number of elements, its lists have none
        transformed = _handed_over("x", element, binary)
        return items if transformed == "x" else f"{FUNCTIONS}list_transform({items}, lambda x: {transformed})"
    if kind.oid == BOOL:
        return column
    if kind.oid == JSON and kind.duckdb != "JSON":
        return f"{FUNCTIONS}to_json({column})::VARCHAR"
    return binary_form(column, kind) if binary else text_form(column, kind)
