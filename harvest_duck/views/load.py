"""The ready views of this package, and the SQL that installs them in the catalog of an account.

Each becomes a table macro over `query()`, which binds the text of the view with its arguments as constants. DuckDB
binds the body of a macro when it is created, which took 99 to 186 ms of CPU for seventeen first versions. So all views
take 26 to 33 with their comments (2.0.1, 1.5.0, 1.4.4).
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.views.arguments import constant, in_order, macros
from harvest_duck.views.view import View, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PARAMETER = re.compile(r"\$(\w+)")
_QUALIFIED = re.compile(r"\bharvest\.(_internal\.)?(?=\w)")


@cache
def views() -> Mapping[str, View]:
    """Return every ready view, by name."""
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".sql"))
    found = (parsed(file.read_text("utf-8")) for file in files)
    return {view.name: view for view in sorted(found, key=lambda view: view.name)}


def statements(catalog: str) -> Iterator[str]:
    """Yield the statements that make each view a table macro, with a comment, in a catalog with an account's tables.

    The catalog needs a schema `_internal`, with `visible` and `days_off` once a view is read.
    """
    yield from macros(_internal(catalog))
    for view in views().values():
        signature = ", ".join(f"{argument.name} := NULL" for argument in view.arguments)
        macro = f"{identifier(catalog)}.main.{view.name}({signature})"
        yield f"CREATE OR REPLACE MACRO {macro} AS TABLE FROM query({_query(view, catalog)})"
    yield ";".join(
        f"COMMENT ON MACRO TABLE {identifier(catalog)}.main.{view.name} IS {text(view.question)}"
        for view in views().values()
    )


def select_of(view: View, catalog: str, constants: Mapping[str, str]) -> str:
    """Return the SELECT of a view over a catalog, with these constants of SQL for its arguments, all of them.

    What they are is not checked, and whose token asks is not either.
    """
    return _PARAMETER.sub(lambda found: f"({constants[found[1]]})", _qualified(view.sql, identifier(catalog)))


def _query(view: View, catalog: str) -> str:
    """Return the SQL expression of the text of a view, with the values of its arguments as constants.

    Its value is an error for arguments that the view does not take.
    """
    schema = _internal(catalog)
    # The end of a name is marked, as one may begin with another. No constant has a mark in it; the name of the catalog
    # may have, and so comes last.
    marked = text(_PARAMETER.sub(r"$\1$", _qualified(_guarded(view), "$")))
    query = f"{marked} || {in_order(view, schema)}"
    for argument in view.arguments:
        query = f"replace({query}, '${argument.name}$', {constant(view, argument, schema)})"
    return f"replace({query}, '$.', {text(f'{identifier(catalog)}.')})"


def _qualified(sql: str, catalog: str) -> str:
    """Return the SQL of a view over the tables of a catalog, whose name is written as it is in SQL."""
    return _QUALIFIED.sub(lambda found: f"{catalog}.{found[1] or 'main.'}", sql)


def _internal(catalog: str) -> str:
    return f"{identifier(catalog)}._internal"


def _guarded(view: View) -> str:
    """Return the SELECT of a view; it raises for a token that sees too little of the account for it.

    The question is a CTE of its own, because DuckDB then reads it whatever rows the view has, with filters, joins and
    LIMIT around it too, and in most plans first (1.4, 1.5, 2.0). Of an inner join it reads no side when the other is
    empty.
    """
    if view.access == "rows":
        return view.sql
    asked = f"SELECT count(*) AS accounts FROM harvest._internal.visible({text(view.name)}, {text(view.access)})"
    return (
        f"WITH _seen AS MATERIALIZED ({asked})\nSELECT _rows.* FROM (\n{view.sql}\n) AS _rows "
        "WHERE (SELECT accounts FROM _seen) >= 0"
    )
