"""The proof that the pages of a list were all of it, although records came and went between them.

Harvest cuts a list anew for each page, so a record that is added or removed in between shifts all others: one comes
twice, or is on no page at all. Let T be the `total_entries` of the first page. Once T different records have been
delivered that were in the list when its first page was answered, they are all of them, whatever the order of the list,
of the requests or of the changes. A record of the first page was in the list then. One of a later page was, if it was
last updated before: nothing enters a list without being updated. Others are possible newcomers, and prove nothing.
So a list costs no further request, unless something did change.

Records that were all updated a moment ago are all possible newcomers. So are those of the last hour where the server
does not say the time. A read that follows another after `SLACK` knows better: a record with the `updated_at` that the
read before saw was not updated since, so it did not enter the list since.

Where Harvest announces no total, or one that cannot be believed, two reads in a row that bring the same records may
stand for the proof.

One thing is assumed: that no record takes the place of a lost one without being updated itself, because its project was
given another client, say, or the user was given the right to see it.

The proof depends on the moment of the first page: no other page of the list may be asked for before it has come.

Source: https://help.getharvest.com/api-v2/introduction/overview/pagination/
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.scanner.delivered_ids import DeliveredIds
from harvest_duck.scanner.recent_stamps import RecentStamps

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Allowed for server clocks that differ, seconds cut off, and changes that are saved a little after their time.
SLACK = timedelta(seconds=5)
#: Allowed for the clock of this machine where the server does not say the time.
_OWN_SLACK = timedelta(hours=1)

#: Further reads of a list before the scan fails.
_FURTHER_READS = 3


class ServerClock:
    """A server's clock, by the `Date` of its answers, compared with a clock of this machine that never jumps."""

    def __init__(self) -> None:
        # The range of seconds by which it may be ahead.
        self._least, self._most = float("-inf"), float("inf")

    def observe(self, served_at: datetime | None, *, received_s: float, took_s: float) -> None:
        """Note the `Date` of an answer, when it came, and the seconds that it took."""
        if served_at is not None:
            ahead_s = served_at.timestamp() - received_s
            self._least, self._most = max(self._least, ahead_s), min(self._most, ahead_s + took_s)

    @property
    def steady(self) -> bool:
        """Whether one difference between the clocks explains all answers, but for `SLACK`."""
        return self._least <= self._most + SLACK.total_seconds()


