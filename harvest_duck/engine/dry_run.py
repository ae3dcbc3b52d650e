"""The scan requests of a query, found by running it over tables that record each request and have no rows.

DuckDB opens the same scans, with the same columns and filters, as when the query reads Harvest. The exceptions are
filters that DuckDB 1.x makes for one table from the rows of another.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Timer
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.engine import scalar_subqueries
from harvest_duck.engine.arrow_stream import sentence_in
from harvest_duck.engine.binding import EXPLANATIONS
from harvest_duck.engine.hidden_arguments import DRY_RUN_VARIABLE, SESSION_VARIABLE
from harvest_duck.engine.macros import own_functions, setting
from harvest_duck.engine.session import Session
from harvest_duck.errors import QueryError
from harvest_duck.pushdown.sql import text
from harvest_duck.text import shortened

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    import pyarrow as pa

    from harvest_duck.cache.expected import Expected
    from harvest_duck.catalog.model import Table
    from harvest_duck.engine.binding import Binding
    from harvest_duck.scanner.scan_request import ScanRequest

_PATIENCE_S = 30.0
#: DuckDB 1.x passes the values of the rows of a subquery to the scan by itself, and in a dry run there are none.
_PASSES_VALUES = duckdb.__version__.startswith("1.")
#: Seconds for the same query with values in the place of its subqueries.
_VALUES_S = 5.0
_ROWS_AT_ONCE = 10_000
#: A table in a plan; DuckDB 1.4 gives its name alone.
_TABLE = re.compile(r'"Table": "([^"\\]+)"')
#: The most characters that are shown of an error of DuckDB.
_LONGEST = 500


@dataclass(eq=False)
class _Recording(Session):
    """A session whose scans are recorded, and have no rows."""

    requests: list[ScanRequest] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    questions: set[Hashable] = field(default_factory=set)
    asks_harvest = False

    def read(self, request: ScanRequest) -> Iterator[pa.RecordBatch]:
        """Record a scan and return no batch."""
        self.requests.append(request)
        return iter(())

    def taken(self) -> list[ScanRequest]:
        """Return the scans recorded since this was called last."""
        found, self.requests = self.requests, []
        self.questions.clear()
        return found

    def asked_before(self, what: Hashable) -> bool:
        """Note what a scan asks; return whether one since the last call of `taken` asked it."""
        before = what in self.questions
        self.questions.add(what)
        return before

    def refused(self, error: Exception) -> None:
        """Record the error of a scan, which DuckDB may never read."""
        self.errors.append(error)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The scans of a query; where it has scalar subqueries, also those of them alone and of the query with values.

    `inner` and `valued` are empty where there is no such subquery, or its value cannot be had. `files` are the tables
    that DuckDB reads from the file of a copy by itself.
    """

    requests: list[ScanRequest]
    inner: list[ScanRequest] = field(default_factory=list)
    valued: list[ScanRequest] = field(default_factory=list)
    files: list[tuple[Table, Expected]] = field(default_factory=list)


def recorded(
    con: duckdb.DuckDBPyConnection,
    binding: Binding,
    sql: str,
    settings: Mapping[str, str],
    *,
    default: str = "",
    patience_s: float = _PATIENCE_S,
) -> Recorded:
    """The requests of the scans of a SELECT, in the order in which DuckDB opens them; nothing is sent.

    `settings` are those of the connection that asks, `default` is the account that it reads where none is given. Raises
    `QueryError` for anything but one SELECT, or for one that takes longer than `patience_s`, and the errors that the
    scans would raise.
    """
    recording = _Recording()
    binding.sessions[recording.name] = recording
    with _place(binding), con.cursor() as cursor:
        _record(cursor, recording, sql, settings, default=default, patience_s=patience_s)
        if recording.errors:
            raise recording.errors[0] from None
        found = _with_values(cursor, recording, sql)
        return replace(found, files=_files(cursor, binding, sql))


def _files(cursor: duckdb.DuckDBPyConnection, binding: Binding, sql: str) -> list[tuple[Table, Expected]]:
    """Return the tables of files that DuckDB reads for a query, in the order of its plan."""
    views = [each.file_views for each in binding.attached.values() if each.file_views is not None]
    if not views:
        return []
    ((_, plan),) = cursor.execute(f"EXPLAIN (FORMAT JSON) {_select(cursor, sql).query}").fetchall()
    found = (filter(None, (each.read_of(cursor, name) for each in views)) for name in _TABLE.findall(plan))
    return [read for each in found if (read := next(each, None)) is not None]


