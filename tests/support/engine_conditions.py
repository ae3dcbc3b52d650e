"""Random conditions that DuckDB, DataFusion and Polars can all be asked, with literals that each converts by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from operator import and_, eq, ge, gt, le, lt, ne, or_
from typing import TYPE_CHECKING, Any

from hypothesis import reject
from hypothesis import strategies as st

from harvest_duck.catalog.model import JSON, Scalar
from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from types import ModuleType

    import duckdb

__all__ = ["COMPARED_TABLES", "Condition", "conditions", "drawn_from", "rejecting_what_means_two_things"]

#: Tables with columns of every type, many parameters, and values that are missing.
COMPARED_TABLES = ("expenses", "invoices", "projects")

#: Makes the expression of Polars, given that library.
Expression = Callable[["ModuleType"], Any]
_OPERATORS = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True)
class Condition:
    """A condition in SQL and, by `polars`, the same in Polars."""

    sql: str
    polars: Expression


def conditions(values: dict[str, list[Any]]) -> st.SearchStrategy[Condition]:
    """Conditions over columns, whose values are given by name."""
    leaves = st.one_of([_of_column(name, some) for name, some in values.items()])
    return st.recursive(leaves, _joined, max_leaves=4)


@st.composite
def _of_column(draw: st.DrawFn, name: str, values: list[Any]) -> Condition:
    one, other = draw(st.sampled_from(values)), draw(st.sampled_from(values))
    listed = draw(st.lists(st.sampled_from(values), min_size=1, max_size=5, unique=True))
    in_list = f"IN ({', '.join(map(_sql, listed))})"
    between = f"{name} BETWEEN {_sql(one)} AND {_sql(other)}"
    forms = [
        *(_compared(name, operator, one) for operator in _OPERATORS),
        Condition(between, lambda pl: pl.col(name).is_between(pl.lit(one), pl.lit(other))),
        Condition(f"{name} {in_list}", lambda pl: pl.col(name).is_in(listed)),
        Condition(f"{name} NOT {in_list}", lambda pl: ~pl.col(name).is_in(listed)),
        Condition(f"{name} IS NULL", lambda pl: pl.col(name).is_null()),
        Condition(f"{name} IS NOT NULL", lambda pl: pl.col(name).is_not_null()),
        Condition(f"{name} IS DISTINCT FROM {_sql(one)}", lambda pl: pl.col(name).ne_missing(pl.lit(one))),
        *_of_type(name, one),
    ]
    return draw(st.sampled_from(forms))


def _of_type(name: str, one: Any) -> list[Condition]:
    """Conditions that some types have, with functions that no engine hands over."""
    match one:
        case bool():
            return [Condition(name, lambda pl: pl.col(name)), Condition(f"NOT {name}", lambda pl: ~pl.col(name))]
        case str():
            start, lower = _sql(one[:2]), _sql(one.lower())
            return [
                Condition(f"starts_with({name}, {start})", lambda pl: pl.col(name).str.starts_with(one[:2])),
                Condition(f"lower({name}) = {lower}", lambda pl: pl.col(name).str.to_lowercase() == one.lower()),
                Condition(f"coalesce({name}, '') <> ''", lambda pl: pl.col(name).fill_null("") != ""),
            ]
        case int():
            return [
                Condition(f"CAST({name} AS VARCHAR) = '{one}'", lambda pl: pl.col(name).cast(pl.String) == str(one)),
                Condition(f"{name} + 1 > {one}", lambda pl: pl.col(name) + 1 > one),
            ]
        case Decimal():
            return [Condition(f"{name} >= {float(one)}", lambda pl: pl.col(name) >= float(one))]
        case datetime():
            return []
        case date():
            return [Condition(f"date_part('year', {name}) = {one.year}", lambda pl: pl.col(name).dt.year() == one.year)]
    return []


def _compared(name: str, operator: str, value: Any) -> Condition:
    return Condition(f"{name} {operator} {_sql(value)}", lambda pl: _OPERATORS[operator](pl.col(name), pl.lit(value)))


def _joined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda terms: _together(terms, " AND ", and_)),
        several.map(lambda terms: _together(terms, " OR ", or_)),
        parts.map(lambda term: Condition(f"NOT ({term.sql})", lambda pl: ~term.polars(pl))),
    )


def _together(terms: list[Condition], word: str, join: Callable[[Any, Any], Any]) -> Condition:
    sql = word.join(f"({term.sql})" for term in terms)
    return Condition(sql, lambda pl: reduce(join, [term.polars(pl) for term in terms]))


def _sql(value: Any) -> str:
    """A literal that takes the type of the column it is compared with."""
    if isinstance(value, bool | int | Decimal):
        return str(value).lower()
    if isinstance(value, datetime | date | time):
        return f"'{value.isoformat()}'"
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def drawn_from(table: str, con: duckdb.DuckDBPyConnection, *, most: int = 20) -> dict[str, list[Any]]:
    """Values of the columns of a table that lack some, that a parameter answers, or that are the key.

    The temporary table `plain` has the rows from now on.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE plain AS SELECT * FROM harvest_scan('{table}')")
    found = TABLES[table]
    answered = {*found.key, *(param.column for param in found.params)}
    names = [each.name for each in found.columns if isinstance(each.type, Scalar) and each.type is not JSON]
    lists = ", ".join(
        f"""struct_pack(
            known := list_sort(list(DISTINCT "{name}") FILTER ("{name}" IS NOT NULL))[:{most}],
            lacking := count(*) - count("{name}")
        )"""
        for name in names
    )
    (columns,) = con.execute(f"SELECT {lists} FROM plain").fetchall()
    return {
        name: column["known"]
        for name, column in zip(names, columns, strict=True)
        if column["known"] and (column["lacking"] or name in answered)
    }


@contextmanager
def rejecting_what_means_two_things(sql: str) -> Iterator[None]:
    """Drop an example that a scan refuses because NOT IN means two things, and fail if it has none."""
    try:
        yield
    except Exception as error:
        if "say which by AND" not in str(error) or " IN (" not in sql:
            raise
        reject()
