"""COPY … TO STDOUT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.portals import Portal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.servers.postgres.portals import Source

__all__ = ["CopyPortal"]


class CopyPortal(Portal):
    """A COPY of the rows of a query."""

    def __init__(self, source: Source, options: Mapping[str, str | tuple[str, ...]]) -> None:
        super().__init__("COPY")
        self.source, self.options, self.binary = source, options, False
        raise Failure("0A000", "COPY is not supported yet")

    def next(self) -> tuple[bytes, int]:
        """Return the messages of some rows, and how many; none at the end."""
        raise NotImplementedError
