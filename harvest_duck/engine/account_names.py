"""The names that every account has, known before one is attached: its tables and ready views. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.introspection.sql_names import Names, Relation, Schema, Term, relation_of
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.views.view import View

__all__ = ["account_names", "relation_of_view"]

#: What stands in the most queries; DuckDB tells the others.
_KEYWORDS = ("FROM", "GROUP BY", "JOIN", "LIMIT", "ORDER BY", "SELECT", "WHERE")


def account_names(account: str, connections: Iterable[str]) -> Names:
    """Return the names of an account that will be attached as `account`, with the connections that `DSN=` may name."""
    relations = (*map(relation_of, TABLES.values()), *map(relation_of_view, views().values()))
    schema = Schema(account, "main", relations)
    return Names((schema,), "memory", ((account, "main"),), keywords=_KEYWORDS, connections=tuple(connections))


def relation_of_view(view: View) -> Relation:
    """Return a ready view with its arguments and columns."""
    columns = tuple(Term(column, "", meaning) for column, meaning in view.columns.items())
    arguments = tuple(Term(each.name, each.type, each.text) for each in view.arguments)
    return Relation(view.name, view.question, columns, arguments)
