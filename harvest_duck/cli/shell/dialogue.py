"""A person at a terminal: prompt, statement, rows, and the prompt again, whatever went wrong."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import click

from harvest_duck import __version__
from harvest_duck.cli import completion, signals
from harvest_duck.cli.shell import worker
from harvest_duck.cli.shell.account import ACCOUNT, name_of, secrets_of
from harvest_duck.cli.shell.completion import SqlCompleter
from harvest_duck.cli.shell.history import PrivateHistory, history_file
from harvest_duck.cli.shell.prompt import Prompt
from harvest_duck.connection import resolve
from harvest_duck.connection.builtin import BUILTIN
from harvest_duck.errors import HarvestDuckError
from harvest_duck.runtime import interrupt
from harvest_duck.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from harvest_duck.cli.shell.session import Session
    from harvest_duck.formats import Format
    from harvest_duck.introspection.sql_names import Names

__all__ = ["run"]

_GREETING = f"harvest-duck {__version__}: a semicolon ends SQL, .help explains, Ctrl-D leaves"


def run(connection: str, form: Format | None) -> None:
    """Let a person type SQL and dot commands until they leave; raises the errors of a connection string."""
    _prepare(connection)
    with ExitStack() as closing, worker.started() as working:
        click.echo(_GREETING, err=True)
        _Dialogue(connection, form, working, closing).run()


def _prepare(connection: str) -> None:
    """Raise the errors of a connection string, and let a person sign in where that is needed."""
    # The sandbox starts with the session, which takes a second.
    settings = resolve(connection, builtin=dict.fromkeys(BUILTIN, lambda _: "AccountId=1;APIKey=sandbox"))
    if connection:
        settings.require_credentials()
    if settings.max_rows is not None:
        from harvest_duck.exports import source  # noqa: PLC0415 - it raises the error

        source.require_all_rows(connection)
    if settings.stores_tokens:
        from harvest_duck.auth import sessions  # noqa: PLC0415 - most accounts need none of it

        sessions.prepare(connection)


class _Dialogue:
    """The prompt of one session, which is opened beside it: a prompt is there long before DuckDB has its tables."""

    def __init__(self, connection: str, form: Format | None, working: worker.Worker, closing: ExitStack) -> None:
        self._connection = connection
        self._form = form
        self._working = working
        self._closing = closing
        self._opening: Future[Session] | None = None
        self._last_name = name_of(connection)
        history = PrivateHistory(history_file(), self._secrets, _tell_unkept)
        self._completer = SqlCompleter(self._names)
        self._prompt = Prompt(history, self._completer, self._begin)

    def run(self) -> None:
        """Ask and answer until the person leaves."""
        while True:
            try:
                text = self._prompt.ask(self._name())
                # The event loop of the prompt has taken the descriptor for signals.
                interrupt.watch_sigint()
                self._answer(text)
            except KeyboardInterrupt:
                if signals.received() != signal.SIGINT:
                    raise
            except EOFError:
                return

    def _stop(self) -> None:
        """End the query that runs, and its requests."""
        from harvest_duck.engine import register  # noqa: PLC0415 - it is loaded by now

        if (session := self._session) is not None:
            session.stopped = True
            register.interrupt(session.con)

    @property
    def _session(self) -> Session | None:
        """The session, None until it is open."""
        opening = self._opening
        return opening.result() if opening is not None and opening.done() and opening.exception() is None else None

    @property
    def _account(self) -> str:
        return self._connection if self._session is None else self._session.accounts[ACCOUNT]

    def _name(self) -> str:
        """Return what the account is called: what it was called before, where its files cannot be read any more."""
        with suppress(HarvestDuckError, OSError):
            self._last_name = name_of(self._account)
        return self._last_name

    def _secrets(self) -> Iterator[str]:
        yield os.environ.get("HARVEST_ACCESS_TOKEN", "")
        accounts = [self._connection] if self._session is None else self._session.accounts.values()
        for each in accounts:
            yield from secrets_of(each)

    def _begin(self) -> Future[Session]:
        if self._opening is None:
            self._opening = self._working.begin(self._open)
            # What is offered until then is less.
            self._opening.add_done_callback(lambda _: self._completer.forget())
        return self._opening

    def _names(self) -> Names | None:
        """Return what can be completed, from another thread; before the session is open, what every account has."""
        if self._session is not None:
            return self._working.begin(self._read_names).result()
        from harvest_duck.engine.account_names import account_names  # noqa: PLC0415 - as below

        return account_names(ACCOUNT, completion.connection_names())

    def _read_names(self) -> Names | None:
        import duckdb  # noqa: PLC0415 - as below

        from harvest_duck.engine.catalogue_names import names  # noqa: PLC0415

        with suppress(HarvestDuckError, OSError, duckdb.Error):
            if (session := self._session) is not None:
                return names(session.con, completion.connection_names())
        return None

    def _open(self) -> Session:
        # DuckDB and Arrow take longer to load than the prompt.
        from harvest_duck.cli.shell.session import Session  # noqa: PLC0415
        from harvest_duck.exports import source  # noqa: PLC0415

        con = self._closing.enter_context(source.opened(self._connection))
        return Session(con, {ACCOUNT: self._connection}, self._form)

    def _answer(self, text: str) -> None:
        """Run what was typed; raises EOFError where it leaves, and the error of a session that does not open."""
        self._completer.forget()
        try:
            self._run_all(self._working.result(self._begin()), text)
        except KeyboardInterrupt:
            if signals.received() != signal.SIGINT:
                raise
            # In the place of what the terminal showed of Ctrl-C.
            click.echo("\rcancelled", err=True)

    def _run_all(self, session: Session, text: str) -> None:
        """Run one piece after the other until one fails, and tell its error; raises KeyboardInterrupt after Ctrl-C."""
        from harvest_duck.cli import failures  # noqa: PLC0415 - as above
        from harvest_duck.cli.shell.pieces import pieces  # noqa: PLC0415

        session.results, session.stopped = 0, False
        try:
            for piece in pieces(text.splitlines(keepends=True)):
                self._run(session, piece.text)
        except failures.TOLD as error:
            if interrupt.is_interrupt(error):
                raise KeyboardInterrupt from None
            _tell(error)

    def _run(self, session: Session, text: str) -> None:
        from harvest_duck.cli.shell import actions  # noqa: PLC0415 - as above
        from harvest_duck.cli.shell.dot_commands import queries  # noqa: PLC0415
        from harvest_duck.cli.shell.pieces import is_command  # noqa: PLC0415

        if is_command(text) and not queries(text):
            # In this thread, which may ask a person to sign in.
            actions.run(session, text)
        else:
            self._working.result(self._working.begin(lambda: actions.run(session, text)), self._stop)


def _tell_unkept(error: Exception) -> None:
    """Say why the history is not kept."""
    click.echo("the history is not kept: ", nl=False, err=True)
    _tell(error)


def _tell(error: Exception) -> None:
    from harvest_duck.cli import failures  # noqa: PLC0415 - as above

    click.echo(terminal_safe(failures.one_line_of(error)), err=True)
