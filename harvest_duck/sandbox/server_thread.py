"""Run a server on a thread of its own: open its ports, give their URLs, close them again."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.listening_port import ListeningPort

if TYPE_CHECKING:
    import ssl

    from harvest_duck.sandbox.api.server import Server


class ServerThread:
    """Runs a server on `ports` of `host`, on a thread of its own; port 0 takes a free port.

    With `tls` it speaks HTTPS; `impostor` has the certificate of another server, to test clients that check it.
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
        self._stopping: asyncio.Event | None = None
        self._bound: list[int] = []

    def origin(self, position: int) -> str:
        """Return the URL of the port at `position`; RuntimeError unless it is open."""
        if not self._bound:
            raise RuntimeError("the sandbox does not run: use it as a context manager, or call start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self._bound[position]}"

    def start(self, server: Server) -> None:
        """Open the ports, unless they are open already; OSError if one is taken."""
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
        """Open the ports that a fault closed, and wait until they are open."""
        with self._lock:
            if self._loop is not None:
                asyncio.run_coroutine_threadsafe(_open_ports(server), self._loop).result()

    def stop(self) -> None:
        """Close every connection and end the thread, if it runs."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            if self._loop is not None and self._stopping is not None:
                self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join()
            self._loop = self._stopping = None
            self._bound = []

    async def _run(self, server: Server, ready: Future[None]) -> None:
        """Serve until `stop`; `ready` gets the error if a port cannot be opened."""
        from aiohttp import web  # noqa: PLC0415 - importing the package must not load it

        handler = web.Server(server, access_log=None)
        runner = web.ServerRunner(handler, shutdown_timeout=0.1)
        stopping = asyncio.Event()
        try:
            await runner.setup()
            server.ports = [ListeningPort(handler, self._host, port, self._tls, self._impostor) for port in self._ports]
            await _open_ports(server)
            self._bound = [port.port for port in server.ports]
            self._loop, self._stopping = asyncio.get_running_loop(), stopping
        except BaseException as error:  # noqa: BLE001 - `start` raises it
            ready.set_exception(error)
        else:
            ready.set_result(None)
            await stopping.wait()
        finally:
            for port in server.ports:
                await port.close()
            await runner.cleanup()

    def wait(self) -> None:
        """Block until the thread ends; KeyboardInterrupt passes through."""
        while (thread := self._thread) is not None and thread.is_alive():
            thread.join(timeout=1)


async def _open_ports(server: Server) -> None:
    for port in server.ports:
        await port.open()
