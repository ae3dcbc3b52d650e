"""Answers that the sandbox holds back until the client goes away, so that a query can be stopped while it waits."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

    from harvest_duck.sandbox import Sandbox

__all__ = ["Held", "held"]


class Held:
    """Holds the answers for a path, from a page on; `arrived` is set by the first request that is held."""

    def __init__(self, path: str, page: int) -> None:
        self._path = path
        self._page = page
        self._let = False
        self._changed = threading.Condition()
        self.arrived = threading.Event()
        self.under_way = 0

    async def __call__(self, request: web.BaseRequest) -> None:
        """Return when the client has gone away, or when all are let go."""
        if self._let or not request.path.endswith(self._path) or int(request.query.get("page", 1)) < self._page:
            return
        self._count(1)
        self.arrived.set()
        # aiohttp has no event for a client that goes away.
        while not self._let and request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self._count(-1)

    def let_go(self) -> None:
        """Answer what is held, and hold nothing more."""
        self._let = True

    def all_gone(self) -> bool:
        """Whether every client whose request is held has gone away; waits half a minute for it."""
        with self._changed:
            return self.arrived.is_set() and self._changed.wait_for(lambda: self.under_way == 0, timeout=30)

    def _count(self, more: int) -> None:
        with self._changed:
            self.under_way += more
            self._changed.notify_all()


@contextmanager
def held(sandbox: Sandbox, path: str = "/time_entries", *, page: int = 1) -> Iterator[Held]:
    """What holds the answers for `path`, for as long."""
    hook = Held(path, page)
    sandbox.on_request = hook
    try:
        yield hook
    finally:
        hook.let_go()
        sandbox.on_request = None
