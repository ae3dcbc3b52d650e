"""The listing of the ready views, `harvest_views()`, as an Arrow table."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.display.listing import listing
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from harvest_duck.views.view import View

_ARGUMENT = pa.struct(
    [
        ("name", pa.string()),
        ("data_type", pa.string()),
        ("default_value", pa.string()),
        ("description", pa.string()),
    ]
)
_COLUMN = pa.struct([("name", pa.string()), ("description", pa.string())])
#: The columns of `harvest_views()`.
VIEWS_SCHEMA = pa.schema(
    [
        ("view_name", pa.string()),
        ("question", pa.string()),
        ("arguments", pa.list_(_ARGUMENT)),
        ("access", pa.string()),
        ("definition", pa.string()),
        ("columns", pa.list_(_COLUMN)),
    ]
)


@cache
def views_table() -> pa.Table:
    """Return one row for each ready view: what it answers, its arguments and columns, and how it counts."""
    return listing(map(_row, views().values()), VIEWS_SCHEMA)


def _row(view: View) -> dict[str, Any]:
    return {
        "view_name": view.name,
        "question": view.question,
        "arguments": [
            {"name": each.name, "data_type": each.type, "default_value": each.default, "description": each.text}
            for each in view.arguments
        ],
        "access": view.access,
        "definition": view.definition,
        "columns": [{"name": name, "description": text} for name, text in view.columns.items()],
    }
