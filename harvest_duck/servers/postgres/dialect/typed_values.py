"""Values with a type: the words for moments, numeric without a precision, and integers that are none."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.brackets import CLOSING, OPENING
from harvest_duck.servers.postgres.sql.tokens import Kind

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.dialect.edited_tokens import EditedTokens

__all__ = ["NUMERIC", "edit"]

#: What numeric without a precision is: DuckDB would take DECIMAL(18,3), and round to three digits. A value that is
#: written out keeps its own digits.
NUMERIC = "DECIMAL(38, 10)"
_WIDEST = 38
_INTEGERS = {
    "int": "integer",
    "int4": "integer",
    "integer": "integer",
    "bigint": "bigint",
    "int8": "bigint",
    "smallint": "smallint",
    "int2": "smallint",
}
_MOMENTS = {
    "now": "now()",
    "today": "current_date",
    "tomorrow": "(current_date + 1)",
    "yesterday": "(current_date - 1)",
    "epoch": "to_timestamp(0)",
}
_TYPES = {"date", "time", "timestamp", "timestamptz", "timetz"}
_NUMERIC = {"numeric", "decimal", "dec"}


def edit(edited: EditedTokens, at: int) -> None:
    """Write 'now'::timestamp and its kin as what they mean, and numeric with a precision.

    Raises Failure 22P02 for a text that is no integer: DuckDB would round it.
    """
    token = edited.tokens[at]
    if token.kind is Kind.STRING:
        _moment(edited, at)
    elif edited.word(at) in _NUMERIC and edited.text(at + 1) not in {"(", "["} and _is_type(edited, at):
        edited.put(at, at + 1, _numeric(edited, at))
    elif edited.word(at) in _INTEGERS and edited.text(at + 1) != "[" and _is_type(edited, at):
        _refuse_fraction(edited, at)


def _operand(edited: EditedTokens, at: int) -> int | None:
    """The place of the one token that is cast to the type at a place, None where it is more."""
    before = at - 2 if edited.text(at - 1) == "." else at
    if edited.text(before - 1) == "::":
        alone = before - 2
        return None if edited.text(alone - 1) in {"::", "."} else alone
    if edited.word(before - 1) == "as":
        return before - 2 if edited.word(before - 4) in {"cast", "try_cast"} else None
    return at + 1


def _refuse_fraction(edited: EditedTokens, at: int) -> None:
    place = _operand(edited, at)
    token = edited.tokens[place] if place is not None and place >= 0 else None
    value = token.value if token is not None else None
    if token is None or value is None or re.fullmatch(r"\s*[+-]?\d+\s*", value):
        return
    kind = _INTEGERS[edited.word(at) or ""]
    raise Failure("22P02", f'invalid input syntax for type {kind}: "{value}"', position=token.start + 1)


def _numeric(edited: EditedTokens, at: int) -> str:
    """The decimals of what is cast to numeric: as many digits as are written, of a value that is written out."""
    place = _operand(edited, at)
    token = edited.tokens[place] if place is not None and place >= 0 else None
    if token is None:
        return NUMERIC
    text = token.value if token.kind is Kind.STRING else token.text if token.kind is Kind.NUMBER else None
    if text is None:
        return _of_cast(edited, place or 0)
    try:
        exponent = Decimal(text.strip()).as_tuple().exponent
    except InvalidOperation:
        return NUMERIC
    if not isinstance(exponent, int) or -exponent > _WIDEST:
        return NUMERIC
    return f"DECIMAL({_WIDEST}, {max(0, -exponent)})"


def _of_cast(edited: EditedTokens, closing: int) -> str:
    """The decimals where what is cast is itself CAST(… AS DECIMAL(precision, scale)), as a parameter is."""
    words = [edited.text(place).upper() for place in range(closing - 6, closing + 1)]
    if words[:3] == ["DECIMAL", "(", words[2]] and words[3] == "," and words[5:] == [")", ")"] and words[4].isdigit():
        return f"DECIMAL({_WIDEST}, {words[4]})"
    return NUMERIC


def _moment(edited: EditedTokens, at: int) -> None:
    meant = _MOMENTS.get((edited.tokens[at].value or "").strip().lower())
    if meant is None:
        return
    cast = edited.text(at + 1) == "::" or (edited.word(at + 1) == "as" and edited.word(at - 2) == "cast")
    if cast and edited.word(at + 2) in _TYPES:
        edited.put(at, at + 1, meant)
    elif edited.word(at - 1) in _TYPES and edited.text(at - 2) not in {".", "::"} and edited.word(at - 2) != "as":
        kind = edited.text(at - 1)
        edited.put(at - 1, at + 1, f"({meant})::{kind}")


def _is_type(edited: EditedTokens, at: int) -> bool:
    """Whether a word stands where a type does."""
    before = at - 2 if edited.text(at - 1) == "." and edited.word(at - 2) == "pg_catalog" else at
    if edited.text(before - 1) == "::":
        return True
    if at + 1 < len(edited.tokens) and edited.tokens[at + 1].kind is Kind.STRING and edited.text(at - 1) != ".":
        return True
    return edited.word(before - 1) == "as" and edited.text(at + 1) == ")" and _in_cast(edited, before - 1)


def _in_cast(edited: EditedTokens, at: int) -> bool:
    """Whether an AS is that of a CAST."""
    depth = 0
    for place in range(at - 1, 0, -1):
        text = edited.text(place)
        depth += (text in CLOSING) - (text in OPENING)
        if depth < 0:
            return edited.word(place - 1) in {"cast", "try_cast"}
    return False
