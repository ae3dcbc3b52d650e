"""A session: one client from its first message to its last, on the loop of the server and a thread for DuckDB."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.failures.failures import failure_of
from harvest_duck.servers.postgres.protocol import backend, frontend
from harvest_duck.servers.postgres.protocol.channel import Channel, ClientGone
from harvest_duck.servers.postgres.session.conversation import Conversation
from harvest_duck.servers.postgres.session.cursors import Cursors
from harvest_duck.servers.postgres.session.interruption import Interruption
from harvest_duck.servers.postgres.session.settings import Settings
from harvest_duck.servers.postgres.session.state import State
from harvest_duck.servers.postgres.session.transaction_block import TransactionBlock
from harvest_duck.servers.postgres.sign_in.startup import greeted, names_in, signed_in

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.session.database import Database
    from harvest_duck.servers.postgres.session.registry import Registry
    from harvest_duck.servers.postgres.sign_in.startup import Client

__all__ = ["Session"]

#: Seconds within which a client has to sign in, as PostgreSQL's authentication_timeout has them.
SIGN_IN_S = 60.0


class Session:
    """One client of a server."""

    def __init__(self, registry: Registry, channel: Channel) -> None:
        self._registry = registry
        self._channel = channel
        self._state: State | None = None
        self._failure: Failure | None = None
        self._process = 0
        self._client: Client | None = None
        #: The user and the database that the client named.
        self._asked = ("", "")
        self.interruption = Interruption(channel.wake)
        channel.on_gone = self._gone

    async def serve(self) -> None:
        """Answer the client until it leaves, or the session is ended."""
        try:
            if await self._sign_in():
                await self._answer()
        except ClientGone:
            pass
        except Failure as failure:
            self._failure = failure
        except Exception as error:  # noqa: BLE001 - the client hears of it, and the server goes on
            self._failure = failure_of(error)
        finally:
            await self._close()

    def end(self, reason: Failure) -> None:
        """End what the session does, and the session, and tell the client why."""
        self.interruption.stop_for_good(reason)
        self._failure = self._failure or reason
        self._channel.end()

    def _gone(self) -> None:
        """Stop working for a client that is not there any more."""
        self.interruption.stop_for_good(Failure("08006", "the client closed its connection", fatal=True))

    async def _sign_in(self) -> bool:
        """Begin the session; return whether there is one, since a cancel request needs none."""
        channel, registry = self._channel, self._registry
        try:
            async with asyncio.timeout(SIGN_IN_S):
                startup = await greeted(channel, registry.tls, registry.cancel)
                if startup is None:
                    return False
                self._asked = names_in(startup)
                self._refuse_too_many()
                binding = None if channel.tls is None else registry.certificate_hash
                self._client = await signed_in(channel, startup, registry.users, binding)
        except TimeoutError:
            raise Failure("57014", "canceling authentication due to timeout", fatal=True) from None
        await self._begin(self._client)
        return True

    def _refuse_too_many(self) -> None:
        """Raise a Failure if there are as many sessions as there may be."""
        if self._registry.is_full:
            raise Failure("53300", "sorry, too many clients already", fatal=True)

    async def _begin(self, client: Client) -> None:
        """Open the database for a client that is known, and tell it how the session stands."""
        database = self._registry.databases.get(client.database)
        if database is None:
            hint = "A database is called as the DSN of a connection of the server, which said so when it began."
            raise Failure("3D000", f'database "{client.database}" does not exist', hint=hint, fatal=True)
        # Others have signed in while this client was asked for its password.
        self._refuse_too_many()
        self._process, key = self._registry.register(self.interruption)
        try:
            self._state = await self.interruption.run(self._opened, database, client)
        except Failure:
            raise
        except Exception as error:
            failure = failure_of(error)
            raise Failure(failure.sqlstate, failure.message, hint=failure.hint, fatal=True) from error
        for name, value in self._state.take_news():
            self._channel.send(backend.parameter_status(name, value))
        self._channel.send(backend.backend_key_data(self._process, key))
        if self._registry.log is not None:
            self._registry.log.opened(self._process, client.user, client.database, self._channel.address)

    def _opened(self, database: Database, client: Client) -> State:
        """Return the state of the session; called on its thread."""
        database.open()
        settings = Settings(database.zones)
        settings.begin_with("session_authorization", client.user, fixed=True)
        settings.begin_with("port", str(self._registry.port), fixed=True)
        if self._registry.timeout_s:
            settings.begin_with("statement_timeout", str(round(self._registry.timeout_s * 1000)), fixed=True)
        for name, value in client.settings:
            settings.begin_with(name, value)
        cursors = Cursors(database, settings, client.user, self._process, tls=self._channel.tls is not None)
        transaction = TransactionBlock(settings)
        return State(database, settings, transaction, self.interruption, cursors, self._warn)

    async def _answer(self) -> None:
        """Read messages and answer them, until the client leaves."""
        state, channel = self._state, self._channel
        if state is None:
            raise AssertionError
        conversation = Conversation(state, channel, self._registry, self._process)
        await conversation.ready()
        while True:
            kind, length = frontend.header(await self._next_head(state))
            body = await channel.read(length)
            if kind == b"X":
                return
            await conversation.hear(kind, body)

    async def _next_head(self, state: State) -> bytes:
        """Return the beginning of the next message; raises a Failure where the client lets too much time pass."""
        limit_s, failure = _idle_limit(state)
        if not limit_s:
            return await self._channel.read(5)
        try:
            async with asyncio.timeout(limit_s):
                return await self._channel.read(5)
        except TimeoutError:
            raise failure from None

    async def _close(self) -> None:
        """End the session: its statements, its cursors, its connection."""
        self._registry.forget(self._process)
        if self._failure is not None and not self._channel.gone:
            self._channel.send(backend.error_response(self._failure, "FATAL"))
        self._channel.close()
        try:
            if self._state is not None:
                await self._state.end()
        finally:
            self._log_end()
            self.interruption.close()

    def _log_end(self) -> None:
        log = self._registry.log
        sqlstate = None if self._failure is None else self._failure.sqlstate
        if log is None:
            return
        if self._state is not None:
            log.closed(self._process, sqlstate)
        elif sqlstate is not None:
            log.refused(*self._asked, self._channel.address, sqlstate)

    def _warn(self, sqlstate: str, message: str) -> None:
        if self._state is not None and self._state.settings.get("client_min_messages") == "error":
            return
        self._channel.send(backend.notice_response(sqlstate, message))


def _idle_limit(state: State) -> tuple[float, Failure]:
    """Return the seconds that a client may let pass, 0 for any, and what it is told after them."""
    if state.transaction.status == "I":
        setting, sqlstate, why = "idle_session_timeout", "57P05", "idle-session"
    else:
        setting, sqlstate, why = "idle_in_transaction_session_timeout", "25P03", "idle-in-transaction"
    failure = Failure(sqlstate, f"terminating connection due to {why} timeout", fatal=True)
    return int(state.settings.get(setting)) / 1000, failure
