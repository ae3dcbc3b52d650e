"""What clients may see otherwise than with a real PostgreSQL that has the same tables: the whole list, with reasons.

`docs/serve.md` tells people of those that matter to them. A test that compares has to meet each difference that is
written for it, so that the list says nothing that is no longer so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.told_apart import hold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ASYNCPG", "JDBC", "JDBC_PARAMETERS", "NODE", "ODBC", "PSQL", "SQLALCHEMY", "Difference", "hold_but"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference: what is said of what, by patterns, with our lines and theirs, and why it is so."""

    name: str
    line: str
    reason: str


#: The package of the real server, which the version of ours has not.
_VERSION = "Ours is no build of PostgreSQL, so its version has no name of a package."
#: Lists are json wherever they are data, so that those of records and those of numbers are read alike.
_LISTS = "A list is a json, as the lists of Harvest's records are, and not an array of PostgreSQL."
_DECIMALS = "DuckDB's decimals have a fixed scale: a value of any `numeric` is shown with ten digits behind the point."
_DAYS = "DuckDB's date_trunc of a day is a moment without a zone."

JDBC = [
    Difference("getDatabaseProductVersion", r"15\.\d+( \(.*\))?", _VERSION),
]
JDBC_PARAMETERS = [
    Difference("each", r".*\t-12345678901234\.5678(000000)?\t.*", _DECIMALS),
]
ODBC = [
    Difference("numeric", r"\['v Decimal (10|4)'\]|\(Decimal\('-12345678901234\.5678(000000)?'\),\)", _DECIMALS),
    Difference("no numeric", r"\['v Decimal (10|6|4)'\]", _DECIMALS),
]
ASYNCPG = [
    Difference(r"(bigint|text|date)\[\]", r"\[.*\]|'\[.*\]'", _LISTS),
    Difference("date_trunc.*", r"\['(date|timestamptz)'\]", _DAYS),
]
NODE = [Difference("line 98", r'.*"v6":\["?1"?,"?2"?\].*', _LISTS)]
SQLALCHEMY = [Difference("sums", r"\('.*', datetime\.datetime\(.*\), Decimal\(.*\)\)", _DAYS)]
PSQL = [
    Difference(r"\\echo :SERVER_VERSION_NAME .*", r"15\.\d+( \(.*\))? acme .*", _VERSION),
    Difference(
        r"INSERT .*",
        r"stderr: ERROR:  (cannot execute INSERT in a read-only transaction|permission denied .*)",
        "Nobody can write, so that no right is looked for.",
    ),
]


def hold_but(
    differences: Sequence[Difference], found: Mapping[str, Sequence[str]], expected: Mapping[str, Sequence[str]]
) -> None:
    """Raise AssertionError with all differences that are not written, or with those written that are none."""
    met: set[Difference] = set()

    def common(told: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Return what is told without the lines of written differences."""
        left = {}
        for name, lines in told.items():
            written = [each for each in differences if re.fullmatch(each.name, name, re.DOTALL)]
            hits = {line: [each for each in written if re.fullmatch(each.line, line)] for line in set(lines)}
            met.update(each for hit in hits.values() for each in hit)
            left[name] = [line for line in lines if not hits[line]]
        return left

    hold(common(found), common(expected))
    assert met == set(differences), [each for each in differences if each not in met]
