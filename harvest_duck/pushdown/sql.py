"""Names, values and predicates as SQL writes them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Or, Predicate, Unknown
from harvest_duck.text import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.pushdown.predicate import Value

#: The most values of a list, or terms of an AND or OR, that are written out; the others are counted.
_SHOWN = 10
#: The most characters of an unknown name that stand in an error.
_NAME = 60
#: The deepest nesting that is written out.
_DEEPEST = 8


def identifier(name: str) -> str:
    """Return a name as SQL writes it, in quotes."""
    quoted = name.replace('"', '""')
    return f'"{quoted}"'


def text(value: str) -> str:
    """Return a text as SQL writes it, in quotes."""
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def shown(name: str) -> str:
    """Return a name from a query for an error: in quotes, on one line, and cut short."""
    return identifier(shortened(printable(name), _NAME))


def condition(predicate: Predicate) -> str:
    """Return a predicate as SQL for people; parts that are too long, too deep or not understood become comments."""
    return _condition(predicate, 0)


def _condition(predicate: Predicate, depth: int) -> str:
    if depth > _DEEPEST:
        return "/* … */"
    match predicate:
        case And(terms):
            return _joined(" AND ", "true", terms, depth)
        case Or(terms):
            return _joined(" OR ", "false", terms, depth)
        case Not(IsNull(column)):
            return f"{column} IS NOT NULL"
        case Not(term):
            return f"NOT ({_condition(term, depth + 1)})"
        case Compare(column, op, value):
            return f"{column} {op.value} {_literal(value)}"
        case In(column, values):
            return f"{column} IN ({', '.join(_shortened(sorted(map(_literal, values), key=_by_length)))})"
        case IsNull(column):
            return f"{column} IS NULL"
        case Unknown(why):
            return f"/* not understood: {why} */"


def _joined(word: str, empty: str, terms: Sequence[Predicate], depth: int) -> str:
    parts = [_condition(term, depth + 1) for term in islice(terms, _SHOWN + 1)]
    joined = word.join(_shortened(parts, len(terms))) or empty
    return joined if depth == 0 or len(parts) < 2 else f"({joined})"  # noqa: PLR2004 - several


def _shortened(parts: Sequence[str], total: int | None = None) -> list[str]:
    total = len(parts) if total is None else total
    return [*parts] if total <= _SHOWN else [*parts[:_SHOWN], f"/* and {total - _SHOWN:,} more */"]


def _by_length(literal: str) -> tuple[int, str]:
    """Return a sort key that puts whole numbers in their order."""
    return len(literal), literal


def _literal(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case str():
            return text(value)
        case datetime():
            return text(value.isoformat(" "))
        case _:
            return text(value.isoformat())
