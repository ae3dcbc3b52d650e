"""What the servers share: an event loop on a thread of its own, and what is said of a port that cannot be had.

It is not the event loop of the scans, because whoever waits for a scan must not be on that.
"""

from __future__ import annotations

import asyncio
import errno
import threading
from abc import ABC, abstractmethod
from typing import Self

from harvest_duck.errors import QueryError

__all__ = ["ServerThread", "port_error"]


class ServerThread(ABC):
    """A server that answers from the beginning of a context to its end."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        #: Set on the loop when the server is to end.
        self._over = asyncio.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        """Answer from now on."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End what is under way, and close the port."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()
            self._loop.close()

    def wait(self) -> None:
        """Block until the server ends; KeyboardInterrupt passes through."""
        # Not by `join`: one that Ctrl-C ends takes the thread for ended (Python 3.11). And on Windows a wait without an
        # end would not hear Ctrl-C.
        while not self._ended.wait(timeout=1):
            pass

    @abstractmethod
    async def _serve(self) -> None:
        """Serve until `_over` is set."""

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ended.set()


def port_error(host: str, port: int, error: OSError) -> QueryError:
    """Return the error for a port that another program has, or that needs a right."""
    reason = "in use by another program" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
    return QueryError(f"port {port} of {host}: {reason}: choose another one, or 0 for a free one")
