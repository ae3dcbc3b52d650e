"""What the sync of one list asks of Harvest and of the copy, and what it is answered.

The protocol is a generator: it yields an ask, and who drives it does what the ask says, applies the rows that came to
the copy in one transaction, and sends the answer. So the protocol decides without input and output.

`horizon` is that of `scanner.completeness`: everything that was saved before it was in the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import date, datetime

    from harvest_duck.mirror.periods import Period


@dataclass(frozen=True, slots=True)
class ReadChanged:
    """Read and apply the records that were updated since a moment; the answer is a `ChangedRead`."""

    since: datetime


@dataclass(frozen=True, slots=True)
class ReadRunning:
    """Read and apply the records whose timer runs; the answer is a `ChangedRead`."""


@dataclass(frozen=True, slots=True)
class ReadDays:
    """Read and apply all records of a period; the answer is a `DaysRead`."""

    period: Period


@dataclass(frozen=True, slots=True)
class CountAll:
    """Ask for the total of the whole list; the answer is `Counted`."""


@dataclass(frozen=True, slots=True)
class CountDays:
    """Ask for the total of a period; the answer is `Counted`."""

    period: Period


@dataclass(frozen=True, slots=True)
class Held:
    """Count the rows of the copy, without a request; the answer is `HeldRows`."""


@dataclass(frozen=True, slots=True)
class Bury:
    """Remove rows that Harvest does not have any more, and keep them as deleted if `tombstones`; the answer is None."""

    ids: frozenset[int]
    tombstones: bool = True


@dataclass(frozen=True, slots=True)
class ChangedRead:
    """The ids that came, and those of them that the copy did not hold before."""

    horizon: datetime
    ids: frozenset[int]
    new: frozenset[int]


@dataclass(frozen=True, slots=True)
class DaysRead:
    """The ids that came, those of them that are new to the copy, and those that it held in the period and did not come.

    What it held is what it held before the rows were applied.
    """

    horizon: datetime
    ids: frozenset[int]
    new: frozenset[int]
    missing: frozenset[int]


@dataclass(frozen=True, slots=True)
class Counted:
    """The `total_entries` of a list."""

    total: int
    horizon: datetime


@dataclass(frozen=True, slots=True)
class HeldRows:
    """The number of rows that the copy holds for each day, None for those without a day."""

    by_day: Mapping[date | None, int]

    @property
    def total(self) -> int:
        """The number of rows of all days."""
        return sum(self.by_day.values())


Ask = ReadChanged | ReadRunning | ReadDays | CountAll | CountDays | Held | Bury
Answer = ChangedRead | DaysRead | Counted | HeldRows | None

Expected = TypeVar("Expected", ChangedRead, DaysRead, Counted, HeldRows)


def asked(ask: Ask, kind: type[Expected]) -> Generator[Ask, Answer, Expected]:
    """Yield an ask, and return its answer. Raise `TypeError` if it is of another kind, which no request can mend."""
    answer = yield ask
    if not isinstance(answer, kind):
        raise TypeError(f"{ask} was answered by {answer}")
    return answer
