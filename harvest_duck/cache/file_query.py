"""The SELECT that reads the rows of a scan from the file of a copy.

Its WHERE keeps every row that the filter of the scan keeps, and may keep more: the filter is applied again to what
comes, as it is to what Harvest sends.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import JSON
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Or, Predicate
from harvest_duck.pushdown.sql import identifier, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harvest_duck.catalog.model import Table
    from harvest_duck.pushdown.predicate import Value

#: The most values of a list that are written into SQL.
_LONGEST = 1_000
#: The deepest nesting that is written into SQL.
_DEEPEST = 20


def select(table: Table, relation: str, fields: Iterable[str], terms: Sequence[Predicate]) -> str:
    """Return the SELECT of the columns `fields` of a relation, with the `terms` that SQL can narrow it by.

    Without fields it counts the rows.
    """
    kinds = {column.name: column.type for column in table.columns}
    # A text in DuckDB, as a scan hands it out.
    named = [
        f"{identifier(name)}::VARCHAR AS {identifier(name)}" if kinds[name] is JSON else identifier(name)
        for name in fields
    ]
    written = [sql for term in terms if (sql := _condition(term, 0)) is not None]
    where = f" WHERE {' AND '.join(written)}" if written else ""
    return f"SELECT {', '.join(named) or 'count(*)'} FROM {relation}{where}"


def _condition(term: Predicate, depth: int) -> str | None:
    """Return SQL that is true of every row of which the term is, None where that would say nothing."""
    match term:
        case _ if depth > _DEEPEST:
            return None
        case And(terms):
            found = [sql for each in terms if (sql := _condition(each, depth + 1)) is not None]
            return f"({' AND '.join(found)})" if found else None
        case Or(terms):
            parts = [_condition(each, depth + 1) for each in terms]
            written = [each for each in parts if each is not None]
            return f"({' OR '.join(written) or 'false'})" if len(written) == len(parts) else None
        case Compare(column, op, value):
            return f"{identifier(column)} {op.value} {_literal(value)}"
        case In(column, values) if len(values) <= _LONGEST:
            listed = ", ".join(map(_literal, values))
            return f"{identifier(column)} IN ({listed})" if listed else "false"
        case IsNull(column):
            return f"{identifier(column)} IS NULL"
        case Not(IsNull(column)):
            return f"{identifier(column)} IS NOT NULL"
    return None


def _literal(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return f"{value:f}" if isinstance(value, Decimal) else str(value)
        case str():
            return text(value)
        case datetime():
            return f"TIMESTAMPTZ {text(value.isoformat(' '))}"
        case date():
            return f"DATE {text(value.isoformat())}"
        case time():
            return f"TIME {text(value.isoformat())}"
