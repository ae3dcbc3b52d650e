"""What the plan of a query says of its requests, and why one is refused before they are sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Estimate", "probes_refusal"]

#: So many columns are named that would narrow a table.
_NAMED = 6


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many requests the scans of a query send, by table, and the tables of which nobody can tell."""

    requests: Mapping[str, int]
    unknown: tuple[str, ...]
    hints: tuple[str, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Mapping[str, Any]]) -> Self:
        """Return what the rows of `EXPLAINED` say."""
        requests, unknown, hints = Counter[str](), dict[str, None](), dict[str, None]()
        for step in steps:
            if step["requests"] is None:
                unknown[step["table_name"]] = None
            else:
                requests[step["table_name"]] += step["requests"]
            if step["hint"]:
                hints[step["hint"]] = None
        return cls(requests, tuple(unknown), tuple(hints))

    @property
    def total(self) -> int:
        """The requests of all tables of which it is known."""
        return sum(self.requests.values())

    def refusal(self, *, sent: int, limit: int) -> str | None:
        """Return why the query is not run, with what to do about it, None where it may; `sent` found the sizes."""
        if self.unknown:
            return (
                f"refused: nobody can tell how many requests {', '.join(self.unknown)} would take: "
                f"{_narrowed(self.unknown[0])}, or let the person sync a copy and serve that by --mirror"
            )
        if sent + self.total <= limit:
            return None
        table = max(self.requests, key=lambda each: self.requests[each])
        found = f", and {sent} found that out" if sent else ""
        return (
            f"refused: the query needs {self.total:,} requests{found}, and max_requests is {limit}; most for "
            f"{table}: {_narrowed(table)}{''.join(f'; {hint}' for hint in self.hints[:1])}"
        )


def probes_refusal(probes: int, limit: int) -> str | None:
    """Return why a query is not planned whose lists take too many requests to count, None where they do not."""
    if probes <= limit:
        return None
    return (
        f"refused: to count the lists of the query takes {probes:,} requests, and max_requests leaves {limit}: "
        "narrow it by days or ids"
    )


def _narrowed(table: str) -> str:
    """What to do about a table: the columns whose conditions become part of its requests."""
    entry = TABLES.get(table)
    columns = []
    if entry is not None:
        # Children are asked for parent by parent, whatever else narrows them.
        parent = [entry.parent.param] if entry.parent is not None and entry.parent.param in entry else []
        day = [] if entry.day is None else [entry.day.name]
        columns = parent or list(dict.fromkeys([*day, *(each.column for each in entry.params)]))
    return f"add a condition on {', '.join(columns[:_NAMED])}" if columns else "narrow it by days or ids"
