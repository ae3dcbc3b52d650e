"""An adapter of harlequin, the editor of SQL in a terminal: `harlequin -a harvest 'DSN=acme'`.

Harlequin runs all statements of an editor, and then takes the rows of each (2.17). So a SELECT runs when its rows are
taken, or before the next statement, once, and with the limit of rows that harlequin has told by then.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from harlequin.adapter import HarlequinAdapter, HarlequinConnection, HarlequinCursor
from harlequin.autocomplete.completion import HarlequinCompletion
from harlequin.catalog import Catalog, CatalogItem
from harlequin.exception import HarlequinConfigError, HarlequinConnectionError, HarlequinQueryError
from harlequin.options import TextOption

from harvest_duck import connections
from harvest_duck.connection import canonical, parse
from harvest_duck.engine.arrow_stream import sentence_in
from harvest_duck.engine.catalogue_names import names
from harvest_duck.engine.register import connect, interrupt, register
from harvest_duck.errors import HarvestDuckError
from harvest_duck.exports.source import our_errors
from harvest_duck.formats import results
from harvest_duck.integrations.harlequin_catalogue import catalogue, completions, short_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.introspection.sql_names import Names

#: The properties that name an account, and hold no secret.
_NAMED_BY = ("DSN", "AccountId")
#: How long a new query waits before it interrupts the one that runs, again and again.
_PATIENCE_S = 0.1


class HarvestCursor(HarlequinCursor):  # type: ignore[misc] # harlequin is seldom there where types are checked
    """The rows of a statement, which are read once."""

    def __init__(self, connection: HarvestConnection, statement: duckdb.Statement) -> None:
        self._connection = connection
        self._statement = statement
        self._limit: int | None = None
        self._rows: pa.Table | None = None
        self.is_read = False

    def set_limit(self, limit: int) -> HarvestCursor:
        """Read so many rows at most; no more is asked of Harvest then than they take."""
        self._limit = limit
        return self

    def columns(self) -> list[tuple[str, str]]:
        """Return the name and the short type of each column."""
        rows = self.fetchall()
        return [] if rows is None else [(field.name, short_type(str(field.type))) for field in rows.schema]

    def fetchall(self) -> pa.Table | None:
        """Return the rows, None where the query was canceled."""
        with self._connection.turn():
            return self.read()

    def read(self) -> pa.Table | None:
        """Return the rows, for who has the turn already."""
        if not self.is_read:
            self.is_read = True
            self._rows = self._connection.rows(self._statement, self._limit)
        return self._rows


class HarvestConnection(HarlequinConnection):  # type: ignore[misc] # as above
    """A DuckDB connection with an account in it; harlequin uses it from several threads."""

    def __init__(self, connection: str, init_message: str = "") -> None:
        self.init_message = init_message
        self._con = connect(connection)
        results.prepare(self._con)
        # Harlequin shows types of Arrow, and none that Arrow lacks.
        self._con.execute("SET arrow_lossless_conversion = false")
        # Asked while a query runs on the other.
        self._catalogue_con = self._con.cursor()
        register(self._catalogue_con, connection)
        self._catalogue_lock = Lock()
        self._running = Lock()
        self._unread: HarvestCursor | None = None
        self._canceled = False

    def execute(self, query: str) -> HarvestCursor | None:
        """Run a statement; one with rows runs when they are taken. Nothing runs after one that is canceled."""
        with self.turn():
            self._canceled = False
            if self._unread is not None:
                self._unread.read()
                self._unread = None
            statements: list[duckdb.Statement] = []
            with self._our_errors():
                statements = [] if self._canceled else self._con.extract_statements(query)
                for statement in statements[:-1]:
                    self._con.execute(statement).fetchall()
            if not statements or self._canceled:
                return None
            cursor = HarvestCursor(self, statements[-1])
            if statements[-1].type in results.WITH_ROWS:
                self._unread = cursor
                return cursor
            return None if cursor.read() is None else cursor

    def rows(self, statement: duckdb.Statement, limit: int | None) -> pa.Table | None:
        """Run a statement and return its rows; None where it has none or was canceled."""
        found = None
        with self._our_errors():
            reader = results.batches(self._con, statement, {}, keep_types=False)
            if reader is not None:
                with reader:
                    found = pa.Table.from_batches(_first(reader, limit), reader.schema)
        return found

    def cancel(self) -> None:
        """End the query that runs, and its requests."""
        self._canceled = True
        interrupt(self._con)

    def get_catalog(self) -> Catalog:
        """Return the accounts and databases with their tables, ready views and columns; no request is sent."""
        return Catalog(items=catalogue(self._names(), CatalogItem))

    def get_completions(self) -> list[HarlequinCompletion]:
        """Return the functions and keywords; harlequin takes the other names from the catalogue."""
        return [*completions(self._names(), HarlequinCompletion)]

    def validate_sql(self, text: str) -> str:
        """Return the text where DuckDB can parse it, else an empty one."""
        try:
            self._catalogue_con.extract_statements(text)
        except duckdb.Error:
            return ""
        return text

    def close(self) -> None:
        """Close both connections; the query that runs ends first."""
        self.cancel()
        with self.turn(), self._catalogue_lock:
            self._con.close()
            self._catalogue_con.close()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A context in which no other thread uses the connection: a new query ends the one that runs."""
        while not self._running.acquire(timeout=_PATIENCE_S):
            self.cancel()
        try:
            yield
        finally:
            self._running.release()

    def _names(self) -> Names:
        with self._catalogue_lock, suppress(HarvestDuckError, OSError):
            known = [each.name for each in connections.listed()]
            return names(self._catalogue_con, known)
        return names(self._catalogue_con)

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        """A context whose errors are one line, and none once the query was canceled."""
        try:
            with our_errors(self._con):
                yield
        except (duckdb.Error, HarvestDuckError, OSError) as error:
            if not self._canceled:
                raise HarlequinQueryError(sentence_in(str(error)).strip(), title="The query failed") from error