def _with_values(cursor: duckdb.DuckDBPyConnection, recording: _Recording, sql: str) -> Recorded:
    """Return the scans recorded so far, and those of the query with the values of its subqueries."""
    requests = recording.taken()
    if not requests:
        return Recorded([])
    try:
        with _bounded(cursor, _VALUES_S):
            valued_sql = scalar_subqueries.with_values(cursor, sql)
            inner = recording.taken()
            if inner and _PASSES_VALUES:
                return Recorded(requests)
            if valued_sql is not None:
                _read_to_the_end(cursor, valued_sql)
    except (duckdb.Error, QueryError, LookupError):
        # It ran as it stands; that is enough. Another version of DuckDB may have other trees.
        return Recorded(requests)
    return Recorded(requests) if recording.errors else Recorded(requests, inner, recording.taken())


def _record(
    cursor: duckdb.DuckDBPyConnection,
    recording: _Recording,
    sql: str,
    settings: Mapping[str, str],
    *,
    default: str,
    patience_s: float,
) -> None:
    """Run a SELECT so that its scans are recorded; raises `QueryError` where DuckDB refuses it."""
    try:
        _prepare(cursor, recording, default, settings)
        with _bounded(cursor, patience_s):
            _read_to_the_end(cursor, sql)
    except duckdb.InterruptException:
        raise QueryError(
            f"harvest_explain: the query takes longer than {patience_s:g} s even without rows of Harvest"
        ) from None
    except duckdb.Error as error:
        if not recording.errors:
            raise QueryError(
                f"harvest_explain: {shortened(sentence_in(str(error).splitlines()[0]), _LONGEST)}; "
                "it does not see temporary tables, variables, parameters or data frames"
            ) from None


@contextmanager
def _place(binding: Binding) -> Iterator[None]:
    """Take the place of one explanation, or raise `QueryError` where none is left."""
    if not binding.explanations.acquire(blocking=False):
        raise QueryError(
            f"harvest_explain: more than {EXPLANATIONS} explanations at a time, or one that explains itself: "
            "ask for fewer at once, and not through a view that explains"
        )
    try:
        yield
    finally:
        binding.explanations.release()


def _read_to_the_end(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    cursor.execute(_select(cursor, sql))
    while cursor.fetchmany(_ROWS_AT_ONCE):
        pass


def _prepare(cursor: duckdb.DuckDBPyConnection, recording: Session, default: str, settings: Mapping[str, str]) -> None:
    """Make the cursor read SQL as its connection does, see no variables of Python, and change nothing."""
    for macro in own_functions(default):
        cursor.execute(macro)
    cursor.execute(f"SET VARIABLE {SESSION_VARIABLE} = {text(recording.name)}")
    cursor.execute(f"SET VARIABLE {DRY_RUN_VARIABLE} = true")
    for name, value in {"python_enable_replacements": "false", **settings}.items():
        _set(cursor, name, value)
    cursor.execute(scalar_subqueries.READ_ONLY)


def _set(cursor: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Set a setting to a value; raises `QueryError` where it is locked at another that changes what a query means."""
    if not value or cursor.execute(f"SELECT {setting(name)}").fetchone() == (value,):
        return
    try:
        cursor.execute(f"SET {name} = {text(value)}")
    except duckdb.Error as error:
        # A table of that name would be looked for among the variables of this module, where no table is.
        if name != "python_enable_replacements":
            raise QueryError(
                f"harvest_explain: {name} is {value} for this connection alone, and lock_configuration keeps it from "
                "being set for the explanation: set it globally before the lock"
            ) from error


def _select(cursor: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    statements = cursor.extract_statements(sql)
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise QueryError("harvest_explain takes one SELECT; a PIVOT has to list its values: ON … IN (…)")
    return statements[0]


@contextmanager
def _bounded(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt the cursor after so many seconds.

    An interrupt of the connection itself does not reach a cursor (DuckDB 1.4 to 2.0).
    """
    timer = Timer(seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
