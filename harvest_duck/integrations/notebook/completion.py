"""What Tab offers in a cell of SQL: what the SQL may go on with, variables of the notebook, connections, options.

It sends no request. IPython asks since 8.6, whose matchers see the whole cell.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb

from harvest_duck import connections
from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.integrations.notebook import options
from harvest_duck.introspection.sql_completion import complete
from harvest_duck.introspection.sql_names import Completion, Relation, Schema, Term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harvest_duck.integrations.notebook.options import Options
    from harvest_duck.introspection.sql_names import Names

__all__ = ["Place", "completions", "matcher", "place", "with_variables"]

_CELL = re.compile(r"%%harvest(?=\s|$)")
#: A magic of one line, perhaps behind the name of a variable.
_LINE = re.compile(r"\s*(?:\w+\s*=\s*)?%harvest(?=\s)")
_CONNECTION = re.compile(r"(?:^|\s)(?:-c|--connection)(?:\s+|=)(?P<typed>[^\s'\"]*)$")
_OPTION = re.compile(r"(?:^|\s)(?P<typed>-[\w-]*)$")
_VARIABLE = re.compile(r"\$(?P<typed>\w*)$")
_OPTIONS = ("-c", "-o", "--explain", "--no-probe")
#: The schema of the variables; it is temporary, because what is needs no name before it.
_NOTEBOOK = ("temp", "notebook")


class Place(NamedTuple):
    """Where the cursor stands in a magic: its line up to there, and the text of the cell before and after the cursor.

    On the line itself `before` is None.
    """

    line: str
    before: str | None
    after: str


def place(text: str, line: int, column: int) -> Place | None:
    """Return where the cursor stands in a cell, None where that is no SQL of ours."""
    lines = text.split("\n")
    found = _CELL.match(text)
    if found and line:
        before = "\n".join([*lines[1:line], lines[line][:column]])
        after = "\n".join([lines[line][column:], *lines[line + 1 :]])
        return Place(lines[0][found.end() :], before, after)
    found = found or _LINE.match(lines[line])
    if found is None or column < found.end():
        return None
    return Place(lines[line][found.end() : column], None, lines[line][column:])


def completions(at: Place, names: Callable[[Options], Names], variables: Mapping[str, object]) -> list[Completion]:
    """Return what may stand at a place; `names` are those of the connection that options name."""
    if at.before is None and (found := _CONNECTION.search(at.line)):
        return _matching(found["typed"], (each.name for each in connections.listed()))
    try:
        asked = options.read(at.line, at.before or "")
    except QueryError:
        asked = options.Options()
    before = at.before if at.before is not None else asked.sql
    if at.before is None and (found := _OPTION.search(at.line)) and before in {"", found["typed"]}:
        return _matching(found["typed"], _OPTIONS)
    if found := _VARIABLE.search(before):
        return _matching(found["typed"], (name for name in variables if not name.startswith("_")))
    if at.before is None and at.line.endswith(" ") and before:
        # The options end where the SQL ends.
        before += " "
    return complete(before, at.after, with_variables(names(asked), variables))


def _matching(typed: str, offered: Iterable[str]) -> list[Completion]:
    return [Completion(each, len(typed), each) for each in offered if each.startswith(typed)]


def with_variables(names: Names, variables: Mapping[str, object]) -> Names:
    """Return the names with the tables that are variables of the notebook, behind those of the databases."""
    tables = [
        Relation(name, "variable of the notebook", tuple(Term(column) for column in columns))
        for name, value in variables.items()
        if not name.startswith("_") and (columns := _columns(value)) is not None
    ]
    schema = Schema(*_NOTEBOOK, tuple(tables))
    return replace(names, schemas=(*names.schemas, schema), path=(*names.path, _NOTEBOOK))


def _columns(value: object) -> list[str] | None:
    """Return the names of the columns of a table, None for another value."""
    if isinstance(value, type) or not (hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__")):
        return None
    # pyarrow has its columns under the second name.
    found: Any = getattr(value, "column_names", getattr(value, "columns", ()))
    return [each for each in found if isinstance(each, str)]


def matcher(
    names: Callable[[Options], Names], variables: Callable[[], Mapping[str, object]]
) -> Callable[..., Any] | None:
    """Return what IPython asks for completions, None for an IPython that cannot."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher  # noqa: PLC0415 - since IPython 8.6
    except ImportError:
        return None

    @context_matcher(identifier="harvest_duck")  # type: ignore[untyped-decorator]
    def harvest(context: Any) -> dict[str, Any]:  # noqa: ANN401 - of IPython
        found: list[Completion] = []
        at = place(context.full_text, context.cursor_line, context.cursor_position)
        # Tab is no place for errors: the cell tells them.
        with suppress(HarvestDuckError, duckdb.Error, OSError):
            found = [] if at is None else completions(at, names, variables())
        width = found[0].replaced if found else 0
        texts = [SimpleCompletion(each.text, type="sql") for each in found if each.replaced == width]
        typed = context.text_until_cursor[-width:] if width else ""
        return {"completions": texts, "matched_fragment": typed, "suppress": bool(texts), "ordered": True}

    return harvest  # type: ignore[no-any-return]
