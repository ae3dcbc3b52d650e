"""The columns that repeat a value of another record, such as the client's name in a time entry.

Harvest shows the value that the other record has now, and the `updated_at` of the record around it stays. So a sync
takes the value from the other table, which it has just read. Columns that Harvest does not document, or keeps from some
users, may be empty for reasons of their own: those are only replaced where they have a value.

A record of a project has the client of that project, so its client is another one when the project gets another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror.definitions import main
from harvest_duck.mirror.row_changes import Update
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.catalog.model import Column, Table

#: A user has two names, and other records have both: https://help.getharvest.com/api-v2/users-api/users/users/
_FULL_NAME = "trim(concat_ws(' ', parent.first_name, parent.last_name))"


@dataclass(frozen=True, slots=True)
class EmbeddedColumn:
    """A column that repeats a value of the record of `parent` that the column `reference` names.

    `value` is SQL over the row `parent`. Where it is not `certain`, NULL stays NULL.
    """

    name: str
    reference: str
    parent: str
    value: str
    certain: bool


def embedded_columns(table: Table) -> tuple[EmbeddedColumn, ...]:
    """Return the columns of `table` that repeat a value of a record in another table."""
    return (*_found(table), *_of_project(table))


def update(parent: str, columns: list[EmbeddedColumn]) -> Update:
    """Return the UPDATE of the copy that brings `columns`, all of one `parent` and reference, up to date.

    It changes only rows in which a value is another one.
    """
    values = ", ".join(f"{identifier(each.name)} = {_value(each)}" for each in columns)
    differs = " OR ".join(f"child.{identifier(each.name)} IS DISTINCT FROM {_value(each)}" for each in columns)
    return Update(values, main(parent), f"child.{identifier(columns[0].reference)} = parent.id AND ({differs})")


def _value(column: EmbeddedColumn) -> str:
    if column.certain:
        return column.value
    return f"CASE WHEN child.{identifier(column.name)} IS NOT NULL THEN {column.value} END"


def _found(table: Table) -> Iterator[EmbeddedColumn]:
    references = {column.path[0]: column for column in table.own_columns if column.references and len(column.path) > 1}
    for column in table.own_columns:
        reference = references.get(column.path[0]) if len(column.path) == 2 else None  # noqa: PLR2004 - object and member
        if reference is None or reference is column or reference.references is None:
            continue
        parent = TABLES[reference.references.partition(".")[0]]
        value = _value_in(parent, column)
        if value is not None:
            certain = column.documented and column.right is None
            yield EmbeddedColumn(column.name, reference.name, parent.name, value, certain)


def _of_project(table: Table) -> Iterator[EmbeddedColumn]:
    """Yield the columns about the client in records that have a project as well."""
    reference = next((column for column in table.own_columns if column.path == ("project", "id")), None)
    if reference is None:
        return
    of_project = {column.path: column.name for column in TABLES["projects"].own_columns}
    for column in table.own_columns:
        # The client around a line item is that of its invoice.
        if column.path[0] == "client" and column.path in of_project and column.origin is reference.origin:
            certain = column.documented and column.right is None
            value = f"parent.{identifier(of_project[column.path])}"
            yield EmbeddedColumn(column.name, reference.name, "projects", value, certain)


def _value_in(parent: Table, column: Column) -> str | None:
    member = column.path[1]
    same = next((each for each in parent.own_columns if each.path == (member,) and each.type == column.type), None)
    if same is not None:
        return f"parent.{identifier(same.name)}"
    return _FULL_NAME if (parent.name, member) == ("users", "name") else None