class HarvestAdapter(HarlequinAdapter):  # type: ignore[misc] # as above
    """Harvest in harlequin, by a connection string or by what the environment and the DSN `default` say."""

    ADAPTER_OPTIONS = [  # noqa: RUF012 - as harlequin has it
        TextOption(
            name="connection",
            description="The connection string, such as DSN=acme; by default what the environment and the DSN "
            "'default' say.",
            placeholder="DSN=acme",
            secret=True,
        )
    ]
    IMPLEMENTS_CANCEL = True
    IMPLEMENTS_VALIDATE_SQL = True
    ADAPTER_DETAILS = "SQL over Harvest, by harvest_duck: every query asks Harvest once."

    def __init__(self, conn_str: Sequence[str], connection: str | None = None, **_: Any) -> None:  # noqa: ANN401 - harlequin's
        given = ";".join(filter(None, conn_str))
        if given and connection:
            raise HarlequinConfigError(
                "the connection string is given twice, alone and as --connection: leave one out", title="Harvest"
            )
        self._connection = given or connection or ""

    @property
    def connection_id(self) -> str:
        """What harlequin keeps its history under: the account, without a secret; empty where none is named."""
        try:
            given = canonical(parse(self._connection, where="connection string").items(), where="connection string")
        except HarvestDuckError:
            return ""
        return ";".join(f"{name}={given[name]}" for name in _NAMED_BY if given.get(name))

    def connect(self) -> HarvestConnection:
        """Return a connection; nothing is sent yet. Raises `HarlequinConnectionError` for a bad connection string."""
        try:
            return HarvestConnection(self._connection)
        except (HarvestDuckError, OSError) as error:
            raise HarlequinConnectionError(str(error), title="harvest_duck cannot connect") from error


def _first(reader: pa.RecordBatchReader, limit: int | None) -> Iterator[pa.RecordBatch]:
    """Yield the batches of so many rows, and read no more than these need."""
    left = limit
    while left is None or left > 0:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        yield batch if left is None else batch.slice(0, left)
        left = None if left is None else left - batch.num_rows
