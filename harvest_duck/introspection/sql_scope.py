"""What a statement that somebody is writing reads: its tables by the names that stand for them; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.catalog.tables import TABLES
from harvest_duck.introspection.sql_names import Relation, relation_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.introspection.sql_names import Names
    from harvest_duck.introspection.sql_tokens import Token

__all__ = ["READ_BEHIND", "chain_before", "common_tables", "scope", "table_of"]

#: What the name of a relation stands behind.
READ_BEHIND = frozenset({"from", "join", "into", "update", "describe", "summarize", "table"})
#: The functions whose first argument names a table, and which rows have its columns.
_OF_A_TABLE = {"harvest_scan": "", "harvest_as_of": "", "harvest_report": "report_"}
#: What may stand behind a relation in place of an alias, beside the reserved keywords.
_NO_ALIAS = {
    *("anti", "asof", "cross", "full", "inner", "join", "left", "natural", "outer", "positional", "right", "semi"),
    *("set", "tablesample", "values"),
}


class _Read(NamedTuple):
    """A relation that a statement names, as a name of several parts or a call, and the alias that it has."""

    parts: tuple[str, ...]
    arguments: Sequence[Token] | None
    alias: str | None


def scope(statement: Sequence[Token], names: Names) -> dict[str, Relation]:
    """Return the relations that a statement reads, each by its alias or else its name; unknown ones have no columns."""
    found: dict[str, Relation] = {}
    for read in _reads(statement, names.reserved):
        found.setdefault(read.alias or read.parts[-1], _relation(read, names))
    return found


def common_tables(statement: Sequence[Token]) -> Iterator[str]:
    """Yield the names that the WITH of a statement gives."""
    for at, token in enumerate(statement[:-2]):
        opens = statement[at + 2].text == "(" or statement[at + 2].word in {"materialized", "not"}
        if token.name is not None and statement[at + 1].word == "as" and opens:
            before = statement[at - 1] if at else None
            if before is not None and (before.word in {"with", "recursive"} or before.text == ","):
                yield token.name


def table_of(function: str, first: str | None) -> Relation | None:
    """Return the table that the first argument of a function of ours names, None where it names none."""
    if first is None or function.lower() not in _OF_A_TABLE:
        return None
    prefix = _OF_A_TABLE[function.lower()]
    table = TABLES.get(prefix + first.lower().removeprefix(prefix))
    return None if table is None else relation_of(table)


def chain_before(statement: Sequence[Token], end: int) -> tuple[str, ...]:
    """Return the parts of the name that ends before a position, without a dot between it and the position."""
    parts: list[str] = []
    at = end - 1
    while at >= 0 and (name := statement[at].name) is not None:
        parts.insert(0, name)
        if at < 2 or statement[at - 1].text != ".":  # noqa: PLR2004 - a name and a dot
            break
        at -= 2
    return tuple(parts)


def _relation(read: _Read, names: Names) -> Relation:
    name = read.parts[-1]
    first = next((token.value for token in read.arguments or ()), None)
    return table_of(name, first) or names.relation(read.parts) or Relation(name)


def _reads(statement: Sequence[Token], reserved: frozenset[str]) -> Iterator[_Read]:
    """Yield what stands behind FROM, JOIN and their like, at every depth."""
    at = 0
    while at < len(statement):
        if statement[at].word not in READ_BEHIND:
            at += 1
            continue
        at += 1
        while True:
            read, at = _read(statement, at, reserved)
            if read is not None:
                yield read
            if read is None or at >= len(statement) or statement[at].text != ",":
                break
            at += 1


def _read(statement: Sequence[Token], at: int, reserved: frozenset[str]) -> tuple[_Read | None, int]:
    """Return the relation that begins at a position, None where none does, and the position behind it."""
    parts: list[str] = []
    while at < len(statement) and (name := statement[at].name) is not None:
        if statement[at].word in reserved or (not parts and statement[at].word in _NO_ALIAS):
            break
        parts.append(name)
        at += 1
        if at >= len(statement) or statement[at].text != ".":
            break
        at += 1
    if not parts:
        return None, at
    arguments = None
    if at < len(statement) and statement[at].text == "(":
        end = _closing(statement, at)
        arguments, at = statement[at + 1 : end], end + 1
    if at < len(statement) and statement[at].word == "as":
        at += 1
    alias = None
    if at < len(statement) and statement[at].name and statement[at].word not in reserved | _NO_ALIAS:
        alias, at = statement[at].name, at + 1
    return _Read(tuple(parts), arguments, alias), at


def _closing(statement: Sequence[Token], opening: int) -> int:
    """Return the position of the parenthesis that closes one, or the end."""
    depth = 0
    for at in range(opening, len(statement)):
        depth += (statement[at].text == "(") - (statement[at].text == ")")
        if not depth:
            return at
    return len(statement)
