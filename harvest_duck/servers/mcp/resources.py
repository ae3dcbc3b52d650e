"""The catalogue and the definitions as resources: what agents may read without a request to Harvest."""

from __future__ import annotations

from dataclasses import dataclass

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import QueryError
from harvest_duck.servers.mcp import answers
from harvest_duck.text import one_line, shortened
from harvest_duck.views.load import views

__all__ = ["TEMPLATES", "Resource", "content", "resources"]

_TABLES, _VIEWS = "harvest://tables", "harvest://views"
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Resource:
    """A text under a URI, or of each name in the place of `{name}`."""

    uri: str
    name: str
    description: str
    mime_type: str


TEMPLATES = (
    Resource(f"{_TABLES}/{{name}}", "table", "The columns of a table, as CSV.", "text/csv"),
    Resource(f"{_VIEWS}/{{name}}", "view", "A ready view: its columns, and how it counts.", "text/plain"),
)


def resources() -> list[Resource]:
    """Return all resources: the two lists, each table and each view."""
    return [
        Resource(_TABLES, "tables", "The tables of Harvest, as CSV.", "text/csv"),
        Resource(_VIEWS, "views", "The ready views, as CSV.", "text/csv"),
        *(Resource(f"{_TABLES}/{each.name}", each.name, each.description, "text/csv") for each in TABLES.values()),
        *(Resource(f"{_VIEWS}/{each.name}", each.name, each.question, "text/plain") for each in views().values()),
    ]


def content(uri: str) -> tuple[str, str]:
    """Return the text of a resource and its type; raise `QueryError` where there is none of that URI."""
    if uri == _TABLES:
        return answers.tables(), "text/csv"
    if uri == _VIEWS:
        return answers.view_list(), "text/csv"
    kind, _, name = uri.rpartition("/")
    if kind == _TABLES and name in TABLES:
        return answers.columns(name), "text/csv"
    if kind == _VIEWS and name in views():
        return answers.view(name), "text/plain"
    raise QueryError(f"no resource has the URI {shortened(one_line(uri), _LONGEST)}: {_TABLES} and {_VIEWS} list them")
