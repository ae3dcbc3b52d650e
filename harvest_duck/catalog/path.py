"""Paths of Harvest's API with places for ids, such as `/projects/{project_id}/task_assignments/{id}`.

Each place bears the name of the column that holds its id; it may be in a query that ends the path.
"""

from __future__ import annotations

import re
from functools import cache

_PLACE = re.compile(r"\{(\w+)\}")


@cache
def places(path: str) -> tuple[str, ...]:
    """Return the columns that a path has places for, in order."""
    return tuple(_PLACE.findall(path))


def filled(path: str, column: str, number: int) -> str:
    """Return the path, or a URL that ends with it, with an id at the place of the column."""
    return path.replace(f"{{{column}}}", str(number))


def ids_in(path: str, url: str) -> dict[str, int]:
    """Return the ids, by column, at the places of the path in a URL that ends with it; none for any other URL."""
    found = _pattern(path).search(url)
    return {column: int(number) for column, number in found.groupdict().items()} if found else {}


@cache
def _pattern(path: str) -> re.Pattern[str]:
    written, *rest = _PLACE.split(path)
    places = (f"(?P<{name}>[0-9]+){re.escape(after)}" for name, after in zip(rest[::2], rest[1::2], strict=True))
    return re.compile(re.escape(written) + "".join(places) + "$")
