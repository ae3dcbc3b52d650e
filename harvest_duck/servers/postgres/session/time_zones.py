"""The time zone of a session: what PostgreSQL takes for one, as the name by which DuckDB knows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["zone_named", "zones_of"]

#: Names that ICU has of its own (icu4c's tools/tzcode/icuzones), and PostgreSQL for abbreviations or not at all.
_OF_ICU = frozenset({
    "ACT", "AET", "AGT", "ART", "AST", "BET", "BST", "CAT", "CNT", "CST", "CTT", "EAT", "ECT", "IET", "IST", "JST",
    "MIT", "NET", "NST", "PLT", "PNT", "PRT", "PST", "SST", "VST",
})  # fmt: skip

#: A number of hours, which counts to the east.
_HOURS = re.compile(r"\s*([+-]?)(\d{1,2})(?:\.0*)?\s*\Z")
#: A zone of POSIX without summer time, whose offset counts to the west: `UTC-2`, `<+02>-02`, `GMT+01:00`.
#: PostgreSQL 15 takes one without a name too: `+02:00`, where the number `+2` counts to the east.
_POSIX = re.compile(r"\s*(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>|(?=[+-]?\d+:))([+-]?)(\d{1,2})(?::?00)?(?::00)?\s*\Z")
#: What `Etc/GMT` has.
_MOST_WEST, _MOST_EAST = 12, 14


def zones_of(names: Iterable[str]) -> Mapping[str, str]:
    """Return the time zones that PostgreSQL has too, of the `names` of DuckDB's, by their names in lower case."""
    return {name.lower(): name for name in names if name not in _OF_ICU and not name.startswith("SystemV/")}


def zone_named(name: str, zones: Mapping[str, str]) -> str:
    """Return the name of DuckDB's time zone; `zones` has all of them by their names in lower case.

    Raises a Failure for a zone that is not known, or of an offset that DuckDB has no zone for.
    """
    if found := zones.get(name.strip().lower()):
        return found
    for form, sign in ((_HOURS, 1), (_POSIX, -1)):
        if match := form.match(name):
            east = sign * int(match[2]) * (-1 if match[1] == "-" else 1)
            return _fixed(name, east)
    raise Failure("22023", f'invalid value for parameter "TimeZone": "{name}"')


def _fixed(name: str, east: int) -> str:
    """The zone that is `east` hours before UTC all year; its name counts to the west, as POSIX does."""
    if not -_MOST_WEST <= east <= _MOST_EAST:
        raise Failure("22023", f'invalid value for parameter "TimeZone": "{name}"')
    return "UTC" if not east else f"Etc/GMT{-east:+d}"
