"""Portals: statements that are ready to run, each giving its rows as often as a client asks for some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.protocol.backend import Field
from harvest_duck.servers.postgres.protocol.frontend import formats_of
from harvest_duck.servers.postgres.values.rows import row_parts
from harvest_duck.servers.postgres.values.types import column_type

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from harvest_duck.servers.postgres.sql.statement_kinds import Statement
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["TEXT", "CommandPortal", "Counted", "Piece", "Portal", "RowsPortal", "Source", "Texts", "cannot_run_again"]

#: Messages, and how many rows begin with them.
Piece = tuple[bytes | memoryview, int]
#: The type of texts.
TEXT = column_type("VARCHAR")


class Texts:
    """Rows of texts that the server knows itself, as SHOW has them; `rows` is called when they are read."""

    def __init__(self, names: Sequence[str], rows: Callable[[], Sequence[Sequence[str | None]]]) -> None:
        self.names = tuple(names)
        self.columns = (TEXT,) * len(self.names)
        self._rows = rows
        self._rest: pa.RecordBatch | None = None
        self._started = False

    def start(self, formats: Sequence[int], limit: int) -> None:  # noqa: ARG002 - a text is the same in both formats
        """Make the rows."""
        if not self._started:
            self._started = True
            columns = list(zip(*self._rows(), strict=True)) or [()] * len(self.names)
            arrays = [pa.array(column, pa.string()) for column in columns]
            self._rest = pa.record_batch(arrays, [f"c{at}" for at, _ in enumerate(arrays, 1)])

    def next(self, limit: int) -> pa.RecordBatch | None:
        """Return the next batch, None at the end."""
        batch, self._rest = self._rest, None
        if batch is not None and limit and batch.num_rows > limit:
            batch, self._rest = batch.slice(0, limit), batch.slice(limit)
        return batch if batch is not None and batch.num_rows else None

    def close(self) -> None:
        """Forget the rows."""
        self._rest = None


class Source(Protocol):
    """What rows come from: a query, or the server itself. It is used on the session's thread."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""

    @property
    def columns(self) -> Sequence[ColumnType]:
        """The types of the columns."""

    def start(self, formats: Sequence[int], limit: int) -> None:
        """Run it, if it does not run yet, for columns in these formats; `limit` is how many rows it begins with."""

    def next(self, limit: int) -> pa.RecordBatch | None:
        """Return the next batch, of at most `limit` rows where that is not 0; None at the end."""

    def close(self) -> None:
        """End it."""


class Counted:
    """Rows of a source, and how many of them were taken: by Execute, FETCH and MOVE together.

    It is broken where rows were taken that the client did not get: who read on would miss them.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.taken = 0
        self._is_broken = False

    @property
    def names(self) -> Sequence[str]:
        """The names of the columns."""
        return self._source.names

    @property
    def columns(self) -> Sequence[ColumnType]:
        """The types of the columns."""
        return self._source.columns

    def start(self, formats: Sequence[int], limit: int) -> None:
        """Run it, if it does not run yet."""
        if self._is_broken:
            raise Failure("55000", "portal cannot be run", hint="What read it before failed: begin it anew.")
        self._source.start(formats, limit)

    def next(self, limit: int) -> pa.RecordBatch | None:
        """Return the next batch, None at the end."""
        batch = self._source.next(limit)
        self.taken += 0 if batch is None else batch.num_rows
        return batch

    def fail(self, since: int) -> None:
        """Take note that what read on from the row `since` failed."""
        self._is_broken = self._is_broken or self.taken != since

    def close(self) -> None:
        """End it."""
        self._source.close()


def cannot_run_again() -> Failure:
    """Return the failure of who runs a portal again that has no more."""
    return Failure("55000", "portal cannot be run again")


class Portal:
    """A statement that is ready to run; `word` is what it is called in the log and in CommandComplete."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.rows_sent = 0
        #: What the client wrote.
        self.statement: Statement | None = None

    def fields(self) -> Sequence[Field] | None:
        """Return its columns, None where it has no rows."""
        return None

    def fail(self) -> None:
        """Take note that an error ended it before the client had all that it gave."""

    def close(self) -> None:
        """End it; called on the session's thread."""


class CommandPortal(Portal):
    """A statement without rows. `act` runs it, once, and returns what CommandComplete says."""

    def __init__(self, word: str, act: Callable[[], Awaitable[str]]) -> None:
        super().__init__(word)
        self._act: Callable[[], Awaitable[str]] | None = act

    async def run(self) -> str:
        """Run it; raises a Failure the second time."""
        act = self._act
        if act is None:
            raise cannot_run_again()
        if self.word:
            # No statement may be none as often as a client likes.
            self._act = None
        return await act()


class RowsPortal(Portal):
    """A statement with rows, in the formats that the client asked for."""

    def __init__(self, word: str, source: Source, formats: Sequence[int] = ()) -> None:
        super().__init__(word)
        self.source = Counted(source)
        count = len(source.columns)
        complaint = f"bind message has {len(formats)} result formats but query has {count} columns"
        self.formats = formats_of(formats, count, complaint=complaint)
        self._parts: Iterator[memoryview] = iter(())

    def fields(self) -> Sequence[Field]:
        """Return its columns."""
        return fields_of(self.source.names, self.source.columns, self.formats)

    def next(self, limit: int) -> Piece | None:
        """Return the messages of some rows, None at the end.

        Rows are asked for, at most `limit` where that is not 0, once `rest` has none any more.
        """
        self.source.start(self.formats, limit)
        batch = self.source.next(limit)
        if batch is None:
            return None
        self._parts = row_parts(batch, self.source.columns, self.formats, self.source.names)
        return next(self._parts), batch.num_rows

    def rest(self) -> Piece | None:
        """Return more messages of the rows that `next` counted, None where there are none."""
        part = next(self._parts, None)
        return None if part is None else (part, 0)

    def close(self) -> None:
        """End the query."""
        self.source.close()


def fields_of(names: Sequence[str], columns: Sequence[ColumnType], formats: Sequence[int]) -> list[Field]:
    """Return the columns of a RowDescription."""
    return [
        Field(name, each.oid, each.size, each.typmod, form)
        for name, each, form in zip(names, columns, formats, strict=True)
    ]
