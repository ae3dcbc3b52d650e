"""The log of a server in memory, so that a test can wait until sessions have ended."""

from __future__ import annotations

import io
import threading

from support.clocks import PATIENCE_S

__all__ = ["SessionEnds"]


class SessionEnds(io.StringIO):
    """A stream for a StatementLog; it knows how many sessions have ended."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._ended = 0

    def write(self, text: str, /) -> int:
        """Keep a line."""
        with self._changed:
            self._ended += "kind=disconnected" in text
            self._changed.notify_all()
            return super().write(text)

    def wait_for(self, ended: int) -> bool:
        """Return whether so many sessions have ended, within a while."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ended >= ended, timeout=PATIENCE_S)
