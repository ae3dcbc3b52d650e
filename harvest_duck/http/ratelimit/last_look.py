"""What a process remembers of its last look into the ledger, for when the ledger is lost or out of reach.

A ledger that was removed, cut off or overwritten begins anew with what each process knows: its own requests, and those
of the others as it saw them last. One that is out of reach is stood in for by the same, and by a share of the limit:
each process takes no more than its part, as the others do at the same time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.http.ratelimit.ledger import UNDER_WAY, Ledger

if TYPE_CHECKING:
    from harvest_duck.http.ratelimit.ledger import Place

#: The file of a ledger: its device and its number there.
FileId = tuple[int, int]


class LastLook:
    """The requests that `owner` saw in the ledger, its own and those of others, when, and in which file."""

    def __init__(self, owner: int) -> None:
        self._owner = owner
        self._places: tuple[Place, ...] = ()
        self._at = float("-inf")
        self.file: FileId | None = None

    def remember(self, ledger: Ledger, file: FileId, now: float) -> None:
        """Take over what the ledger has at the moment `now`."""
        self._places, self._at, self.file = tuple(ledger.counting()), now, file

    def others(self) -> set[int]:
        """Return the other processes that had requests in the ledger."""
        return {each.owner for each in self._places} - {self._owner}

    def counting(self, now: float) -> list[Place]:
        """Return the requests that take room at the moment `now`; those under way ended with the last look."""
        return [each for each in map(self._ended, self._places) if each.answered + each.window_s > now]

    def is_in(self, ledger: Ledger, file: FileId, now: float) -> bool:
        """Whether the ledger in `file` still has what was seen.

        A request of one's own is taken out by nobody else while it counts. Another process may take out one that it
        did not send after all, but hardly all of them.
        """
        seen = self.counting(now)
        mine = [each for each in seen if each.owner == self._owner]
        kept = all(map(ledger.has, mine)) and (not seen or any(map(ledger.has, seen)))
        return self.file is None or (file == self.file and kept)

    def tell(self, ledger: Ledger) -> None:
        """Put the requests of others into a ledger that has lost them, unless it knows better."""
        for each in self._places:
            if each.owner != self._owner and not ledger.has(each):
                # Its process says if it is under way still; nobody else could say that it no longer is.
                ledger.put(self._ended(each))

    def stand_in(self, now: float) -> Ledger:
        """Return a ledger for this process alone, with the requests of others."""
        ledger = Ledger(b"", now)
        for each in self._places:
            if each.owner != self._owner:
                ledger.put(self._ended(each))
        return ledger

    def _ended(self, place: Place) -> Place:
        return place._replace(answered=self._at) if place.answered == UNDER_WAY else place
