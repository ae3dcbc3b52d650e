"""The rows that this process holds: pieces of tables, shared by all threads and connections of DuckDB.

A piece is what one scan brought, read to its end. It is kept for as long as a query asked for may tolerate. Pieces are
never changed, only replaced, and only on the event loop, so that any thread may look at them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from harvest_duck.cache.moment import now
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from datetime import datetime

    import pyarrow as pa

    from harvest_duck.cache.coverage import Region
    from harvest_duck.cache.fetch import Fetch
    from harvest_duck.cache.moment import Moment
    from harvest_duck.connection import Connection
    from harvest_duck.pushdown.predicate import Predicate

#: The most pieces of a table, and the most results of counting it; a query looks at all of them.
_MOST = 1000
#: What is too old is dropped so many seconds later at most.
_DROPPED_S = 1.0

#: How long rows are kept for others that a query asked Harvest for, whatever their age: the usual CacheTolerance.
_FOR_OTHERS_S = 600.0

_numbers = count(1)


def new_state() -> int:
    """Return the number of a state that no piece has."""
    return next(_numbers)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """The rows of a region, in all columns of the table, and perhaps others.

    The scan that brought them `began` at a moment, which is their age. What was saved before the `horizon`, by
    Harvest's clock, is in them. Pieces of one `state` hold each record as of one moment, and at one place only.
    """

    region: Region
    batches: tuple[pa.RecordBatch, ...]
    began: Moment
    horizon: datetime
    state: int = field(default_factory=new_state)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The rows without columns that a scan counted."""

    batches: tuple[pa.RecordBatch, ...]
    began: Moment


class HeldTable:
    """What is held of one table of one connection, the latest first, and the fetches that are under way."""

    def __init__(self) -> None:
        self.pieces: tuple[Piece, ...] = ()
        self.counted: dict[Predicate, Counted] = {}
        self.fetches: list[Fetch[Piece]] = []
        self.longest_s = 0.0

    def fresh(self, tolerance_s: float, at: Moment) -> list[Piece]:
        """Return the pieces that are young enough, the latest first."""
        return [piece for piece in self.pieces if piece.began.age_s(at) < tolerance_s]

    def keep(self, piece: Piece) -> None:
        """Hold a piece, in place of those that it contains."""
        others = [each for each in self.pieces if not each.region.within(piece.region)]
        self.pieces = (piece, *others)[:_MOST]

    def keep_count(self, predicate: Predicate, counted: Counted) -> None:
        """Hold the number of the rows that a predicate keeps."""
        self.counted = dict([*self.counted.items(), (predicate, counted)][-_MOST:])

    def replace(self, olds: Sequence[Piece], news: Sequence[Piece]) -> None:
        """Hold new pieces in the place of old ones, but for those that are held no more."""
        by_old = dict(zip(map(id, olds), news, strict=True))
        self.pieces = tuple(by_old.get(id(each), each) for each in self.pieces)

    def drop_old(self, at: Moment) -> None:
        """Hold no longer what is too old for every query that was asked."""
        self.pieces = tuple(self.fresh(self.longest_s, at))
        self.counted = {what: each for what, each in self.counted.items() if each.began.age_s(at) < self.longest_s}


class Memory:
    """All that is held, by the connection, without what leaves its rows as they are, and the table."""

    def __init__(self) -> None:
        self._tables: dict[tuple[Connection, str], HeldTable] = {}
        self._people: dict[Connection, Hashable] = {}
        self._timer: asyncio.TimerHandle | None = None

    def table(self, identity: Connection, name: str) -> HeldTable:
        """Return what is held of a table."""
        return self._tables.setdefault((identity, name), HeldTable())

    def belongs_to(self, identity: Connection, person: Hashable) -> None:
        """Forget the rows of a connection whose signed-in person is another one by now."""
        if self._people.setdefault(identity, person) != person:
            self.forget(identity)
            self._people[identity] = person

    def look(self, identity: Connection, name: str) -> HeldTable:
        """Return what is held of a table, to look at only."""
        return self._tables.get((identity, name)) or HeldTable()

    def tables(self, identity: Connection) -> dict[str, HeldTable]:
        """Return what is held of each table of a connection, to look at only."""
        return {key[1]: table for key, table in tuple(self._tables.items()) if key[0] == identity}

    def wanted_for(self, table: HeldTable, tolerance_s: float) -> None:
        """Note, on the event loop, how old rows of a table a query takes, and drop what is older later on."""
        table.longest_s = max(table.longest_s, tolerance_s or _FOR_OTHERS_S)
        self._wake_in(table.longest_s)

    def drop_old(self) -> None:
        """Drop, on the event loop, what is too old, and come back when the next may be."""
        self._timer, at = None, now()
        for key, table in tuple(self._tables.items()):
            table.drop_old(at)
            if not (table.pieces or table.counted or table.fetches):
                del self._tables[key]
        for table in self._tables.values():
            self._wake_in(table.longest_s)

    def _wake_in(self, seconds: float) -> None:
        running, seconds = asyncio.get_running_loop(), seconds + _DROPPED_S
        if self._timer is not None and self._timer.when() <= running.time() + seconds:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = running.call_later(seconds, self.drop_old)

    def forget(self, identity: Connection | None) -> None:
        """Forget what is held of a connection, or of all."""
        self._tables = {key: table for key, table in self._tables.items() if identity not in (None, key[0])}

    @property
    def wakes(self) -> bool:
        """Whether what is held will be looked at again, to drop what is too old."""
        return self._timer is not None

    @property
    def held_bytes(self) -> int:
        """The bytes of all rows that are held."""
        return sum(batch.nbytes for table in self._tables.values() for each in table.pieces for batch in each.batches)


def memory() -> Memory:
    """Return the memory of this process."""
    return loop.own("memory of rows", Memory)


def clear(identity: Connection | None = None) -> None:
    """Forget the rows of a connection, given without what leaves its rows as they are, or of all connections."""
    memory().forget(identity)