class Tally:
    """The count of one list, from its first page on: `admit` takes its pages, then `complete` has the result.

    `announced` is the `total_entries` of the first page, None where Harvest did not say. `horizon` is the moment before
    which a record has to be updated to have been in the list then, see the function of that name. `delivered_ids` are
    those of other lists of the same scan, or of earlier reads of this one. `before` is the tally of the read before,
    `settled` says whether `SLACK` lay between the two.
    """

    def __init__(
        self,
        announced: int | None,
        horizon: datetime,
        delivered_ids: DeliveredIds | None = None,
        *,
        before: Tally | None = None,
        settled: bool = False,
    ) -> None:
        self.announced = announced
        #: The number of different records that came.
        self.delivered = 0
        #: The number of those that may have entered the list after its first page was answered.
        self.newcomers = 0
        self.horizon = horizon
        #: Whether records have ids, so that one that comes again can be left out.
        self.identified = True
        # The first list of a scan has delivered what the scan has: one set of ids is enough, which halves their memory.
        self._own = delivered_ids if delivered_ids is not None and delivered_ids.empty else DeliveredIds()
        #: The ids that the scan has delivered, those of this list included; the next list of the scan takes it over.
        self.delivered_ids = self._own if delivered_ids is None else delivered_ids
        self._pages = 0
        self._full = self._others = False
        self._steady = True
        self._before = before
        self._recent = RecentStamps()
        self._known = before._recent if before is not None and settled else RecentStamps()  # noqa: SLF001 - of its kind
        #: The server's clock; unless it is steady, newcomers cannot be recognized.
        self.clock = ServerClock()

    def admit(
        self,
        records: int,
        ids: pa.Int64Array | None,
        updated_at: pa.TimestampArray | None,
        announced: int | None = None,
        *,
        full: bool = False,
    ) -> pa.BooleanArray | None:
        """Return for each record of the next page whether the scan delivers it now for the first time; None for all.

        `ids` and `updated_at` are those of the records on the page, `announced` is its own `total_entries`, and a page
        is `full` if it has as many records as were asked for. The decoder refuses a list in which only some records
        have an id. Without `ids` records are only counted. Without `updated_at` newcomers cannot be recognized, and the
        proof is a weak one: the count is right, and no page announced another. `created_at` may take its place, and is
        the better evidence, where the request narrows the list by nothing that an update can change: then an edited
        record is no newcomer.
        """
        if self._before is not None and ids is not None:
            self._others |= self._before._own.lacks(ids)  # noqa: SLF001 - of its kind
        own = None if ids is None else self._own.admit(ids)
        self.identified &= ids is not None or not records
        self._pages += 1
        self._full = full
        self.delivered += records if own is None else pc.sum(own).as_py() or 0
        if updated_at is None:
            self._steady &= announced in (None, self.announced)
        elif self._pages > 1:
            self.newcomers += self._possible_newcomers(ids, updated_at, own)
        elif ids is not None:
            self._recent.add(ids, updated_at)
        return own if ids is None or self.delivered_ids is self._own else self.delivered_ids.admit(ids)

    def _possible_newcomers(
        self, ids: pa.Int64Array | None, updated_at: pa.TimestampArray, own: pa.BooleanArray | None
    ) -> int:
        late = pc.fill_null(pc.greater_equal(updated_at, pa.scalar(self.horizon, updated_at.type)), fill_value=True)
        late = late if own is None else pc.and_(late, own)
        found = pc.sum(late).as_py() or 0
        if ids is None or not found:
            return found
        ids, updated_at = ids.filter(late), updated_at.filter(late)
        self._recent.add(ids, updated_at)
        return found - self._known.among(ids, updated_at)

    @property
    def complete(self) -> bool | None:
        """Whether every record that was in the list all the time is known to be delivered; None without a total.

        A list of one page was one answer and cannot have shifted. It may have more records than it announced, unless
        the page is full: where the total is wrong, so may be that no page follows. A longer list must have as many as
        announced: more would mean that records enter it and are not updated. None is good enough where each page was
        linked by a cursor, which is a place in the list, and not where pages are numbered.
        """
        if self._pages <= 1:
            if self.announced is None or self.delivered == self.announced:
                return True
            return self.delivered > self.announced and not self._full
        if self.announced is None:
            return None
        return self._steady and self.clock.steady and self.delivered - self.newcomers == self.announced

    @property
    def repeated(self) -> bool:
        """Whether the read before brought the same records, and the same total or none."""
        before = self._before
        if before is None or not (self.identified and before.identified) or self._others:
            return False
        return (self.delivered, self.announced) == (before.delivered, before.announced)


def horizon(served_at: datetime | None, *, took_s: float, received: datetime) -> datetime:
    """Return the moment before which a record must be updated to have been in the list when an answer was made.

    `served_at` is the `Date` of the answer, `took_s` the seconds that it took, since the list may be as old as its
    request. The clock of this machine said `received`: it counts where it was behind, since a gateway may say the time
    by a clock that is ahead of Harvest's; and without that header, less an hour.
    """
    # RFC 9110, section 6.6.1
    latest = min(served_at, received) - SLACK if served_at is not None else received - _OWN_SLACK
    return latest - timedelta(seconds=took_s)


class Repair(Enum):
    """The ways to repair a list that is not known to be complete."""

    #: Read it again with pages of the largest size, ids that have come left out; done when one read is complete by
    #: itself. A list that fits into one page is one answer.
    AGAIN = "read it again"
    #: Read it in ranges of days, each of which is one answer, then what was updated since the horizon.
    DAYS = "read it in ranges of days"


def repair(*, announced: int, largest: int, reads: int, dated: bool, identified: bool = True) -> Repair | None:
    """Return the repair for a list that was read `reads` times and is not known to be complete; None to give up.

    `announced` is its latest `total_entries`, `largest` the largest page. `dated` says whether it can be narrowed both
    to days and to what was updated since a moment, and still be cut into ranges of days. Where the records are not
    `identified` nothing can be read again, since what was delivered would be delivered twice.
    """
    if not identified:
        return None
    again = reads <= _FURTHER_READS
    if announced <= largest and again:
        return Repair.AGAIN
    if dated:
        return Repair.DAYS
    return Repair.AGAIN if again else None


def pause_s(tallies: Sequence[Tally], *, largest: int) -> float:
    """Return the seconds to wait before a list is read again that was read once for each of `tallies`.

    After `SLACK` a record that was not updated again is known to be no newcomer. That helps where every record may have
    come already, and before the last read; a list that fits into one page of the `largest` size has no newcomers.
    """
    last = tallies[-1]
    announced = last.announced or 0
    came = last.delivered >= announced or len(tallies) == _FURTHER_READS
    return SLACK.total_seconds() if announced > largest and last.newcomers and came else 0.0
