"""Cursors of SQL: what DECLARE opens and FETCH reads, in one direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.protocol.frontend import formats_of
from harvest_duck.servers.postgres.session.portals import RowsPortal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from harvest_duck.servers.postgres.session.portals import Counted, Piece
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["Declared", "FetchPortal"]


class Declared:
    """An open cursor; `hold` lets it outlive its transaction, once that is `committed`.

    `formats` are those in which its columns are sent, where that is settled.
    """

    def __init__(
        self, source: Counted, *, hold: bool = False, binary: bool = False, formats: tuple[int, ...] | None = None
    ) -> None:
        self.source = source
        self.hold = hold
        self.committed = False
        self.form = int(binary)
        #: The number of savepoints that there were when it was declared.
        self.depth = 0
        self._formats = formats

    @property
    def position(self) -> int:
        """The row that it stands on, from 1; 0 before the first."""
        return self.source.taken

    def start(self, formats: Sequence[int], limit: int) -> None:
        """Run the query, if it does not run yet; `limit` is how many rows are asked for first, 0 for all.

        Later rows cannot come in another format than the first ones did.
        """
        self._formats = self._formats or tuple(formats)
        if self._formats != tuple(formats):
            raise Failure("0A000", "a cursor cannot be fetched from in text and in binary: declare another one")
        self.source.start(formats, limit)

    def steps(self, direction: str, count: int | None) -> tuple[int, int | None]:
        """Return how many rows to pass over and how many to take then, all where that is None.

        Raises a Failure for what would go back.
        """
        if direction == "forward" and count != 0:
            return 0, count
        if direction == "relative" and count is not None and count > 0:
            return count - 1, 1
        if direction == "absolute" and count is not None and count > self.position:
            return count - self.position - 1, 1
        if count == 0 and not self.position:
            return 0, 0
        raise Failure("55000", "cursor can only scan forward", hint="Declare it anew to read it from its beginning.")

    def move(self, skipped: int, wanted: int | None) -> int:
        """Pass over rows, and return how many of those that a FETCH would have taken there were."""
        self.start(self._formats or (self.form,) * len(self.source.columns), skipped + (wanted or 0))
        while skipped:
            batch = self.next(skipped)
            if batch is None:
                return 0
            skipped -= batch.num_rows
        moved = 0
        while wanted is None or moved < wanted:
            batch = self.next(0 if wanted is None else wanted - moved)
            if batch is None:
                break
            moved += batch.num_rows
        return moved

    def next(self, limit: int) -> pa.RecordBatch | None:
        """Return some of the next rows, at most `limit` where that is not 0; None at the end."""
        return self.source.next(limit)

    def close(self) -> None:
        """End the query."""
        self.source.close()


class Fetched:
    """The rows of one FETCH: after `skipped` ones at most `wanted`, all where that is None."""

    def __init__(self, declared: Declared, skipped: int, wanted: int | None) -> None:
        self._declared = declared
        self._skipped = skipped
        self._left = wanted

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        return self._declared.source.names

    @property
    def columns(self) -> Sequence[ColumnType]:
        """The types of the columns."""
        return self._declared.source.columns

    def start(self, formats: Sequence[int], limit: int) -> None:
        """Run the query of the cursor, if it does not run yet."""
        self._declared.start(formats, limit or self._skipped + (self._left or 0))

    def next(self, limit: int) -> pa.RecordBatch | None:
        """Return the next batch; None when the FETCH has what it wanted, or at the end."""
        while self._skipped:
            passed = self._declared.next(self._skipped)
            if passed is None:
                return None
            self._skipped -= passed.num_rows
        if self._left == 0:
            return None
        most = min(each for each in (limit or self._left, self._left or limit) if each) if limit or self._left else 0
        batch = self._declared.next(most)
        if batch is not None and self._left is not None:
            self._left -= batch.num_rows
        return batch

    def close(self) -> None:
        """Leave the cursor as it is."""


class FetchPortal(RowsPortal):
    """A FETCH: after `skipped` rows of a cursor at most `wanted`, all where that is None."""

    def __init__(
        self, word: str, declared: Declared, formats: Sequence[int] = (), *, skipped: int = 0, wanted: int | None = None
    ) -> None:
        super().__init__(word, Fetched(declared, skipped, wanted), _formats_for(declared, formats))
        self._declared = declared
        self._since: int | None = None

    def next(self, limit: int) -> Piece | None:
        """Return the messages of some rows, None at the end."""
        self._since = self._declared.position if self._since is None else self._since
        return super().next(limit)

    def fail(self) -> None:
        """Let the cursor be broken where rows of it are lost."""
        if self._since is not None:
            self._declared.source.fail(self._since)


def _formats_for(declared: Declared, formats: Sequence[int]) -> tuple[int, ...]:
    """Return the formats of a FETCH, which are those of the cursor where the client asks for none."""
    count = len(declared.source.columns)
    complaint = f"bind message has {len(formats)} result formats but query has {count} columns"
    return formats_of(formats or (declared.form,), count, complaint=complaint)
