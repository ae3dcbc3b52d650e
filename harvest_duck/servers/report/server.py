"""The server of the live report: on 127.0.0.1 alone, on a thread of its own, until it is closed.

The event loop of the scans is another one, because whoever waits for a scan must not be on it.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from aiohttp import web

from harvest_duck.report_page.copy import today
from harvest_duck.report_page.options import Options
from harvest_duck.servers.report.authorization import Authorization
from harvest_duck.servers.report.live_report import LiveReport
from harvest_duck.servers.report.routes import Routes
from harvest_duck.servers.server_thread import ServerThread, port_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

__all__ = ["ReportServer"]

_HOST = "127.0.0.1"
#: Seconds that an answer under way may take when the server is closed.
_LEFT_S = 1.0
# aiohttp would log a request that it cannot parse, with the token that it may hold.
_silent = logging.getLogger("harvest_duck.report.http")
_silent.disabled = True


class ReportServer(ServerThread):
    """Serves the report of a connection of DuckDB, which nobody else uses meanwhile, as a context.

    `given` are arguments of `Options.of`, whose errors it raises. Port 0 takes a free one. Raises `QueryError` where it
    cannot have the port.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, given: Mapping[str, str | None], port: int = 0) -> None:
        Options.of(today(con), **given)
        self._live = LiveReport(con)
        self._given = given
        self._socket = _bound(port)
        self._authorization = Authorization(self._socket.getsockname()[1])
        super().__init__("harvest-duck report server")

    @property
    def url(self) -> str:
        """The first URL, whose token opens the report."""
        return self._authorization.url

    @property
    def url_once(self) -> str:
        """The first URL for a program that is given it as an argument: its token opens the report once."""
        return self._authorization.url_once

    async def _serve(self) -> None:
        routes = Routes(self._live, self._authorization, self._given)
        server = web.Server(routes.answer, access_log=None, logger=_silent)
        runner = web.ServerRunner(server, shutdown_timeout=_LEFT_S)
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            self._live.read(self._given)
            await self._over.wait()
        finally:
            await runner.cleanup()
            await self._live.close()


def _bound(port: int) -> socket.socket:
    """Return a socket that listens on a port; raises `QueryError` where another program has it, or it needs a right."""
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        raise port_error(_HOST, port, error) from error
