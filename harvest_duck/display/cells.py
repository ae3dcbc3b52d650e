"""One value as the text of a cell."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from harvest_duck.text import shortened, terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 300


def text(value: Any) -> str:  # noqa: ANN401 - a value of any column
    """Return all of the text of a value; it may hold what a terminal obeys.

    Decimals have all their digits and no exponent, truth is as in SQL, lists and structs are JSON, bytes are
    hexadecimal.
    """
    match value:
        case str():
            # Text areas of browsers send both.
            return value.replace("\r\n", "\n")
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat(sep=" ")
        case bytes():
            return value.hex()
        case list() | tuple() | dict():
            return json.dumps(_json(value), ensure_ascii=False)
    return str(value)


def cell(value: Any) -> str:  # noqa: ANN401 - as above
    """Return the text of a value, harmless on a terminal; nothing for None."""
    return "" if value is None else terminal_safe(text(value)).expandtabs(4)


def result_cell(value: Any) -> str:  # noqa: ANN401 - as above
    """Return the text of a value of a query: as `cell`, but NULL for None, which an empty text is not."""
    return "NULL" if value is None else cell(value)


def short_cell(value: Any) -> str:  # noqa: ANN401 - as above
    """Return the text of a value for a listing: as `cell`, but lists without brackets, 300 characters at most."""
    if isinstance(value, list):
        return shortened(", ".join(map(short_cell, value)), _LONGEST)
    return shortened(cell(value), _LONGEST)


def short_result_cell(value: Any) -> str:  # noqa: ANN401 - as above
    """Return the text of a value of a query, 300 characters at most; NULL for None."""
    return shortened(result_cell(value), _LONGEST)


def numeric(values: Iterable[Any]) -> bool:
    """Whether a column of these values is aligned to the right: numbers, at least one."""
    kinds = {type(value) for value in values if value is not None}
    return bool(kinds) and kinds <= {int, float, Decimal}


def _json(value: Any) -> Any:  # noqa: ANN401 - as above
    """Return what `json` writes for a value: exact numbers, and keys of a map as texts."""
    match value:
        case dict():
            return {str(key): _json(each) for key, each in value.items()}
        case list() | tuple():
            return [_json(each) for each in value]
        case Decimal():
            number = float(value)
            return number if Decimal(repr(number)) == value else text(value)
        case None | bool() | int() | float() | str():
            return value
    return text(value)
