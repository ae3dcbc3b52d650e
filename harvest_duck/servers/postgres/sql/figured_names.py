"""The name that PostgreSQL gives an expression of a select list without an alias.

It is that of `FigureColname` in PostgreSQL 15's parse_target.c: of the column, the function, the type of a cast, or of
what a CASE or a subquery ends with; `?column?` for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.servers.postgres.sql.brackets import OPENING, closing
from harvest_duck.servers.postgres.sql.select_list import select_list
from harvest_duck.servers.postgres.sql.tokens import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["UNNAMED", "figured_alone", "figured_name"]

UNNAMED = "?column?"


class _Name(NamedTuple):
    """A name, and whether a cast around it has no say; and the place behind what has it."""

    name: str | None
    strong: bool
    end: int


#: The words that SQL has for types, and their names in pg_type.
_TYPES = {
    "bigint": "int8",
    "boolean": "bool",
    "char": "bpchar",
    "character": "bpchar",
    "dec": "numeric",
    "decimal": "numeric",
    "double": "float8",
    "float": "float8",
    "int": "int4",
    "integer": "int4",
    "real": "float4",
    "smallint": "int2",
    "string": "text",
    "blob": "bytea",
}
#: Words that go on in the name of a type.
_OF_TYPES = {"precision", "varying", "with", "without", "time", "zone"}
_FIELDS = {"year", "month", "day", "hour", "minute", "second", "to"}
_TRIMS = {"leading": "ltrim", "trailing": "rtrim"}
#: Words that are no names where an expression begins.
_NO_NAMES = {"not", "true", "false", "null", "default", "lambda"}


def figured_name(tokens: Sequence[Token]) -> str:
    """Return the name of an expression, given as tokens without space and comments."""
    return _whole(tokens).name or UNNAMED


def figured_alone(tokens: Sequence[Token]) -> str | None:
    """Return the name of an expression that has nothing behind it, such as an alias; None if it has none."""
    return _whole(tokens).name


def _whole(tokens: Sequence[Token]) -> _Name:
    """The name of an expression that takes all tokens: none if it has operators."""
    found = _postfixes(tokens, _primary(tokens, 0))
    return found if found.end >= len(tokens) else _Name(None, strong=False, end=len(tokens))


def _primary(tokens: Sequence[Token], at: int) -> _Name:
    if at >= len(tokens):
        return _Name(None, strong=False, end=at)
    token = tokens[at]
    if token.text == "(":
        end = closing(tokens, at)
        return _in_parentheses(tokens[at + 1 : end], end + 1)
    if token.kind in {Kind.STRING, Kind.NUMBER, Kind.PARAMETER}:
        return _Name(None, strong=False, end=at + 1)
    if token.text in {"-", "+"} and at + 1 < len(tokens) and tokens[at + 1].kind is Kind.NUMBER:
        return _Name(None, strong=False, end=at + 2)
    if token.text in {"[", "{"}:
        return _Name(None, strong=False, end=closing(tokens, at) + 1)
    if token.word == "case":
        return _case(tokens, at)
    if token.name is None or token.word in _NO_NAMES:
        end = at + 1 if token.word in {"true", "false", "null"} else at
        return _Name(None, strong=False, end=end)
    return _named(tokens, at)


def _in_parentheses(inner: Sequence[Token], end: int) -> _Name:
    if inner and inner[0].word in {"select", "with", "values"}:
        items = select_list(inner)
        first = items[0] if items else ()
        if len(first) > 1 and first[-2].word == "as":
            return _Name(first[-1].name, strong=True, end=end)
        return _Name(_whole(first).name, strong=True, end=end)
    if _has_comma(inner):
        return _Name("row", strong=True, end=end)
    found = _whole(inner)
    return _Name(found.name, found.strong, end)


def _has_comma(tokens: Sequence[Token]) -> bool:
    at = 0
    while at < len(tokens):
        if tokens[at].text == ",":
            return True
        at = closing(tokens, at) + 1 if tokens[at].text in OPENING else at + 1
    return False


def _named(tokens: Sequence[Token], at: int) -> _Name:
    """What begins with a name: a column, a call, a cast, or a typed string."""
    start = at
    while at + 2 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 2].name is not None:
        at += 2
    name, following = tokens[at].name or "", tokens[at + 1].text if at + 1 < len(tokens) else ""
    word = tokens[at].word if at == start else None
    if following == "(" and word == "cast":
        return _cast(tokens, at + 1)
    if word == "array" and following in {"[", "("}:
        return _Name("array", strong=True, end=closing(tokens, at + 1) + 1)
    typed = _typed_string(tokens, at)
    if typed is not None:
        return typed
    if following == "(":
        return _call(tokens, at, name)
    return _Name(name, strong=True, end=at + 1)


def _typed_string(tokens: Sequence[Token], at: int) -> _Name | None:
    """A string behind the name of its type, as in DATE '2026-01-31'; None for anything else."""
    name, after = _type(tokens, at)
    if after >= len(tokens) or tokens[after].kind is not Kind.STRING:
        return None
    end = after + 1
    while name == "interval" and end < len(tokens) and tokens[end].word in _FIELDS:
        end += 1
    return _Name(name, strong=False, end=end)


def _call(tokens: Sequence[Token], at: int, name: str) -> _Name:
    """A call with what may follow it."""
    end = closing(tokens, at + 1) + 1
    if name == "trim" and tokens[at].word:
        name = _TRIMS.get(tokens[at + 2].word or "", "btrim")
    while end < len(tokens):
        word = tokens[end].word
        if word == "within" and end + 2 < len(tokens):
            end = closing(tokens, end + 2) + 1
        elif word in {"filter", "over"} and end + 1 < len(tokens):
            end = closing(tokens, end + 1) + 1 if tokens[end + 1].text == "(" else end + 2
        else:
            break
    return _Name(name, strong=True, end=end)


def _cast(tokens: Sequence[Token], opening: int) -> _Name:
    end = closing(tokens, opening)
    inner = tokens[opening + 1 : end]
    parts = [place for place, token in enumerate(inner) if token.word == "as"]
    if not parts:
        return _Name(None, strong=False, end=end + 1)
    found = _whole(inner[: parts[-1]])
    if found.strong:
        return _Name(found.name, strong=True, end=end + 1)
    return _Name(_type(inner, parts[-1] + 1)[0], strong=False, end=end + 1)


def _type(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    """The name in pg_type of the type that begins at a place, and the place behind it."""
    while at + 2 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 2].name is not None:
        at += 2
    if at >= len(tokens):
        return "", at
    name = tokens[at].name or ""
    at += 1
    words = set()
    while at < len(tokens) and (tokens[at].word in _OF_TYPES or tokens[at].text in {"(", "["}):
        words.add(tokens[at].word)
        at = closing(tokens, at) + 1 if tokens[at].text in {"(", "["} else at + 1
    if name in {"time", "timestamp"} and "with" in words:
        return name + "tz", at
    if name in {"character", "char"} and "varying" in words:
        return "varchar", at
    return _TYPES.get(name, name), at


def _case(tokens: Sequence[Token], at: int) -> _Name:
    """A CASE has the name of its ELSE, if that is a column or a call."""
    depth, otherwise, end = 0, None, at
    while end < len(tokens):
        word = tokens[end].word
        if tokens[end].text in OPENING:
            end = closing(tokens, end)
        elif word == "case":
            depth += 1
        elif word == "else" and depth == 1:
            otherwise = end + 1
        elif word == "end":
            depth -= 1
            if not depth:
                break
        end += 1
    if otherwise is not None:
        found = _whole(tokens[otherwise:end])
        if found.strong:
            return _Name(found.name, strong=True, end=end + 1)
    return _Name("case", strong=False, end=end + 1)


def _postfixes(tokens: Sequence[Token], found: _Name) -> _Name:
    """The name of an expression with the casts, subscripts, fields, collation or zone behind it."""
    while found.end < len(tokens):
        at = found.end
        token = tokens[at]
        if token.text == "::":
            name, end = _type(tokens, at + 1)
            found = _Name(found.name if found.strong else name, found.strong, end)
        elif token.text == "[":
            found = found._replace(end=closing(tokens, at) + 1)
        elif token.text == "." and at + 1 < len(tokens):
            found = _Name(tokens[at + 1].name, strong=True, end=at + 2)
        elif token.word == "collate":
            found = found._replace(end=_primary(tokens, at + 1).end)
        elif [each.word for each in tokens[at : at + 3]] == ["at", "time", "zone"]:
            found = _Name("timezone", strong=True, end=_postfixes(tokens, _primary(tokens, at + 3)).end)
        else:
            break
    return found
