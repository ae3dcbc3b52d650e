"""Whether the pages of a list were all of it, although records came and went between them.

Harvest cuts a list anew for each page, so a record that is added or removed in between shifts all others: one comes
twice, or is on no page at all. Let T be the `total_entries` of the first page. Once T different records have been
delivered that were in the list when its first page was answered, they are all of them, whatever the order of the list,
of the requests or of the changes. A record of the first page was in the list then. One of a later page was, if it was
last updated before: nothing enters a list without being updated. Others are possible newcomers, and prove nothing.
So a list costs no request more, unless something did change.

One thing is taken on trust: that no record takes the place of a lost one without being updated itself, because its
project was given another client, say, or the one who asks was given the right to see it.

Everything hangs on the moment of the first page: no other page of the list may be asked for before it has come.

Source: https://help.getharvest.com/api-v2/introduction/overview/pagination/
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.errors import ProtocolError
from harvest_duck.scanner.delivered_ids import Seen

if TYPE_CHECKING:
    from collections.abc import Sequence

#: For clocks of servers that differ, seconds that were cut off, and changes that are saved a little after their time.
_SLACK = timedelta(seconds=5)
#: How far a clock of this machine may be off where the server does not tell the time.
_OWN_SLACK = timedelta(hours=1)

#: Further reads of a list, after which it is given up.
_FURTHER_READS = 3


class ServerClock:
    """Whether a server's clock, by the `Date` of its answers, kept step with one of this machine that never jumps."""

    def __init__(self) -> None:
        # By how many seconds it may be ahead.
        self._least, self._most = float("-inf"), float("inf")

    def tells(self, served_at: datetime | None, *, received_s: float, took_s: float) -> None:
        """Note the `Date` of an answer, when it came, and the seconds that it took."""
        if served_at is not None:
            ahead_s = served_at.timestamp() - received_s
            self._least, self._most = max(self._least, ahead_s), min(self._most, ahead_s + took_s)

    @property
    def steady(self) -> bool:
        """Whether one and the same difference explains all answers, give or take what servers differ by."""
        return self._least <= self._most + _SLACK.total_seconds()


class Tally:
    """The count of one list, from its first page on: `admit` takes its pages, then `complete` tells.

    `announced` is the `total_entries` of the first page, None where Harvest did not say. `horizon` is the moment before
    which a record has to be updated to have been in the list then, see the function of that name. `seen` has the ids
    that other lists of the same scan have delivered, or earlier reads of this one.
    """

    def __init__(self, announced: int | None, horizon: datetime, seen: Seen | None = None) -> None:
        self.announced = announced
        #: Different records that came.
        self.delivered = 0
        #: Those of them that may have entered the list after its first page was answered.
        self.newcomers = 0
        self.horizon = horizon
        #: Whether each record had an id, so that it can be left out when it comes again.
        self.identified = True
        # The first list of a scan has delivered what the scan has: one set of ids is enough, which halves their memory.
        self._own = seen if seen is not None and seen.empty else Seen()
        #: The ids that the scan has delivered, those of this list included; the next list of the scan takes it over.
        self.seen = self._own if seen is None else seen
        self._pages = 0
        self._steady = True
        #: What the answers of this list tell of the server's clock; without a steady one newcomers cannot be told.
        self.clock = ServerClock()

    def admit(
        self,
        records: int,
        ids: pa.Int64Array | None,
        updated_at: pa.TimestampArray | None,
        announced: int | None = None,
    ) -> pa.BooleanArray | None:
        """Whether each record of the next page is one that the scan has not delivered yet, None when all are.

        `ids` and `updated_at` are those of the records on the page, `announced` is its own `total_entries`. Without
        `ids` records are only counted. Without `updated_at` newcomers cannot be told, and the proof is a weak one: the
        count is right, and no page announced another. `created_at` may stand for it, and is the better evidence, where
        the request narrows the list by nothing that an update can change: then what was edited is no newcomer.
        """
        own = None if ids is None else self._own.admit(ids)
        self.identified &= not records if ids is None else not ids.null_count
        self._pages += 1
        self.delivered += records if own is None else pc.sum(own).as_py() or 0
        if updated_at is None:
            self._steady &= announced in (None, self.announced)
        elif self._pages > 1:
            self.newcomers += self._possible_newcomers(ids, updated_at, own)
        return own if ids is None or self.seen is self._own else self.seen.admit(ids)

    def _possible_newcomers(
        self, ids: pa.Int64Array | None, updated_at: pa.TimestampArray, own: pa.BooleanArray | None
    ) -> int:
        late = pc.fill_null(pc.greater_equal(updated_at, pa.scalar(self.horizon, updated_at.type)), fill_value=True)
        if ids is not None and ids.null_count:
            # It cannot be told whether such a record came before.
            late = pc.or_(late, ids.is_null())
        return pc.sum(late if own is None else pc.and_(late, own)).as_py() or 0

    @property
    def complete(self) -> bool | None:
        """Whether every record that was in the list all the time is known to be delivered.

        A list of one page was one answer and cannot have shifted; it may have more records than it announced. Of
        others there must be as many as announced: more would mean that records enter it and are not updated. Without a
        total nothing is known of them, which is None: good enough where each page was linked by a cursor, for that is a
        place in the list and no number, and not where pages are numbered.
        """
        if self._pages <= 1:
            return self.announced is None or self.delivered >= self.announced
        if self.announced is None:
            return None
        return self._steady and self.clock.steady and self.delivered - self.newcomers == self.announced


def horizon(served_at: datetime | None, *, took_s: float, received: datetime) -> datetime:
    """The moment before which a record must be updated to have been in the list when an answer was made.

    `served_at` is the `Date` of the answer, `took_s` the seconds that it took, for the list may be as old as its
    request. Where there is no such header the clock of this machine has to do, which said `received`, less an hour.
    """
    # RFC 9110, section 6.6.1
    latest = served_at - _SLACK if served_at is not None else received - _OWN_SLACK
    return latest - timedelta(seconds=took_s)


class Repair(Enum):
    """What to do about a list that is not known to be complete."""

    #: Read it again with pages of the largest size, ids that have come left out; done when one read is complete by
    #: itself. A list that fits into one page is one answer.
    AGAIN = "read it again"
    #: Read it in windows of days, each of which is one answer, then what was updated since the horizon: see `windows`.
    WINDOWS = "read it in windows of days"


def repair(*, announced: int, largest: int, reads: int, dated: bool, identified: bool = True) -> Repair | None:
    """What to do about a list that was read `reads` times and is still not known to be complete; None to give up.

    `announced` is its latest `total_entries`, `largest` the largest page. `dated` says whether it can be narrowed both
    to days and to what was updated since a moment; no longer so when its windows turned out to be impossible. Where the
    records are not `identified` nothing can be read again, for what was delivered would be delivered twice.
    """
    if not identified:
        return None
    again = reads <= _FURTHER_READS
    if announced <= largest and again:
        return Repair.AGAIN
    if dated:
        return Repair.WINDOWS
    return Repair.AGAIN if again else None


def incomplete(where: str, tallies: Sequence[Tally]) -> ProtocolError:
    """The error for a list that was read as often as `tallies` tell, and never completely."""
    last = tallies[-1]
    doubt = f", but {last.newcomers} of them may be new" if last.newcomers else ""
    times = f"each of the {len(tallies)} times it was read" if len(tallies) > 1 else "while it was read"
    return ProtocolError(
        f"{where}: Harvest announced {last.announced} records and {last.delivered} came{doubt}: "
        f"the list changed {times}; run the query again, or ask for less of it at a time"
    )
