"""COPY … TO STDOUT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.session.portals import Portal, cannot_run_again
from harvest_duck.servers.postgres.values.copy_options import copy_options
from harvest_duck.servers.postgres.values.copy_rows import CopyRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harvest_duck.servers.postgres.session.portals import Piece, Source

__all__ = ["CopyPortal"]


class CopyPortal(Portal):
    """A COPY of the rows of a query. Raises a Failure for options that do not fit."""

    def __init__(self, source: Source, options: Mapping[str, str | tuple[str, ...]]) -> None:
        super().__init__("COPY")
        self.source = source
        self._rows = CopyRows(copy_options(options, source.names), source.columns, source.names)
        self._parts: Iterator[memoryview | bytes] = iter(())
        self._begun = False

    def begin(self) -> None:
        """Raise a Failure if it has run before."""
        if self._begun:
            raise cannot_run_again()
        self._begun = True

    @property
    def binary(self) -> bool:
        """Whether the rows are sent in binary."""
        return self._rows.binary

    def next(self, limit: int) -> Piece | None:
        """Return the messages of some rows, None at the end."""
        self.source.start(self._rows.formats, limit)
        batch = self.source.next(limit)
        if batch is None:
            return None
        self._parts = self._rows.rows(batch)
        return next(self._parts), batch.num_rows

    def rest(self) -> Piece | None:
        """Return more messages of the rows that `next` counted, None where there are none."""
        part = next(self._parts, None)
        return None if part is None else (part, 0)

    def end(self) -> bytes:
        """Return the message after all rows."""
        return self._rows.end()

    def close(self) -> None:
        """End the query."""
        self.source.close()
