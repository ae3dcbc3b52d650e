"""One value as the text of a cell."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from harvest_duck.text import shortened, terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 300


def plain(value: Any) -> Any:  # noqa: ANN401 - a value of any column
    """Return a value for CSV or a table: lists and structs as JSON text, instants as ISO 8601."""
    if isinstance(value, list | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return value.isoformat() if hasattr(value, "isoformat") else value


def cell(value: Any) -> str:  # noqa: ANN401 - as above
    """Return the text of a value, harmless on a terminal; nothing for None."""
    return "" if value is None else terminal_safe(str(plain(value)))


def short_cell(value: Any) -> str:  # noqa: ANN401 - as above
    """Return the text of a value for a listing: truth as in SQL, lists without brackets, 300 characters at most."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return shortened(", ".join(map(short_cell, value)), _LONGEST)
    return shortened(cell(value), _LONGEST)


def numeric(values: Iterable[Any]) -> bool:
    """Whether a column of these values is aligned to the right."""
    return all(isinstance(value, int | float | Decimal | None) and not isinstance(value, bool) for value in values)
