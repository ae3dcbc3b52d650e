"""The cursors of DuckDB that a session runs its statements on: an open result takes one for itself."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.engine.session import sessions
from harvest_duck.engine.sibling import sibling
from harvest_duck.pushdown.sql import text
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.servers.postgres.session.database import SEARCH_PATH

if TYPE_CHECKING:
    from harvest_duck.errors import HarvestDuckError
    from harvest_duck.servers.postgres.session.database import Database
    from harvest_duck.servers.postgres.session.settings import Settings

__all__ = ["Cursors", "error_of"]

#: The most cursors that wait to be used again.
_SPARE = 2


class Cursors:
    """Cursors with the settings of a session. All calls but that of `requests` come from the session's thread."""

    def __init__(self, database: Database, settings: Settings, user: str, process: int, *, tls: bool) -> None:
        self._settings = settings
        self._user = user
        self._process = process
        self._tls = tls
        self._first = database.cursor()
        #: The revision of the settings that each spare one has.
        self._spare: list[tuple[duckdb.DuckDBPyConnection, int]] = []

    @property
    def requests(self) -> int:
        """The number of requests that the session has sent so far."""
        return sessions[self._first].request_log.counts.total()

    @property
    def revision(self) -> int:
        """The revision of the settings that a cursor taken now has."""
        return self._settings.revision

    def take(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor with the latest settings, to be given back or thrown away."""
        revision = self._settings.revision
        while self._spare:
            cursor, had = self._spare.pop()
            if had == revision:
                return cursor
            _close(cursor)
        cursor = sibling(self._first)
        # Interrupting one ends its own scans alone.
        sessions[cursor].readers = Readers()
        cursor.execute(self._prepared())
        return cursor

    def give_back(self, cursor: duckdb.DuckDBPyConnection, revision: int) -> None:
        """Keep for later a cursor whose result was read to its end, or closed."""
        if revision == self._settings.revision and len(self._spare) < _SPARE:
            self._spare.append((cursor, revision))
        else:
            _close(cursor)

    def throw_away(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Close a cursor whose statement failed."""
        _close(cursor)

    def close(self) -> None:
        """Close all that nobody uses."""
        for cursor, _ in self._spare:
            _close(cursor)
        self._spare = []
        _close(self._first)

    def _prepared(self) -> str:
        """Return the statements that give a cursor the settings of the session."""
        values = self._settings.own()
        names = ", ".join(text(name) for name in values)
        entries = ", ".join(text(value) for value in values.values())
        return (
            "SET errors_as_json = true; SET enable_progress_bar = false; "
            f"SET search_path = {text(SEARCH_PATH)}; SET TimeZone = {text(values['timezone'])}; "
            f"SET VARIABLE postgres_user = {text(self._user)}; "
            f"SET VARIABLE postgres_backend_pid = {self._process}::INTEGER; SET VARIABLE postgres_tls = {self._tls}; "
            f"SET VARIABLE postgres_settings = map([{names}], [{entries}])"
        )


def error_of(cursor: duckdb.DuckDBPyConnection) -> HarvestDuckError | None:
    """Return the error of Harvest's that ended what a cursor ran, None where it was another."""
    session = sessions.get(cursor)
    return None if session is None else session.last_error


def _close(cursor: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error, RuntimeError):
        cursor.close()
