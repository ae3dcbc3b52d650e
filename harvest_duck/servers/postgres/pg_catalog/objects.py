"""The objects of a served database beside PostgreSQL's own: Harvest's tables, the ready views, keys and functions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.tables import TABLES
from harvest_duck.servers.postgres.values.types import column_type
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.servers.postgres.values.types import ColumnType
    from harvest_duck.views.view import View

__all__ = ["DATABASE", "NAMESPACE", "OWNER", "SCHEMA", "USER", "Column", "ForeignKey", "Relation", "Row", "relations"]

#: A row of a relation of the catalogue; columns that it lacks are NULL.
Row = dict[str, Any]

#: The numbers of the database, its schema, the user of a session, and the role that owns Harvest's objects, of which
#: that user is a member: PostgreSQL tells foreign keys and the text of views to members of the owner alone.
#: It gives objects of users numbers from 16384 on.
DATABASE, NAMESPACE, USER, OWNER = 16384, 16385, 16386, 16387
SCHEMA = "harvest"
_FIRST, _STEP = 16400, 10
_FIRST_FOREIGN_KEY = 20000
_FIRST_FUNCTION = 30000


@dataclass(frozen=True, slots=True)
class Column:
    """A column, whose type is PostgreSQL's."""

    name: str
    type: ColumnType
    comment: str | None
    not_null: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A column whose values are those of the key of another table."""

    oid: int
    column: str
    table: str
    referenced: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view. Its other objects have the numbers after its own."""

    oid: int
    name: str
    comment: str | None
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    view: View | None

    @property
    def kind(self) -> str:
        """`v` for a view, `r` for a table."""
        return "r" if self.view is None else "v"

    @property
    def row_type(self) -> int:
        """The number of the type of its rows."""
        return self.oid + 2

    @property
    def array_type(self) -> int:
        """The number of the type of arrays of its rows."""
        return self.oid + 1

    @property
    def rule(self) -> int:
        """The number of the rule that makes it a view."""
        return self.oid + 3

    @property
    def index(self) -> int:
        """The number of the index of its key."""
        return self.oid + 4

    @property
    def constraint(self) -> int:
        """The number of the constraint of its key."""
        return self.oid + 5

    @property
    def function(self) -> int:
        """The number of the function of a view."""
        return self.oid + 6

    def position(self, column: str) -> int:
        """Return the number of a column, counted from 1."""
        return next(n for n, each in enumerate(self.columns, 1) if each.name == column)


def relations(described: Iterable[tuple[str, str, str, str | None]]) -> tuple[Relation, ...]:
    """Return the relations of a database, from the name, column, DuckDB type and comment of each column, in order."""
    grouped = {name: tuple(rows) for name, rows in groupby(described, key=lambda row: row[0])}
    foreign_keys = _foreign_keys(grouped)
    return tuple(
        _relation(_FIRST + _STEP * number, name, grouped[name], foreign_keys.get(name, ()))
        for number, name in enumerate(sorted(grouped))
    )


def key_of(name: str) -> tuple[str, ...]:
    """Return the columns of the key of a table, in order; none for a view."""
    listed = TABLES.get(name)
    return () if listed is None else tuple(column.name for column in listed.columns if column.key)


def _relation(
    oid: int, name: str, described: tuple[tuple[str, str, str, str | None], ...], foreign_keys: tuple[ForeignKey, ...]
) -> Relation:
    table, view, key = TABLES.get(name), views().get(name), key_of(name)
    told = {} if view is None else view.columns
    comment = table.description if table is not None else view.question if view is not None else None
    return Relation(
        oid=oid,
        name=name,
        comment=comment,
        columns=tuple(
            Column(column, column_type(duckdb), text or told.get(column), column in key)
            for _, column, duckdb, text in described
        ),
        key=key,
        foreign_keys=foreign_keys,
        view=view,
    )


def _foreign_keys(served: Iterable[str]) -> dict[str, tuple[ForeignKey, ...]]:
    """The foreign keys of each table: what refers to the only column of the key of a table that is served too."""
    names = sorted(served)
    found: dict[str, tuple[ForeignKey, ...]] = {}
    oid = _FIRST_FOREIGN_KEY
    for name in names:
        keys = []
        for column in TABLES[name].columns if name in TABLES else ():
            table, _, referenced = (column.references or "").partition(".")
            if table in names and key_of(table) == (referenced,) and (name, column.name) != (table, referenced):
                keys.append(ForeignKey(oid, column.name, table, referenced))
                oid += 1
        found[name] = tuple(keys)
    return found
