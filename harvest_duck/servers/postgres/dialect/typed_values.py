"""Values with a type: the words for moments, and numeric without a precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.tokens import Kind

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.dialect.edited_tokens import EditedTokens

__all__ = ["NUMERIC", "edit"]

#: What numeric without a precision is: DuckDB would take DECIMAL(18,3), and round to three digits.
NUMERIC = "DECIMAL(38, 10)"
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
    """Write 'now'::timestamp and its kin as what they mean, and numeric with a precision."""
    token = edited.tokens[at]
    if token.kind is Kind.STRING:
        _moment(edited, at)
    elif edited.word(at) in _NUMERIC and edited.text(at + 1) != "(" and _is_type(edited, at):
        edited.put(at, at + 1, NUMERIC)


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
        depth += (text in {")", "]", "}"}) - (text in {"(", "[", "{"})
        if depth < 0:
            return edited.word(place - 1) in {"cast", "try_cast"}
    return False
