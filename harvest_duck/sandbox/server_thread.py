"""A server on a thread of its own: its ports opened, told, and closed again."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.listening_port import Door

if TYPE_CHECKING:
    import ssl

    from harvest_duck.sandbox.api.server import Server


class Listener:
    """Lets a server answer on `ports` of `host`; port 0 is a free one.

    With `tls` it is HTTPS; the `impostor` has the certificate of another server, for those who test their caution.
    """

    def __init__(
        self,
        host: str,
        ports: list[int],
        *,
        tls: ssl.SSLContext | None = None,
        impostor: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._ports = ports
        self._tls = tls
        self._impostor = impostor
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._bound: list[int] = []

    def origin(self, position: int) -> str:
        """The URL of the port at `position`; RuntimeError unless it is open."""
        if not self._bound:
            raise RuntimeError("the sandbox does not run: use it as a context manager, or call start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self._bound[position]}"

    def start(self, server: Server) -> None:
        """Open the ports; nothing where they are open already. OSError where one is taken."""
        with self._lock:
            if self._thread is None:
                ready = Future[None]()
                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._run(server, ready)), name="harvest-sandbox", daemon=True
                )
                self._thread.start()
                try:
                    ready.result()
                except BaseException:
                    self.stop()
                    raise

    def reopen(self, server: Server) -> None:
        """Open the ports that were shut for a while, and wait until they are."""
        with self._lock:
            if self._loop is not None:
                asyncio.run_coroutine_threadsafe(_opened(server), self._loop).result()

    def stop(self) -> None:
        """Close every connection and end the thread; nothing where there is none."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            if self._loop is not None and self._ending is not None:
                self._loop.call_soon_threadsafe(self._ending.set)
            thread.join()
            self._loop = self._ending = None
            self._bound = []

    async def _run(self, server: Server, ready: Future[None]) -> None:
        """Serve until told to end; `ready` learns when the ports are open, or why they are not."""
        # Imported here, so that importing the package does not load aiohttp.
        from aiohttp import web  # noqa: PLC0415

        handler = web.Server(server, access_log=None)
        runner = web.ServerRunner(handler, shutdown_timeout=0.1)
        ending = asyncio.Event()
        try:
            await runner.setup()
            server.doors = [Door(handler, self._host, port, self._tls, self._impostor) for port in self._ports]
            for door in server.doors:
                await door.open()
            self._bound = [door.port for door in server.doors]
            self._loop, self._ending = asyncio.get_running_loop(), ending
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
            ready.set_exception(error)
        else:
            ready.set_result(None)
            await ending.wait()
        finally:
            for door in server.doors:
                await door.close()
            await runner.cleanup()

    def wait(self) -> None:
        """Block until the thread ends; Ctrl-C gets through."""
        while (thread := self._thread) is not None and thread.is_alive():
            thread.join(timeout=1)


async def _opened(server: Server) -> None:
    for door in server.doors:
        await door.open()
