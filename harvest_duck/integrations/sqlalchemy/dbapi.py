"""DuckDB as PEP 249 has it: many cursors of one connection, each with its rows, and errors of one line.

A cursor of DuckDB's is a connection of its own, which would not know what is registered. So all cursors here run on one
connection; where one runs a statement while another has rows left, those are read first. Nothing is written, so there
is nothing to commit.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import ref

import duckdb

from harvest_duck.engine.arrow_stream import sentence_in
from harvest_duck.engine.register import last_error
from harvest_duck.errors import ConnectionStringError, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from harvest_duck.integrations.sqlalchemy.database import Database

#: The kinds of statement that read, or change what later ones read.
_READS = {"SELECT", "EXPLAIN", "SET", "CALL", "PRAGMA", "ATTACH", "DETACH", "LOAD"}
#: Those of them for which a connection with one door is.
_READS_ATTACHED = {"SELECT", "EXPLAIN"}
#: What begins and ends a transaction, which nothing that reads Harvest needs.
_TRANSACTION = "TRANSACTION"


_PIVOT = "harvest:// only reads: name the columns of a PIVOT, as in PIVOT … ON currency IN ('EUR', 'USD')"


class DBAPI:
    """The module that SQLAlchemy takes a driver for."""

    apilevel = "2.0"
    threadsafety = 1
    paramstyle = "numeric_dollar"
    Warning = duckdb.Warning
    Error = duckdb.Error
    InterfaceError = duckdb.ProgrammingError
    DatabaseError = duckdb.DatabaseError
    DataError = duckdb.DataError
    OperationalError = duckdb.OperationalError
    IntegrityError = duckdb.IntegrityError
    InternalError = duckdb.InternalError
    ProgrammingError = duckdb.ProgrammingError
    NotSupportedError = duckdb.NotSupportedError
    Binary = bytes


class QmarkDBAPI(DBAPI):
    """The same for SQLAlchemy 1.4, which does not number parameters."""

    paramstyle = "qmark"


class Connection:
    """A connection of `database`; `raw` is that of DuckDB's, and has every attribute that this one lacks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reads = _READS_ATTACHED if database.only_attached else _READS
        self.raw = database.open()
        self.process = os.getpid()
        self._reading: ref[Cursor] | None = None

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        return Cursor(self)

    def commit(self) -> None:
        """Do nothing: there is nothing to commit."""

    def rollback(self) -> None:
        """End a query whose rows are not all read, unless it is of the process from which this one was forked."""
        if self.process == os.getpid():
            self.run_for(None)

    def close(self) -> None:
        """Close the connection."""
        self._database.close(self.raw)

    def run_for(self, cursor: Cursor | None) -> None:
        """Make `cursor` the one that runs a statement; another keeps what it has left to read.

        With None the statement that runs is ended.
        """
        reading = None if self._reading is None else self._reading()
        self._reading = None if cursor is None else ref(cursor)
        if reading is None or reading is cursor or not reading.has_rows_to_read:
            return
        if cursor is None:
            self.raw.execute("SELECT NULL").fetchall()
        else:
            reading.keep()

    def kinds(self, operation: str) -> set[str]:
        """Return the kinds of the statements in a text.

        Raises `NotSupportedError` for one that writes or is not for this connection, and `ConnectionException` in
        another process than that of the connection.
        """
        if self.process != os.getpid():
            raise duckdb.ConnectionException(
                "the connection belongs to the process from which this one was forked: take another one from the engine"
            )
        kinds = set()
        for statement in self.raw.extract_statements(operation):
            kind = statement.type.name
            if kind not in self._reads and kind != _TRANSACTION:
                # DuckDB makes a type for columns that it has to find: a statement without text, or MULTI from 2.0 on.
                pivots = kind == "MULTI" or not statement.query
                raise duckdb.NotSupportedError(_PIVOT if pivots else _refusal(kind))
            kinds.add(kind)
        return kinds

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any of DuckDB's
        return getattr(self.raw, name)


class Cursor:
    """The rows of one statement."""

    lastrowid = None
    rowcount = -1
    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.description: Sequence[Sequence[Any]] | None = None
        #: Whether the connection has rows of the statement that were not read.
        self.has_rows_to_read = False
        #: What was read before another cursor took its place.
        self._kept: deque[tuple[Any, ...]] = deque()

    def execute(self, operation: str, parameters: object = None) -> Cursor:
        """Run a statement."""
        raw = self.connection.raw
        self.description = None
        with _one_line(raw):
            kinds = self.connection.kinds(operation)
            self.connection.run_for(self)
            self.has_rows_to_read, self._kept = False, deque()
            if kinds - {_TRANSACTION}:
                raw.execute(operation, parameters or None)
                self.description = list(raw.description)
                self.has_rows_to_read = True
        return self

    def executemany(self, operation: str, many: Iterable[object]) -> None:
        """Run a statement with each of many sets of parameters; the rows are those of the last."""
        for parameters in many:
            self.execute(operation, parameters)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, None where there is none."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Return the next rows, at most `size`."""
        size = self.arraysize if size is None else size
        if self.description is None:
            raise duckdb.ProgrammingError("the cursor has no rows: its statement failed, or has none")
        if not self.has_rows_to_read:
            return [self._kept.popleft() for _ in range(min(size, len(self._kept)))]
        with self._reading():
            rows: list[tuple[Any, ...]] = self.connection.raw.fetchmany(size)
        self.has_rows_to_read = len(rows) == size
        return rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        self.keep()
        return self.fetchmany(len(self._kept))

    def keep(self) -> None:
        """Read what is left, for later."""
        if self.has_rows_to_read:
            with self._reading():
                self._kept.extend(self.connection.raw.fetchall())
            self.has_rows_to_read = False

    def close(self) -> None:
        """End the statement."""
        if self.has_rows_to_read:
            self.connection.run_for(None)
        self.has_rows_to_read, self._kept = False, deque()

    def setinputsizes(self, sizes: object) -> None:
        """Do nothing, as PEP 249 permits."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing, as PEP 249 permits."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchone, None)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Let an error be one line, after which there are no rows."""
        try:
            with _one_line(self.connection.raw):
                yield
        except BaseException:
            self.has_rows_to_read, self.description = False, None
            raise


def _refusal(kind: str) -> str:
    """Return the line that refuses a kind of statement."""
    if kind in _READS:
        return f"with only_attached harvest:// takes SELECT and EXPLAIN alone, and {kind} is refused"
    return (
        f"harvest:// only reads, and {kind} is refused: for tables of your own open a database with duckdb and attach "
        "Harvest to it, see harvest_duck.attach"
    )


@contextmanager
def _one_line(raw: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let an error of ours be its line alone; its cause is the error itself, where a scan raised it."""
    before = last_error(raw)
    try:
        yield
    except duckdb.Error as error:
        line = sentence_in(str(error))
        if line == str(error):
            raise
        ours = last_error(raw)
        ours = None if ours is before else ours
        asked_wrong = ours is None or isinstance(ours, ConnectionStringError | QueryError)
        kind = duckdb.ProgrammingError if asked_wrong else duckdb.OperationalError
        raise kind(line) from ours
