"""The server that receives the redirect of a sign-in, on the loopback address of CallbackURL alone.

It listens during one sign-in, answers only the path of CallbackURL under the host name of CallbackURL, and passes the
first such request on.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from typing import TYPE_CHECKING, Self

from aiohttp import web

from harvest_duck.auth import result_page
from harvest_duck.errors import LoginFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.auth.callback_url import Callback

_GONE_S = 2.0
# aiohttp would log a request that it cannot parse, with the code that it may hold.
_silent = logging.getLogger("harvest_duck.callback")
_silent.disabled = True


class RedirectServer:
    """A server for one redirect, as a context; `redirect` waits for it, `answer` sends the page to its browser.

    `refused` returns why a request is not the expected redirect, None if it is. Anybody can make a request, such as a
    page that is open in the same browser; it gets the reason, and the wait goes on.
    """

    def __init__(self, callback: Callback, refused: Callable[[str], str | None] = lambda _: None) -> None:
        self._callback = callback
        self._refused = refused
        self._redirect: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._page: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        server = web.Server(self._handle, access_log=None, logger=_silent)
        self._runner = web.ServerRunner(server, shutdown_timeout=_GONE_S)

    async def __aenter__(self) -> Self:
        """Listen; raises `LoginFailed` if another program uses the port."""
        try:
            await self._runner.setup()
            for address in self._callback.addresses:
                await self._listen(address)
        except BaseException:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the port after the browser has its page: by default one that says that the sign-in was given up."""
        self.answer(result_page.failure("the sign-in was given up"))
        await self._runner.cleanup()

    async def redirect(self) -> str:
        """Wait for the redirect and return its path and query."""
        return await asyncio.shield(self._redirect)

    def answer(self, page: str) -> None:
        """Send `page` to the browser that brought the redirect; later pages are ignored."""
        if not self._page.done():
            self._page.set_result(page)

    async def _listen(self, address: str) -> None:
        port = self._callback.port
        try:
            await web.TCPSite(self._runner, address, port).start()
        except OSError as error:
            # Without IPv6 there is no ::1; the errno is None on Python 3.13 and later.
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, None) and address == "::1":
                return
            if error.errno == errno.EADDRINUSE:
                raise LoginFailed(
                    f"port {port} of CallbackURL is in use by another program: end it, or register and set a "
                    "CallbackURL with another port"
                ) from error
            reason = "no right to it" if error.errno == errno.EACCES else error.strerror or type(error).__name__
            raise LoginFailed(
                f"nothing can listen on port {port} of CallbackURL ({reason}): register and set a CallbackURL with a "
                "port from 1024 on"
            ) from error

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._may_be_redirect(request):
            return web.Response(status=404, text="Not Found", headers={"Cache-Control": "no-store"})
        if self._redirect.done():
            return web.Response(text=result_page.answered(), headers=result_page.HEADERS)
        if (reason := self._refused(request.raw_path)) is not None:
            return web.Response(text=result_page.failure(reason), headers=result_page.HEADERS)
        self._redirect.set_result(request.raw_path)
        return web.Response(text=await asyncio.shield(self._page), headers=result_page.HEADERS)

    def _may_be_redirect(self, request: web.BaseRequest) -> bool:
        """Whether the request is a GET for the path of CallbackURL, under its host name."""
        # The host name guards against DNS rebinding: a page under another name that resolves to this address.
        return (
            request.method == "GET"
            and request.raw_path.partition("?")[0] == self._callback.path
            and request.headers.get("Host", "").lower() in self._callback.names
        )
