"""The query string of the report's URL: what a person chose in the form, and the URL that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["chosen", "path"]

#: The fields of the form, and the arguments of `Options.of`.
_FIELDS = {"from": "from_date", "to": "to_date", "client": "client", "person": "person"}


def chosen(query: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the arguments of `Options.of`: those of a query string, and those given where it has no such field.

    A field that is there and empty is the default, or all, whatever was given.
    """
    return {**given, **{option: query[name] or None for name, option in _FIELDS.items() if name in query}}


def path(query: Mapping[str, str], where: str = "/", **others: str) -> str:
    """Return a path with what `chosen` reads of a query string, and other fields beside it."""
    fields = {name: query[name] for name in _FIELDS if name in query} | others
    return f"{where}?{urlencode(fields)}" if fields else where
