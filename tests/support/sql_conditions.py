"""Conditions and literals in SQL."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import duckdb
from hypothesis import reject
from hypothesis import strategies as st
from support.sandbox_rows import SPAN

from harvest_duck.catalog.model import BOOLEAN, DATE, TIMESTAMP, VARCHAR, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator


@st.composite
def comparisons(draw: st.DrawFn, column: Column, literal: st.SearchStrategy[str]) -> str:
    """A condition in SQL over one column, with literals that the strategy draws."""
    name = column.name
    one, other = draw(literal), draw(literal)
    forms = [
        f"{name} = {one}",
        f"{one} = {name}",
        f"{name} <> {one}",
        f"{name} < {one}",
        f"{name} <= {one}",
        f"{name} > {one}",
        f"{name} >= {one}",
        f"{name} BETWEEN {one} AND {other}",
        f"{name} IN ({one}, {other})",
        f"{name} NOT IN ({one}, {other})",
        f"{name} IS NULL",
        f"{name} IS NOT NULL",
        f"{name} IS DISTINCT FROM {one}",
        f"{name} = {one} OR {name} = {other}",
        f"{name} < {one} OR {name} > {other}",
        f"{name} IN ({one}, {other}, {one}, {other}, {one})",
        f"NOT ({name} = {one} AND {name} < {other})",
        f"coalesce({name}, {one}) = {one}",
    ]
    if column.type is BOOLEAN:
        forms += [name, f"NOT {name}", f"{name} IS TRUE", f"{name} IS NOT FALSE"]
    if column.type is DATE:
        forms += [f"year({name}) = 2026", f"date_trunc('month', {name}) = DATE '2026-03-01'", f"{name} + 1 > {one}"]
    if column.type is TIMESTAMP:
        forms += [f"{name}::DATE = '2026-03-01'", f"{name} > '2026-03-01'"]
    if column.type is VARCHAR:
        forms += [f"{name} LIKE 'o%'", f"lower({name}) = {one}", f"length({name}) > 3"]
    return draw(st.sampled_from(forms))


def period(table: Table) -> str:
    """What a query has to say besides what is tested."""
    if table.max_span_days is None:
        return "true"
    days = f"from_date = '{SPAN[0]}' AND to_date = '{SPAN[1]}'"
    return f"{days} AND include_fixed_fee = true" if "include_fixed_fee" in table else days


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return f"TIMESTAMPTZ '{value.isoformat()}'"
        case date():
            return f"DATE '{value}'"
        case time():
            return f"TIME '{value}'"
        case str():
            quoted = value.replace("'", "''")
            return f"'{quoted}'"
    return str(value)


@contextmanager
def rejecting_what_duckdb_refuses() -> Iterator[None]:
    """Drop an example whose condition DuckDB cannot hand to an Arrow scan and refuses with an error of its own.

    duckdb 1.4.0 refuses `x = 1 OR x IS DISTINCT FROM 1` so, over any Arrow dataset.
    """
    try:
        yield
    except duckdb.NotImplementedException as error:
        if "Arrow Scan Pushdown Filter" not in str(error):
            raise
        reject()
