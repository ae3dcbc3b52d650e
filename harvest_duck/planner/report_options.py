"""The parameters that choose what Harvest computes: the options of a table, and the variants of a table.

An option is an input that the query may leave to Harvest, such as `include_fixed_fee` of a report, or the year of a
balance of time off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import BIGINT, BOOLEAN, Match, Origin, Param, Table
from harvest_duck.errors import QueryError
from harvest_duck.planner.params import ANY, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harvest_duck.pushdown.domain import Domain
    from harvest_duck.pushdown.predicate import Value


@dataclass(frozen=True, slots=True)
class Inputs:
    """One choice of input parameters, and the columns that hold it in every row."""

    params: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, Value | None], ...] = ()


def joined(parts: Iterable[Inputs]) -> Inputs:
    """Return one choice that is all of `parts`."""
    parts = tuple(parts)
    return Inputs(
        params=tuple(pair for part in parts for pair in part.params),
        values=tuple(pair for part in parts for pair in part.values),
    )


def options(table: Table, domains: Mapping[str, Domain]) -> list[Inputs]:
    """Return the choices of the optional inputs: the values that the predicate leaves, else the default of Harvest."""
    chosen = [Inputs()]
    for param in _optional(table):
        values = _values(table, param, domains.get(param.column, ANY))
        choices = [_option(param, value) for value in values] or [_default(table, param)]
        chosen = [joined(parts) for parts in product(chosen, choices)]
    return chosen


def _values(table: Table, param: Param, domain: Domain) -> Sequence[bool | int | date]:
    """Return the values of an option that the predicate leaves, in order; none where it leaves a range without end."""
    if domain.nulls:
        return ()
    if table.column(param.column).type is BIGINT:
        return whole_numbers(domain) or ()
    return sorted(value for value in domain.values or () if isinstance(value, bool | date))


def _optional(table: Table) -> list[Param]:
    return [
        param
        for param in table.params
        if table.column(param.column).origin is Origin.INPUT
        and param.match is Match.EQUAL
        and not _varies(table, param)
    ]


def _option(param: Param, value: bool | int | date) -> Inputs:  # noqa: FBT001 - the value of a flag
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Inputs(((param.name, text),), ((param.column, value),))


def _default(table: Table, param: Param) -> Inputs:
    """Return the choice that is left to Harvest; the value of the column is then its default, or in the answer."""
    return Inputs() if table.column(param.column).echoed else Inputs((), ((param.column, param.default),))


def _varies(table: Table, param: Param) -> bool:
    return any(param.name in variant for variant in table.variants)


def variants(table: Table, domains: Mapping[str, Domain]) -> list[Inputs]:
    """Return the variants of the table, each a request of its own, without those that the predicate rules out."""
    columns = {param.column: param.name for param in table.params if _varies(table, param)}
    found = []
    for variant in table.variants:
        values = tuple((column, variant.get(name) == "true") for column, name in columns.items())
        if all(domains.get(column, ANY).contains(value) for column, value in values):
            found.append(Inputs(tuple(variant.items()), values))
    return found


def refuse_unchosen(table: Table, names: Iterable[str], domains: Mapping[str, Domain] | None) -> None:
    """Raise `QueryError` if the query uses an option of a table without a pushed predicate that chooses its value.

    Such a column is NULL or has the one value that Harvest chose, so a condition that DuckDB does not push, such as
    `NOT option`, would keep no row, and nor would IS NOT NULL. A query for all columns may leave the option to Harvest.
    """
    if domains is None:
        return
    wanted = set(names)
    everything = all(column.name in wanted for column in table.columns)
    for param in _optional(table):
        chosen = domains.get(param.column, ANY)
        column = table.column(param.column)
        used = not chosen.nulls or (column.name in wanted and not everything)
        if used and not _values(table, param, chosen):
            ways = ("= true", "= false") if column.type is BOOLEAN else ("= …", "IN (…)")
            advice = " or ".join(f"{column.name} {way}" for way in ways)
            raise QueryError(f"{table.name}: the query uses {column.name} without choosing it: add {advice}")
