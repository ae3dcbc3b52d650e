"""One process among those that share a limit: its requests, and its exchanges with the shared ledger.

A process knows its own requests, and writes all of them into the ledger at each exchange. So a ledger that was removed,
or could not be written for a while, is complete again after the next exchange of each process.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from harvest_duck.http.ratelimit import lock_files
from harvest_duck.http.ratelimit.ledger import UNDER_WAY, Corrupt, Ledger, Place
from harvest_duck.http.ratelimit.lock_files import Presence, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


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

    def take_alone(self, entry: Entry) -> float:
        """As `take` while nothing is shared: only a pause can be in the way."""
        now = self._now()
        wait_s = max(0.0, self._paused_until - now)
        if not wait_s:
            self._entries.difference_update(self._over(now))
            self._entries.add(entry)
            entry.admitted = True
        return wait_s

    def publish(self) -> None:
        """Write what became of the requests of this process into the ledger."""
        with self._lock, self._exchange():
            pass

    @contextmanager
    def _exchange(self) -> Iterator[Ledger]:
        """A context in which the caller has the ledger locked; its changes are written at the end."""
        try:
            with lock_files.locked(self.path) as descriptor:
                self._presence.hold()
                now = self._now()
                ledger = Ledger(lock_files.read(descriptor), now)
                ledger.answer_dead(self._presence.alive, self._presence.owner)
                over = self._over(now)
                self._report(ledger)
                yield ledger
                for at, content in ledger.changes():
                    lock_files.write(descriptor, at, content)
                if ledger.size is not None:
                    os.ftruncate(descriptor, ledger.size)
        except Corrupt as error:
            raise Unavailable(f"{self.path}: {error}: remove it") from error
        # Only now, because an entry whose end could not be written has to be written later.
        self._entries.difference_update(over)

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
