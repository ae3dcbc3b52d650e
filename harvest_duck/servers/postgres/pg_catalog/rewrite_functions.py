"""Functions that return rows where DuckDB returns lists, subscripts of vectors, and names of functions alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.pg_catalog.rewrite_casts import vectors

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.pg_catalog.pieces import Pieces

__all__ = ["rewrite"]

_NAMES = {"json_build_object": "json_object", "jsonb_build_object": "json_object"}
#: Functions that return rows of several columns; in a select list each row is one value.
_RECORDS = frozenset({"aclexplode", "_pg_expandarray", "pg_options_to_table"})
#: Lists that PostgreSQL joins with others though they are NULL.
_LISTS = frozenset({"reloptions"})
#: Functions whose lists DuckDB has to unnest, in FROM too.
_LISTED = frozenset({"generate_subscripts", "pg_partition_ancestors"})
#: Functions that return one value, which PostgreSQL takes for a table in FROM.
_VALUES = frozenset(
    {"current_database", "current_schema", "current_schemas", "current_setting", "now", "string_to_array", "version"}
)
#: Functions that return rows of one column, which has the name of its alias.
_SERIES = frozenset({"generate_series", "unnest", "generate_subscripts", "pg_partition_ancestors"})


def rewrite(pieces: Pieces) -> None:
    """Write the functions and subscripts of a statement as DuckDB has them."""
    for at, piece in enumerate(pieces.all):
        if piece.name in vectors() and pieces.text(at + 1) == "[":
            pieces[at + 1].after.append("1 + ")
        elif piece.name in _LISTS and pieces.text(at + 1) == "||":
            pieces.wrap(pieces.start_of(at), at, "coalesce(", ", [])")
        if not pieces.called(at):
            continue
        if piece.name in _NAMES:
            piece.text = _NAMES[piece.name]
        elif piece.name in _SERIES:
            _series(pieces, at)
        elif _own_name(piece.name) in _VALUES and pieces.clause[at] == "from":
            _value(pieces, at)
        elif piece.name in _RECORDS and pieces.clause[at] == "from":
            _records(pieces, at)


def _own_name(name: str | None) -> str:
    """PostgreSQL's name of a function: `dialect` has put an underscore before those that DuckDB has otherwise."""
    return (name or "").removeprefix("_")


def _first(pieces: Pieces, at: int) -> int:
    """The place at which the name of a function begins, with its schema."""
    while pieces.text(at - 1) == ".":
        at -= 2
    return at


def _series(pieces: Pieces, at: int) -> None:
    closing = pieces.match.get(at + 1)
    if closing is None:
        return
    if pieces.clause[at] == "from":
        _named(pieces, closing)
        if pieces[at].name in _LISTED:
            pieces.wrap(_first(pieces, at), closing, "unnest(", ")")
    elif pieces[at].name != "unnest" and _selected(pieces, at):
        first = _first(pieces, at)
        pieces.wrap(first, closing, "unnest(", ")")


def _named(pieces: Pieces, closing: int) -> None:
    """Name the column of a function as its alias."""
    at = closing + 2 if pieces.word(closing + 1) == "as" else closing + 1
    alias = pieces.name(at)
    reserved = {
        "on",
        "where",
        "join",
        "left",
        "right",
        "inner",
        "cross",
        "full",
        "natural",
        "group",
        "order",
        "limit",
        "with",
        "union",
    }
    if alias is not None and pieces.word(at) not in reserved and pieces.text(at + 1) != "(":
        pieces[at].after.append(f"({pieces[at].text})")


def _selected(pieces: Pieces, at: int) -> bool:
    """Whether a function is called in a select list, also inside another expression of it."""
    place: int | None = at
    while place is not None and pieces.clause[place] is None:
        place = pieces.around[place]
    return place is not None and pieces.clause[place] == "select"


def _records(pieces: Pieces, at: int) -> None:
    closing = pieces.match.get(at + 1)
    if closing is not None:
        first = _first(pieces, at)
        lateral = "" if pieces.word(first - 1) == "lateral" else "LATERAL "
        pieces[at].text = f"{pieces[at].name}_rows"
        pieces.wrap(first, closing, f"{lateral}(SELECT unnest(", ", max_depth := 2))")


def _value(pieces: Pieces, at: int) -> None:
    """Read one value as a table of one row, whose column has the name of the function or of its alias."""
    closing = pieces.match.get(at + 1)
    if closing is not None:
        first = _first(pieces, at)
        _named(pieces, closing)
        pieces.wrap(first, closing, "(SELECT ", f" AS {_own_name(pieces[at].name)})")
