"""What a client says in a session, and what it is answered: PostgreSQL 15's chapter "Message Flow"."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.failures.failures import failure_of
from harvest_duck.servers.postgres.protocol import backend, frontend
from harvest_duck.servers.postgres.protocol.channel import ClientGone
from harvest_duck.servers.postgres.protocol.messages import (
    Bind,
    Close,
    CopyData,
    CopyDone,
    CopyFail,
    Describe,
    Execute,
    Flush,
    FunctionCall,
    Parse,
    Query,
    Sync,
)
from harvest_duck.servers.postgres.session.copy_out import CopyPortal
from harvest_duck.servers.postgres.session.declared import FetchPortal
from harvest_duck.servers.postgres.session.delivery import delivered
from harvest_duck.servers.postgres.session.extended_query import bound, described, prepared
from harvest_duck.servers.postgres.session.statement_portals import opened
from harvest_duck.servers.postgres.sql.statement_kinds import Commit, Empty, Rollback
from harvest_duck.servers.postgres.sql.statements import statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.servers.postgres.protocol.channel import Channel
    from harvest_duck.servers.postgres.protocol.messages import Message
    from harvest_duck.servers.postgres.session.portals import Portal
    from harvest_duck.servers.postgres.session.prepared import Prepared
    from harvest_duck.servers.postgres.session.registry import Registry
    from harvest_duck.servers.postgres.session.state import State
    from harvest_duck.servers.postgres.sql.statement_kinds import Statement

__all__ = ["Conversation"]


class Conversation:
    """The messages of one session. After an error nothing of the extended protocol is answered until a Sync."""

    def __init__(self, state: State, channel: Channel, registry: Registry, process: int) -> None:
        self._state = state
        self._channel = channel
        self._registry = registry
        self._process = process
        self._skipping = False
        #: The settings before the transaction that statements outside of a block are together.
        self._before: dict[str, str] | None = None

    async def ready(self) -> None:
        """Say that a statement may come."""
        for name, value in self._state.take_news():
            self._channel.send(backend.parameter_status(name, value))
        self._channel.send(backend.ready_for_query(self._state.transaction.status))
        await self._channel.drain()

    async def hear(self, kind: bytes, body: bytes) -> None:
        """Answer one message; raises a Failure that ends the session."""
        if self._skipping and kind != b"S":
            # Not even read: it may be malformed.
            return
        try:
            await self._answer(frontend.message(kind, body))
        except ClientGone:
            raise
        except Exception as error:
            failure = error if isinstance(error, Failure) else failure_of(error)
            if failure.fatal:
                raise failure from error
            await self._fail(failure)
            # A call of a function is no part of the extended protocol either, and Sync ends it.
            self._skipping = kind not in b"QFS"
            if self._skipping:
                # A client that flushed instead of ending with Sync waits for the error, as that of PostgreSQL comes.
                self._channel.flush()
            else:
                await self._end_implicit(failed=True)
                await self.ready()

    async def _answer(self, message: Message) -> None:
        match message:
            case Query():
                await self._query(message.sql)
            case Parse():
                await self._parse(message)
            case Bind():
                await self._bind(message)
            case Describe():
                await self._describe(message)
            case Execute():
                await self._execute(message)
            case Close():
                await self._close(message)
            case Flush():
                await self._channel.drain()
            case Sync():
                await self._sync()
            case _:
                _refuse(message)

    # The simple protocol.

    async def _query(self, sql: str) -> None:
        self._state.prepared.pop("", None)
        await self._state.close_portal("")
        with self._measured("QUERY", only_failures=True):
            found = await self._state.interruption.run(statements, sql)
        for statement in found:
            self._check(statement)
            with self._measured(statement.tag) as run:
                portal = await opened(self._state, statement)
                run.portal = portal
                try:
                    fields = portal.fields()
                    if fields is not None and not isinstance(portal, CopyPortal):
                        self._channel.send(backend.row_description(fields))
                    await delivered(portal, 0, self._channel, self._state.interruption)
                finally:
                    await self._state.close([portal])
        await self._end_implicit()
        await self.ready()

    # The extended protocol.

    async def _parse(self, message: Parse) -> None:
        if message.name and message.name in self._state.prepared:
            raise Failure("42P05", f'prepared statement "{message.name}" already exists')
        self._state.prepared.pop(message.name, None)
        with self._measured("PARSE", only_failures=True):
            made = await self._state.interruption.run(prepared, self._state, message.sql, message.types)
        self._check(made.statement)
        self._state.prepared[message.name] = made
        self._channel.send(backend.parse_complete())

    async def _bind(self, message: Bind) -> None:
        found = self._prepared(message.statement)
        if not isinstance(found.statement, Commit | Rollback):
            self._state.transaction.check()
        if message.portal and (message.portal in self._state.portals or message.portal in self._state.declared):
            raise Failure("42P03", f'cursor "{message.portal}" already exists')
        await self._state.close_portal(message.portal)
        with self._measured(found.statement.tag, only_failures=True):
            self._state.portals[message.portal] = await bound(self._state, found, message)
        self._channel.send(backend.bind_complete())

    async def _describe(self, message: Describe) -> None:
        if message.kind == "P":
            fields = self._portal(message.name).fields()
        else:
            found = self._prepared(message.name)
            self._check(found.statement)
            with self._measured(found.statement.tag, only_failures=True):
                fields = await described(self._state, found)
            self._channel.send(backend.parameter_description(found.types))
        self._channel.send(backend.no_data() if fields is None else backend.row_description(fields))

    async def _execute(self, message: Execute) -> None:
        portal = self._portal(message.portal)
        if portal.statement is not None:
            self._check(portal.statement)
        with self._measured(portal.word) as run:
            run.portal = portal
            try:
                await delivered(portal, message.limit, self._channel, self._state.interruption)
            except Exception:
                await self._state.close_portal(message.portal)
                raise

    async def _close(self, message: Close) -> None:
        if message.kind == "S":
            self._state.prepared.pop(message.name, None)
        else:
            await self._state.close_portal(message.name)
            if message.name in self._state.declared:
                await self._state.close([self._state.declared.pop(message.name)])
        self._channel.send(backend.close_complete())

    async def _sync(self) -> None:
        failed, self._skipping = self._skipping, False
        await self._end_implicit(failed=failed)
        await self.ready()

    def _prepared(self, name: str) -> Prepared:
        found = self._state.prepared.get(name)
        if found is None:
            told = f'prepared statement "{name}"' if name else "unnamed prepared statement"
            raise Failure("26000", f"{told} does not exist")
        return found

    def _portal(self, name: str) -> Portal:
        found = self._state.portals.get(name)
        if found is None and name in self._state.declared:
            # A cursor of SQL is a portal too; psycopg describes those that it declares.
            return FetchPortal("SELECT", self._state.declared[name])
        if found is None:
            raise Failure("34000", f'portal "{name}" does not exist')
        return found

    # Both.

    def _check(self, statement: Statement) -> None:
        """Raise a Failure in a transaction that failed, but for what ends it, and for nothing."""
        if not isinstance(statement, Commit | Rollback | Empty):
            self._state.transaction.check()
        if self._before is None or isinstance(statement, Commit | Rollback):
            self._before = self._state.settings.snapshot()

    async def _end_implicit(self, *, failed: bool = False) -> None:
        """End the transaction that statements outside of a block are."""
        self._before = None
        if self._state.transaction.status == "I":
            await self._state.end_transaction(failed=failed)

    async def _fail(self, failure: Failure) -> None:
        self._channel.send(backend.error_response(failure))
        if self._state.transaction.status == "I" and self._before is not None:
            self._state.settings.restore(self._before)
        self._state.transaction.fail()

    @contextmanager
    def _measured(self, kind: str, *, only_failures: bool = False) -> Iterator[_Run]:
        """A context in which a statement runs that ends after a time, and that the log tells of."""
        state, log = self._state, self._registry.log
        run, began, requests = _Run(), time.monotonic(), state.cursors.requests
        sqlstate: str | None = None
        try:
            with state.interruption.statement(self._timeout_s()):
                yield run
        except Exception as error:
            sqlstate = error.sqlstate if isinstance(error, Failure) else "XX000"
            raise
        finally:
            if log is not None and (sqlstate or not only_failures):
                word = kind if run.portal is None else run.portal.word
                rows = 0 if run.portal is None else run.portal.rows_sent
                log.ended(
                    self._process,
                    word or "EMPTY",
                    rows=rows,
                    milliseconds=(time.monotonic() - began) * 1000,
                    requests=state.cursors.requests - requests,
                    sqlstate=sqlstate,
                )

    def _timeout_s(self) -> float | None:
        """The seconds that a statement may take: those of the session, at most those of the server."""
        limits = (self._state.settings.statement_timeout_s, self._registry.timeout_s or 0)
        return min((limit for limit in limits if limit), default=None)


def _refuse(message: Message) -> None:
    """Raise a Failure for a message that has no place in a session."""
    if isinstance(message, FunctionCall):
        raise Failure("0A000", "function calls are not supported: use SELECT")
    # A client may still send the data of a COPY that failed.
    if not isinstance(message, CopyData | CopyDone | CopyFail):
        raise Failure("08P01", "invalid frontend message type 112", fatal=True)


class _Run:
    """A statement that runs; the portal is known once it is opened."""

    def __init__(self) -> None:
        self.portal: Portal | None = None
