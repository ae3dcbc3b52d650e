"""The elements of an array that PostgreSQL writes as text: {a,"b c",NULL}."""

from __future__ import annotations

import re

from harvest_duck.servers.postgres.failure import Failure

__all__ = ["elements"]

_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^",{}\\]|\\.)*))\s*(,|\Z)', re.DOTALL)


def elements(text: str) -> list[str | None]:
    """Return the elements of an array of one dimension; raise Failure 22P02 for what is none."""
    inner = text[1:-1].strip()
    found: list[str | None] = []
    at = 0
    while inner and at <= len(inner):
        match = _ELEMENT.match(inner, at)
        if match is None:
            raise Failure("22P02", f'malformed array literal: "{text}"')
        quoted, plain = match.group(1), (match.group(2) or "").strip()
        value = re.sub(r"\\(.)", r"\1", quoted if quoted is not None else plain)
        found.append(None if quoted is None and plain.lower() == "null" else value)
        if not match.group(3):
            break
        at = match.end()
    return found
