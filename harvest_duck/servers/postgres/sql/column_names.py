"""The names of a result's columns as PostgreSQL gives them, where DuckDB gives the text of the expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql.brackets import depth
from harvest_duck.servers.postgres.sql.figured_names import figured_name
from harvest_duck.servers.postgres.sql.select_list import select_list
from harvest_duck.servers.postgres.sql.tokens import significant, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["column_names"]

#: The most brackets in brackets that are looked into: each is read anew.
_DEEPEST = 100


def column_names(sql: str, names: Sequence[str]) -> list[str]:
    """Return the names of the columns of `sql`, whose names in DuckDB are `names`: several may be the same.

    Columns that a star stands for keep their names, and all of a statement with more brackets than anybody writes.
    """
    found = significant(tokens(sql))
    if depth(found) > _DEEPEST:
        return list(names)
    try:
        return _names(found, names)
    except RecursionError:
        return list(names)


def _names(found: Sequence[Token], names: Sequence[str]) -> list[str]:
    if found and found[0].word == "values":
        return [f"column{place}" for place in range(1, len(names) + 1)]
    items = select_list(found)
    stars = [place for place, item in enumerate(items) if _is_star(item)]
    if not items or (not stars and len(items) != len(names)) or len(items) - len(stars) > len(names):
        return list(names)
    if not stars:
        return [_named(item, name) for item, name in zip(items, names, strict=True)]
    return _around_stars(items, stars, names)


def _around_stars(items: Sequence[Sequence[Token]], stars: list[int], names: Sequence[str]) -> list[str]:
    """The names where a star stands for some: items before the first star and behind the last have their places.

    What stands between two stars is found by its name in DuckDB, which is no plain one.
    """
    first, last = stars[0], stars[-1]
    behind = len(items) - last - 1
    end = len(names) - behind
    between = [item for place, item in enumerate(items) if first < place < last and place not in stars]
    odd = [place for place in range(first, end) if not names[place].isidentifier()]
    found = list(names)
    for place, item in enumerate(items[:first]):
        found[place] = _named(item, names[place])
    for place, item in enumerate(items[last + 1 :], end):
        found[place] = _named(item, names[place])
    unnamed = [item for item in between if not _has_alias(item) and len(item) > 1]
    if len(unnamed) == len(odd):
        for place, item in zip(odd, unnamed, strict=True):
            found[place] = _named(item, names[place])
    return found


def _is_star(item: Sequence[Token]) -> bool:
    """Whether an item stands for any number of columns."""
    if item[0].text == "*" or (item[0].word == "columns" and len(item) > 1 and item[1].text == "("):
        return True
    return any(item[place].text == "." and item[place + 1].text == "*" for place in range(1, len(item) - 1))


def _has_alias(item: Sequence[Token]) -> bool:
    return len(item) > 1 and item[-2].word == "as"


def _named(item: Sequence[Token], name: str) -> str:
    """The name of the column that an item makes, which is `name` in DuckDB."""
    last = item[-1].name
    constant = len(item) == 1 and item[0].word in {"true", "false", "null"}
    if last is not None and not constant and (_has_alias(item) or last == name):
        return last
    return figured_name(item)
