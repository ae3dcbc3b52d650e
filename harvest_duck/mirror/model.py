"""The values that the steps of a sync share: what changed, what a run did, and what a run would send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class CheckDeletes(Enum):
    """How a sync looks for deleted records."""

    #: Count the list; where the total differs, count its latest days, then halves.
    RECENT = "recent"
    #: Count every month, also where the total is the same.
    ALL = "all"
    #: Do not look: the run proves nothing of lists that it does not read whole.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Changes:
    """The number of rows of one table that a step inserted, changed and deleted."""

    inserted: int = 0
    changed: int = 0
    deleted: int = 0

    def __add__(self, other: Changes) -> Changes:
        """Return the changes of both."""
        return Changes(
            self.inserted + other.inserted,
            self.changed + other.changed,
            self.deleted + other.deleted,
        )

    def __bool__(self) -> bool:
        """Whether any row changed."""
        return bool(self.inserted or self.changed or self.deleted)


@dataclass(frozen=True, slots=True)
class TableResult:
    """What one run did with one table.

    `rows` came in the answers to `requests`. The ids are proven whole as of `proven_at`; it is None where the run does
    not prove them, and `note` then says why. A table that is not `readable` for the user is in no copy.
    """

    table: str
    method: str
    requests: int
    rows: int
    inserted: int
    changed: int
    deleted: int
    proven_at: datetime | None
    note: str = ""
    readable: bool = True


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What one run did: `depth` is "first", "usual" or "whole"; `published` says whether the file changed."""

    path: Path
    run: int
    account_id: int
    depth: str
    started_at: datetime
    ended_at: datetime
    requests: int
    tables: tuple[TableResult, ...]
    published: bool = False

    @property
    def inserted(self) -> int:
        """The rows that were not in the copy before."""
        return sum(table.inserted for table in self.tables)

    @property
    def changed(self) -> int:
        """The rows that have another value in some column."""
        return sum(table.changed for table in self.tables)

    @property
    def deleted(self) -> int:
        """The rows that moved to the schema `deleted`."""
        return sum(table.deleted for table in self.tables)

    @property
    def seconds(self) -> float:
        """The seconds that the run took."""
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def proven(self) -> bool:
        """Whether the ids of every table that the user may read are proven whole."""
        return all(table.proven_at is not None for table in self.tables if table.readable)


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far a run has come: in `table`, after `tables_done` of `tables_total`.

    `requests` were answered of about `requests_expected`, None where that is not known. `left_s` is the time that the
    rest takes at least, None where it is not known; `waits_s` the seconds until the rate limit lets the next one go.
    """

    table: str
    tables_done: int
    tables_total: int
    requests: int
    requests_expected: int | None
    rows: int
    elapsed_s: float
    left_s: float | None
    waits_s: float


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """The requests that a sync would send for one table: `requests` if nothing changed, and never more than `most`.

    Both are None where they are not known, as in a first copy. What is new or changed takes a request for each page
    besides. `reason` says why the table is read by this `method`.
    """

    table: str
    method: str
    reason: str
    requests: int | None
    most: int | None
