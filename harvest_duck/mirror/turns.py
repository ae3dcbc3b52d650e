"""The parents whose children a sync reads: those that are new or changed, and some of the others in turn.

No change of a parent tells of every change of its children. So the children of every parent are read again within a
time, see `tables`, a few in each sync: as many as the time since the last sync asks for, the longest unread first.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Family:
    """The children in one table: when those of each parent were last read, and within what time all are, in `turn`.

    `read_at` has a parent whose children were never read as well, with None.
    """

    table: str
    read_at: Mapping[int, datetime | None]
    turn: timedelta

    def share(self, elapsed: timedelta) -> float:
        """The number of parents whose turn comes in a time."""
        return len(self.read_at) * min(1.0, elapsed / self.turn)


def unread(family: Family, changed: AbstractSet[int]) -> list[int]:
    """Return the parents whose children have to be read now: never read, or the parent is among the `changed`."""
    return sorted(parent for parent, at in family.read_at.items() if at is None or parent in changed)


def in_turn(families: Sequence[Family], now: datetime, elapsed: timedelta) -> dict[str, list[int]]:
    """Return the parents whose turn it is by table, the longest unread first, measured by the time they may wait.

    `elapsed` is the time since the last sync. Each sync takes one at least, so that every one has its turn.
    """
    number = ceil(sum(family.share(elapsed) for family in families))
    waiting = [
        ((now - at) / family.turn, family.table, parent)
        for family in families
        for parent, at in family.read_at.items()
        if at is not None
    ]
    found: dict[str, list[int]] = {}
    for _, table, parent in sorted(waiting, reverse=True)[: max(1, number)]:
        found.setdefault(table, []).append(parent)
    return found
