"""A server on a thread of its own: its ports opened, told, and closed again."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvest_duck.sandbox.server import Server

__all__ = ["Listener"]


class Listener:
    """Lets a server answer on `ports` of `host`; port 0 is a free one."""

    def __init__(self, host: str, ports: list[int]) -> None:
        self._host = host
        self._ports = ports
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
        return f"http://{host}:{self._bound[position]}"

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

        runner = web.ServerRunner(web.Server(server, access_log=None), shutdown_timeout=0.1)
        ending = asyncio.Event()
        try:
            await runner.setup()
            for port in self._ports:
                await web.TCPSite(runner, self._host, port).start()
            self._bound = [address[1] for address in runner.addresses]
            self._loop, self._ending = asyncio.get_running_loop(), ending
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
            ready.set_exception(error)
        else:
            ready.set_result(None)
            await ending.wait()
        finally:
            await runner.cleanup()

    def wait(self) -> None:
        """Block until the thread ends; Ctrl-C gets through."""
        while (thread := self._thread) is not None and thread.is_alive():
            thread.join(timeout=1)
