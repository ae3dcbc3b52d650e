"""Responses that the sandbox holds until the client closes the connection, so that a test can stop a waiting query."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

    from harvest_duck.sandbox import Sandbox


class Held:
    """Holds the responses for a path, from a page on; the first held request sets `arrived`."""

    def __init__(self, path: str, page: int) -> None:
        self._path = path
        self._page = page
        self._let = False
        self._changed = threading.Condition()
        self.arrived = threading.Event()
        self.under_way = 0

    async def __call__(self, request: web.BaseRequest) -> None:
        """Return when the client has closed the connection, or after `let_go`."""
        if self._let or not request.path.endswith(self._path) or int(request.query.get("page", 1)) < self._page:
            return
        self._count(1)
        self.arrived.set()
        # aiohttp has no event for a closed connection.
        while not self._let and request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self._count(-1)

    def let_go(self) -> None:
        """Answer the held requests, and hold no more."""
        self._let = True

    def all_gone(self) -> bool:
        """Return whether every client with a held request has closed its connection, within half a minute."""
        with self._changed:
            return self.arrived.is_set() and self._changed.wait_for(lambda: self.under_way == 0, timeout=30)

    def _count(self, more: int) -> None:
        with self._changed:
            self.under_way += more
            self._changed.notify_all()


@contextmanager
def held(sandbox: Sandbox, path: str = "/time_entries", *, page: int = 1) -> Iterator[Held]:
    """Hold the responses for `path` within the context, and yield the `Held`."""
    hook = Held(path, page)
    sandbox.on_request = hook
    try:
        yield hook
    finally:
        hook.let_go()
        sandbox.on_request = None
