"""One process among those that share a limit: its requests, and its exchanges with the shared ledger.

A process knows its own requests, and writes all of them into the ledger at each exchange. So a ledger that was removed
or overwritten, or could not be written for a while, is complete again after the next exchange of each process. Until
each has looked, which those with requests that count do once in `LOOK_S`, nobody is admitted to a ledger that was lost.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from harvest_duck.http.ratelimit import lock_files
from harvest_duck.http.ratelimit.last_look import LastLook
from harvest_duck.http.ratelimit.ledger import UNDER_WAY, Corrupt, Ledger, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from harvest_duck.http.ratelimit.last_look import FileId
    from harvest_duck.http.ratelimit.lock_files import Presence

#: Seconds between two looks of a process that waits, or has requests that count.
LOOK_S = 1.0
#: Seconds for which a process that could not share takes its part of the limit only: others may still be apart.
_APART_S = 30.0


@dataclass(slots=True, eq=False)
class Entry:
    """A request of this process; `answered` is infinite while it is under way, `sent` False if it never will be.

    `admitted` says whether there is room for it.
    """

    number: int
    window_s: float
    answered: float = UNDER_WAY
    sent: bool = True
    admitted: bool = False

    def counts(self, now: float) -> bool:
        """Whether it takes room at the moment `now`."""
        return self.sent and self.answered + self.window_s > now


class Participant:
    """The part of this process in the ledger at `path`; `now` is the moment by a clock that all processes share.

    `take` and `publish` block for a moment, in any thread, and raise `Unavailable`; the rest is for the event loop.
    """

    def __init__(self, path: Path, presence: Presence, now: Callable[[], float]) -> None:
        self.path = path
        self._presence = presence
        self._now = now
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._entries: set[Entry] = set()
        self._paused_until = 0.0
        self._last = LastLook(presence.owner)
        self._apart_until = float("-inf")
        #: What happened to the ledger, for whoever is told of it.
        self.lost: str | None = None

    def enter(self, window_s: float) -> Entry:
        """Return a new request, for which there is no room yet."""
        return Entry(next(self._numbers), window_s)

    def withdraw(self, entry: Entry) -> None:
        """Give the room of `entry`, or its turn, back with the next exchange: it is not sent."""
        entry.sent = False
        self._entries.add(entry)

    def pause(self, until: float) -> None:
        """Admit nobody before the moment `until`, from the next exchange on; a longer pause stays."""
        self._paused_until = max(self._paused_until, until)

    def take(self, entry: Entry, requests: int, since: float, behind: Sequence[Entry] = ()) -> float:
        """Admit `entry` to the room for `requests` and return 0, or return the seconds after which to try again.

        Also admits the entries that wait `behind` it, in their order, while there is room.
        """
        with self._lock:
            with self._exchange() as ledger:
                requests = self._part_of(requests)
                wait_s = self._admit(ledger, entry, requests, since)
                admitted = [entry] if not wait_s else []
                for each in behind if admitted else ():
                    if self._admit(ledger, each, requests, self._now()):
                        break
                    admitted.append(each)
            for each in admitted:
                each.admitted = True
                if each.sent:
                    self._entries.add(each)
        return wait_s

    def _admit(self, ledger: Ledger, entry: Entry, requests: int, since: float) -> float:
        return ledger.admit(self._place(entry), requests, since) if entry.sent else 0.0

    def take_alone(self, entry: Entry, requests: int, since: float) -> float:
        """As `take` while nothing is shared: this process has a part of the limit, beside what it knows of the others.

        Reads the directory, so that it blocks as `take` does, but raises nothing.
        """
        now = self._now()
        self._apart_until = now + entry.window_s + _APART_S
        ledger = self._last.stand_in(now)
        self._report(ledger)
        wait_s = self._admit(ledger, entry, self._part_of(requests), since)
        if not wait_s:
            self._entries.difference_update(self._over(now))
            self._entries.add(entry)
            entry.admitted = True
        return wait_s

    def _part_of(self, requests: int) -> int:
        """Return the limit, or the part of it that each known process takes while they may be apart."""
        if self._now() >= self._apart_until:
            return requests
        return max(1, requests // (1 + len(self._last.others() | self._presence.others())))

    def looks_again(self) -> bool:
        """Whether the ledger is gone, or another file, while requests of this process count."""
        if self._last.file is None or not self.counts():
            return False
        try:
            return _file_id(self.path.stat()) != self._last.file
        except OSError:
            return True

    def counts(self) -> bool:
        """Whether any request of this process takes room."""
        now = self._now()
        return any(each.counts(now) for each in tuple(self._entries))

    def publish(self) -> None:
        """Write what became of the requests of this process into the ledger."""
        with self._lock, self._exchange():
            pass

    @contextmanager
    def _exchange(self) -> Iterator[Ledger]:
        """A context in which the caller has the ledger locked; its changes are written at the end."""
        # Before the lock: whoever waits for it long enough to go on alone counts those who wait too.
        self._presence.hold()
        with lock_files.locked(self.path) as descriptor:
            now, file = self._now(), _file_id(os.fstat(descriptor))
            ledger = self._read(descriptor, file, now)
            ledger.answer_dead(self._presence.alive, self._presence.owner)
            over = self._over(now)
            self._report(ledger)
            yield ledger
            for at, content in ledger.changes():
                lock_files.write(descriptor, at, content)
            if ledger.size is not None:
                os.ftruncate(descriptor, ledger.size)
        self._last.remember(ledger, file, now)
        # Only now, because an entry whose end could not be written has to be written later.
        self._entries.difference_update(over)

    def _read(self, descriptor: int, file: FileId, now: float) -> Ledger:
        """Return the ledger in an open file; one that was lost begins anew, and admits nobody until all have looked."""
        content, lost = lock_files.read(descriptor), "was removed or cut off"
        try:
            ledger = Ledger(content, now)
        except Corrupt as error:
            os.ftruncate(descriptor, 0)
            ledger, lost = Ledger(b"", now), f"was overwritten ({error})"
        else:
            if (content or self._last.file is None) and self._last.is_in(ledger, file, now):
                return ledger
        # Nothing is lost with what counts no more: an unused file is removed after a day.
        if content or self._last.counting(now):
            self.lost = f"{self.path}, {lost}"
        self._last.tell(ledger)
        ledger.pause(now + 2 * LOOK_S)
        return ledger

    def _report(self, ledger: Ledger) -> None:
        ledger.pause(self._paused_until)
        for entry in tuple(self._entries):
            if entry.sent:
                ledger.put(self._place(entry))
            else:
                ledger.remove(self._presence.owner, entry.number)
                ledger.give_way(self._presence.owner)

    def _place(self, entry: Entry) -> Place:
        return Place(self._presence.owner, entry.number, entry.answered, entry.window_s)

    def _over(self, now: float) -> set[Entry]:
        return {each for each in tuple(self._entries) if not each.counts(now)}


def _file_id(status: os.stat_result) -> FileId:
    return status.st_dev, status.st_ino
