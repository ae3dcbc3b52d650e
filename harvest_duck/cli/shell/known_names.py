"""The names that Tab offers before the connection is open: tables and ready views of every account. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.introspection.sql_names import Names, Relation, Schema, Term
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.catalog.model import Table
    from harvest_duck.views.view import View

__all__ = ["known_names"]

#: What stands in the most queries; DuckDB tells the others.
_KEYWORDS = ("FROM", "GROUP BY", "JOIN", "LIMIT", "ORDER BY", "SELECT", "WHERE")


def known_names(account: str, connections: Iterable[str]) -> Names:
    """Return the names of an account that will be attached as `account`, with the connections that `DSN=` may name."""
    relations = (*map(_table, TABLES.values()), *map(_view, views().values()))
    schema = Schema(account, "main", relations)
    return Names((schema,), "memory", ((account, "main"),), keywords=_KEYWORDS, connections=tuple(connections))


def _table(table: Table) -> Relation:
    columns = tuple(Term(column.name, column.type.sql, column.description) for column in table.columns)
    return Relation(table.name, table.description, columns)


def _view(view: View) -> Relation:
    columns = tuple(Term(name, "", meaning) for name, meaning in view.columns.items())
    return Relation(
        view.name, view.question, columns, tuple(Term(each.name, each.type, each.text) for each in view.arguments)
    )
