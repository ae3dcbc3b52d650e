"""The shared record of one limit: the requests of all processes that count, and the process that has waited longest.

::

    header       magic, end of the pause, moment of the last search for dead processes, who has waited longest
    place        process, number of the request, moment of its answer (infinite while under way), window in seconds
    place        …

All numbers have eight bytes. A place has 32, so that none lies in two pages of memory: a process that is killed has
written all of it or nothing. Moments are of a clock that all processes share and that restarts with the machine; one
in the future is left from before the restart and counts for nothing.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The moment of the answer of a request that has none yet.
UNDER_WAY = float("inf")

_MAGIC = b"hdquota1"
_HEADER = struct.Struct("<8sddQQddd")
_PLACE = struct.Struct("<QQdd")
#: A window of more seconds than a connection string can ask for.
_LONGEST_S = 1e9
#: Seconds between two searches for dead processes, at least.
_SEARCH_S = 1.0
#: Seconds after which a process that waits would have asked again; one that has not waits no more.
_STALE_S = 3.0
#: Unused places at the end of the file that stay there.
_SPARE = 64


class Corrupt(ValueError):
    """Content that no ledger has."""


class Place(NamedTuple):
    """One request: its process, its number there, the moment of its answer, and for how many seconds it counts."""

    owner: int
    number: int
    answered: float
    window_s: float


class _Turn(NamedTuple):
    """The process that has waited longest: its limit, since when it waits, and when it last asked."""

    owner: int
    requests: int
    window_s: float
    since: float
    asked: float


_NOBODY = _Turn(0, 0, 0.0, 0.0, 0.0)
_FREE = Place(0, 0, -UNDER_WAY, 0.0)


class Ledger:
    """The ledger in `content` at the moment `now`; a new one if that is empty. Raises `Corrupt`."""

    def __init__(self, content: bytes, now: float) -> None:
        self._now = now
        self._paused_until, self._searched, self._turn = _header(content) if content else (0.0, now, _NOBODY)
        self._header_changed = not content
        if self._searched > now:
            self._paused_until, self._searched, self._turn = 0.0, now, _NOBODY
            self._header_changed = True
        self._places = _places(content, now)
        self._length = len(self._places)
        self._changed: set[int] = set()
        # A process with a longer window counts a place for longer than the place's own window.
        longest_s = max((each.window_s for each in self._places if each.answered + each.window_s > now), default=0.0)
        self._free = [at for at, each in enumerate(self._places) if not each.answered + longest_s > now]
        self._free.reverse()
        self._at = {each[:2]: at for at, each in enumerate(self._places) if each.answered + longest_s > now}

    def answer_dead(self, alive: Callable[[int], bool], owner: int) -> None:
        """Count the requests of dead processes that are under way as answered now; searches once in a second.

        `owner` is the caller, which lives; `alive` is called for the others.
        """
        if self._now < self._searched + _SEARCH_S:
            return
        self._searched = self._now
        self._header_changed = True
        others = {each.owner for each in self._places if each.answered == UNDER_WAY} - {owner}
        dead = {each for each in others if not alive(each)}
        for at, each in enumerate(self._places):
            if each.answered == UNDER_WAY and each.owner in dead:
                self._set(at, each._replace(answered=self._now))

    def pause(self, until: float) -> None:
        """Admit nobody before the moment `until`; a longer pause stays."""
        if until > max(self._paused_until, self._now):
            self._paused_until = until
            self._header_changed = True

    def admit(self, place: Place, requests: int, since: float) -> float:
        """Put `place` in and return 0 if there is room for one more of at most `requests`.

        Otherwise return the seconds after which there may be. The process that has waited longest, `since` when, gets
        the next room.
        """
        if self._paused_until > self._now:
            return self._paused_until - self._now
        now, window_s = self._now, place.window_s
        ends = sorted(each.answered + window_s for each in self._places if each.answered + window_s > now)
        room = self._usable(place, requests, since)
        if len(ends) < room:
            self.put(place)
            self.give_way(place.owner)
            return 0.0
        self._wait(_Turn(place.owner, requests, window_s, since, now))
        # A request that is under way counts for a whole window from now at least.
        return min(ends[len(ends) - room] if room > 0 else UNDER_WAY, now + window_s) - now

    def put(self, place: Place) -> None:
        """Write `place` as it is now, over what the ledger has of that request."""
        at = self._at.get(place[:2])
        if at is None:
            if not self._free:
                self._free.append(len(self._places))
                self._places.append(_FREE)
            at = self._free.pop()
            self._at[place[:2]] = at
        if self._places[at] != place:
            self._set(at, place)

    def has(self, place: Place) -> bool:
        """Whether the request of `place` is in the ledger."""
        return place[:2] in self._at

    def counting(self) -> Iterator[Place]:
        """Yield the requests that count now, by their own windows."""
        return (each for each in self._places if each.answered + each.window_s > self._now)

    def remove(self, owner: int, number: int) -> None:
        """Remove a request that was never sent."""
        at = self._at.pop((owner, number), None)
        if at is not None:
            self._set(at, _FREE)
            self._free.append(at)

    def give_way(self, owner: int) -> None:
        """Keep no room for `owner`, which no longer waits."""
        if self._turn.owner == owner:
            self._turn = _NOBODY
            self._header_changed = True

    def used(self, window_s: float) -> int:
        """Return how many requests count in a window of so many seconds, those under way among them."""
        return sum(each.answered + window_s > self._now for each in self._places)

    @property
    def paused_s(self) -> float:
        """The seconds for which nobody is admitted, because of a 429."""
        return max(0.0, self._paused_until - self._now)

    @property
    def size(self) -> int | None:
        """The bytes to cut the file to, None for none: most of the unused places at its end go."""
        unused, used = set(self._free), len(self._places)
        while used - 1 in unused:
            used -= 1
        return _HEADER.size + _PLACE.size * (used + _SPARE) if self._length > used + 2 * _SPARE else None

    def changes(self) -> Iterator[tuple[int, bytes]]:
        """Yield each position in the file that has to be written, and the bytes to write there."""
        if self._header_changed:
            yield 0, _HEADER.pack(_MAGIC, self._paused_until, self._searched, *self._turn)
        for at in sorted(self._changed):
            yield _HEADER.size + _PLACE.size * at, _PLACE.pack(*self._places[at])

    def _usable(self, place: Place, requests: int, since: float) -> int:
        """Return how many of the `requests` the caller may use: all, or all but one for a process that waits longer.

        A process with a lower limit finds no room for as long as others use up theirs. Once it has waited for a whole
        window, the caller leaves room down to that lower limit, unless that takes longer than the caller's window.
        """
        turn, now = self._turn, self._now
        if turn.owner in {0, place.owner} or turn.since >= since or not turn.asked <= now < turn.asked + _STALE_S:
            return requests
        if turn.requests >= requests:
            return requests - 1
        patient = turn.since + turn.window_s > now or turn.window_s > place.window_s
        return requests if patient else turn.requests - 1

    def _wait(self, turn: _Turn) -> None:
        stale = self._turn.owner in {0, turn.owner} or self._now >= self._turn.asked + _STALE_S
        if stale or turn.since < self._turn.since:
            self._turn = turn
            self._header_changed = True

    def _set(self, at: int, place: Place) -> None:
        self._places[at] = place
        self._changed.add(at)


def _header(content: bytes) -> tuple[float, float, _Turn]:
    if len(content) < _HEADER.size or not content.startswith(_MAGIC):
        raise Corrupt("it holds something else")
    _, paused_until, searched, *turn = _HEADER.unpack_from(content)
    return paused_until, searched, _Turn(*turn)


def _places(content: bytes, now: float) -> list[Place]:
    # A place that was only written in part, on a full disk, was never used.
    whole = (len(content) - _HEADER.size) // _PLACE.size * _PLACE.size
    places = [Place(*each) for each in _PLACE.iter_unpack(content[_HEADER.size :][:whole])] if content else []
    if not all(0 <= each.window_s <= _LONGEST_S for each in places):
        raise Corrupt("it holds numbers that make no sense")
    return [_FREE if now < each.answered < UNDER_WAY else each for each in places]
