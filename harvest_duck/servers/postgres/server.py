"""The server: it listens on a thread and an event loop of its own, until it is closed.

The event loop of the scans is another one, because whoever waits for a scan must not be on it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from harvest_duck.errors import QueryError
from harvest_duck.servers.postgres.protocol.channel import Channel
from harvest_duck.servers.postgres.session.database import Database
from harvest_duck.servers.postgres.session.interruption import shut_down
from harvest_duck.servers.postgres.session.registry import MOST_SESSIONS, Registry
from harvest_duck.servers.postgres.session.session import Session
from harvest_duck.servers.server_thread import ServerThread, port_error

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from harvest_duck.servers.postgres.sign_in.password_file import Users
    from harvest_duck.servers.postgres.statement_log import StatementLog
    from harvest_duck.servers.served import Served

__all__ = ["PostgresServer"]

#: Seconds within which the sessions end when the server is closed.
_END_S = 5.0
#: The most connections at a time, those of clients that have not signed in among them.
_MOST_CLIENTS = 2 * MOST_SESSIONS
#: The port of the first socket is that of the others too.
_ANY_PORT = 0


class PostgresServer(ServerThread):
    """Serves databases to clients of PostgreSQL, as a context. Port 0 takes a free one.

    `users` are those who know a password; without them everybody on this machine may connect. `certificate_hash` is
    that of the certificate of `tls`, to which the proof of a password may be bound. `timeout_s` is what a statement may
    take, `memory` limits each DuckDB. With `opened` each database is opened at once, beside the first sessions: that
    takes seconds on a busy machine. `leave` is called where a statement goes on though the server ends, since DuckDB
    cannot interrupt some functions, such as `list_sum` of a long list; the server waits for it otherwise. Raises
    `QueryError` where it cannot have the port, and for an address that other machines reach without TLS or without a
    password.
    """

    def __init__(
        self,
        served: Sequence[Served],
        *,
        host: str = "127.0.0.1",
        port: int = 5432,
        users: Users | None = None,
        tls: ssl.SSLContext | None = None,
        certificate_hash: bytes | None = None,
        timeout_s: float | None = None,
        memory: str | None = None,
        log: StatementLog | None = None,
        opened: bool = False,
        leave: Callable[[], object] | None = None,
    ) -> None:
        self._sockets = _bound(host, port)
        self.port = int(self._sockets[0].getsockname()[1])
        if any(map(_is_foreign, self._sockets)) and (tls is None or users is None):
            _close_all(self._sockets)
            raise QueryError(f"other machines reach {host}: it needs a certificate for TLS, and a password file")
        self.registry = Registry(
            {each.name: Database(each, memory) for each in served},
            port=self.port,
            users=users,
            tls=tls,
            certificate_hash=certificate_hash,
            timeout_s=timeout_s,
            log=log,
        )
        self._opens_now = opened
        self._leave = leave
        self._tasks: dict[asyncio.Task[None], Session] = {}
        super().__init__("harvest-duck postgres server")

    async def _serve(self) -> None:
        try:
            await self._answer()
        finally:
            for database in self.registry.databases.values():
                database.close()

    async def _answer(self) -> None:
        servers = [await self._loop.create_server(self._channel, sock=each) for each in self._sockets]
        if self._opens_now:
            for database in self.registry.databases.values():
                self._loop.run_in_executor(None, _open, database)
        await self._over.wait()
        for server in servers:
            server.close()
        for session in [*self._tasks.values()]:
            session.end(shut_down())
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_END_S)
        if self._tasks and self._leave is not None:
            self._leave()
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._loop.shutdown_default_executor()

    def _channel(self) -> Channel:
        return Channel(self._opened)

    def _opened(self, channel: Channel) -> None:
        # They have not all signed in: strangers cannot take all file descriptors. And nobody would end a session that
        # begins while the server ends.
        if self._over.is_set() or len(self._tasks) >= _MOST_CLIENTS:
            channel.close()
            return
        session = Session(self.registry, channel)
        task = self._loop.create_task(session.serve())
        self._tasks[task] = session
        task.add_done_callback(self._tasks.pop)


def _open(database: Database) -> None:
    """Open a database; where it cannot be, its first client hears why."""
    with suppress(Exception):
        database.open()


def _bound(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen on a port of each address of a host; raises `QueryError` where one cannot."""
    sockets: list[socket.socket] = []
    try:
        for family, *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
            place = (address[0], sockets[0].getsockname()[1] if sockets and port == _ANY_PORT else port)
            sockets.append(socket.create_server(place, family=family, backlog=128))
    except OSError as error:
        _close_all(sockets)
        raise port_error(host, port, error) from error
    return sockets


def _close_all(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _is_foreign(bound: socket.socket) -> bool:
    """Whether other machines reach a socket."""
    return not ipaddress.ip_address(str(bound.getsockname()[0]).partition("%")[0]).is_loopback
