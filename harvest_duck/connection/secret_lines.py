"""Which lines of SQL may not be kept, or repeated in an error: those in which a secret stands, or may stand. Pure.

A line that is left out costs nothing but itself, so a doubt decides against it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.connection.properties import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["may_hold_secret"]

#: A property with a secret, in a line without blanks, quotes and operators: so `'API' || ' Key ='` is one.
_PROPERTIES = re.compile("|".join(f"{name.lower()}=" for name, entry in PROPERTIES.items() if entry.secret))
_LEFT_OUT = re.compile(r"[^a-z0-9=]")
_SIGNS = [
    re.compile(sign, re.IGNORECASE)
    for sign in (
        # Harvest's tokens: a number, the kind, and many characters.
        r"\b\d{1,12}\.(?:at|pt|rt)\.[\w-]{8,}",
        r"\bBearer\s+\S",
        # Of other services: a user with a password in a URL, and secrets, settings and connection strings of DuckDB's.
        r"://[^\s/@:]*:[^\s/@]+@",
        r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:PERSISTENT|TEMPORARY|TEMP)\s+)?SECRET\b",
        r"(?:passw(?:or)?d|pwd|secret(?:_access)?_key|(?:session|access|auth)_token|api_key)\W{0,3}(?:=|:|\bTO\b|'|\")",
    )
]
#: A text shorter than this stands in many lines by chance.
_SHORTEST = 6


def may_hold_secret(line: str, known: Iterable[str]) -> bool:
    """Whether a line has a secret in it, by what stands around one or because it is one of those that are `known`."""
    if any(sign.search(line) for sign in _SIGNS) or _PROPERTIES.search(_LEFT_OUT.sub("", line.lower())):
        return True
    return any(each in line for each in known if len(each) >= _SHORTEST)
