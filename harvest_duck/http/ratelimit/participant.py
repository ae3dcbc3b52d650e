"""One process among those that share a limit: what it has under way, and its exchanges with the others' ledger.

What a process has sent it knows itself, and writes it into the ledger each time: one that was removed, or could not be
written for a while, is complete again with the next exchange.
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
    """A request of this process; `answered` is infinite while it is under way, `sent` False where it never will be.

    `admitted` says whether there is room for it.
    """

    number: int
    window_s: float
    answered: float = UNDER_WAY
    sent: bool = True
    admitted: bool = False


class Member:
    """What this process shares with others in the ledger at `path`; `now` is the moment by a clock that all share.

    `take` and `publish` block for a moment, in any thread, and raise `Unavailable`; the rest is for the loop.
    """

    def __init__(self, path: Path, presence: Presence, now: Callable[[], float]) -> None:
        self.path = path
        self._presence = presence
        self._now = now
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._entries: list[Entry] = []
        self._paused_until = 0.0

    def enter(self, window_s: float) -> Entry:
        """A request that has no room yet."""
        return Entry(next(self._numbers), window_s)

    def withdraw(self, entry: Entry) -> None:
        """Give the room of `entry` back, or its turn, with the next exchange: it is not sent."""
        entry.sent = False
        self._entries.append(entry)

    def pause(self, until: float) -> None:
        """Let nobody in before the moment `until`, from the next exchange on; a longer pause stands."""
        self._paused_until = max(self._paused_until, until)

    def take(self, entry: Entry, requests: int, since: float, behind: Sequence[Entry] = ()) -> float:
        """0 where `entry` has one of the room of `requests` now, else the seconds after which to try again.

        Those who wait `behind` it have room as well, one after the other, while there is some.
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
                    self._entries.append(each)
        return wait_s

    def _admit(self, ledger: Ledger, entry: Entry, requests: int, since: float) -> float:
        place = Place(self._presence.owner, entry.number, UNDER_WAY, entry.window_s)
        return ledger.admit(place, requests, since) if entry.sent else 0.0

    def take_alone(self, entry: Entry) -> float:
        """As `take` while nothing is shared: only a pause is in the way."""
        now = self._now()
        wait_s = max(0.0, self._paused_until - now)
        if not wait_s:
            self._forget(self._over(now))
            self._entries.append(entry)
            entry.admitted = True
        return wait_s

    def publish(self) -> None:
        """Let the others know what has become of the requests of this process."""
        with self._lock, self._exchange():
            pass

    @contextmanager
    def _exchange(self) -> Iterator[Ledger]:
        """A context in which nobody else has the ledger; what it becomes there is written at the end."""
        try:
            with lock_files.locked(self.path) as descriptor:
                self._presence.hold()
                now = self._now()
                ledger = Ledger(lock_files.read(descriptor), now)
                ledger.look(self._presence.alive, self._presence.owner)
                over = self._report(ledger, now)
                yield ledger
                for at, content in ledger.changes():
                    lock_files.write(descriptor, at, content)
                if ledger.size is not None:
                    os.ftruncate(descriptor, ledger.size)
        except Corrupt as error:
            raise Unavailable(f"{self.path}: {error}: remove it") from error
        self._forget(over)

    def _report(self, ledger: Ledger, now: float) -> set[Entry]:
        """Write down what this process knows; returns what need not be known any more, once that is written."""
        owner = self._presence.owner
        over = self._over(now)
        ledger.pause(self._paused_until)
        for entry in list(self._entries):
            place = Place(owner, entry.number, entry.answered, entry.window_s)
            if not entry.sent:
                ledger.remove(owner, entry.number)
                ledger.give_way(owner)
            elif entry in over:
                ledger.settle(place)
            else:
                ledger.put(place)
        return over

    def _over(self, now: float) -> set[Entry]:
        return {each for each in self._entries if not each.sent or each.answered + each.window_s <= now}

    def _forget(self, entries: set[Entry]) -> None:
        # One by one, as the loop may add to the list meanwhile.
        for entry in [each for each in self._entries if each in entries]:
            self._entries.remove(entry)
