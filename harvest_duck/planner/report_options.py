"""The parameters that choose what Harvest computes: the options of a report, and the variants of a table."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Match, Origin, Param, Table
from harvest_duck.errors import QueryError
from harvest_duck.planner.params import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
        wanted = domains.get(param.column, ANY)
        values = sorted(value for value in wanted.values or () if isinstance(value, bool))
        choices = [_option(param, value) for value in values] if not wanted.nulls and values else [_option(param, None)]
        chosen = [joined(parts) for parts in product(chosen, choices)]
    return chosen


def _optional(table: Table) -> list[Param]:
    return [
        param
        for param in table.params
        if table.column(param.column).origin is Origin.INPUT
        and param.match is Match.EQUAL
        and not _varies(table, param)
    ]


def _option(param: Param, value: bool | None) -> Inputs:  # noqa: FBT001 - the value of a flag
    if value is None:
        return Inputs((), ((param.column, param.default),))
    return Inputs(((param.name, "true" if value else "false"),), ((param.column, value),))


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
    """Raise `QueryError` if the query uses an option of a report without a pushed predicate that chooses its value.

    Such a column is NULL, so a condition that DuckDB does not push, such as `NOT option`, would keep no row, and nor
    would IS NOT NULL. A query for all columns may leave the option to Harvest.
    """
    if domains is None:
        return
    wanted = set(names)
    everything = all(column.name in wanted for column in table.columns)
    for param in _optional(table):
        chosen = domains.get(param.column, ANY)
        used = not chosen.nulls or (param.column in wanted and not everything)
        if used and (chosen.nulls or not chosen.values):
            raise QueryError(
                f"{table.name}: the query uses {param.column} without choosing it: "
                f"add {param.column} = true or {param.column} = false"
            )
