"""Which rows go with a row that is deleted: the lists of its own at Harvest, and the arrays inside it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Table


class Dependent(NamedTuple):
    """A table whose rows go with those that have in `parent_column` what they have in `column`."""

    table: Table
    column: str
    parent_column: str


@cache
def dependents(table: Table) -> tuple[Dependent, ...]:
    """Return the tables whose rows go with a row of `table`."""
    found = (_dependent(other, table) for other in TABLES.values())
    return tuple(each for each in found if each is not None)


def _dependent(table: Table, parent: Table) -> Dependent | None:
    around = around_of(table)
    if around is not None:
        if around is not parent or table.identity is None or parent.identity is None:
            return None
        return Dependent(table, table.identity.name, parent.identity.name)
    if table.parent is None or table.parent.table != parent.name:
        return None
    return Dependent(table, table.parent.param, table.parent.column)


def around_of(table: Table) -> Table | None:
    """Return the table of the records that hold the rows of `table` as an array, None where there is none."""
    if table.items is None:
        return None
    return next((other for other in TABLES.values() if other.path == table.path and other.items is None), None)
