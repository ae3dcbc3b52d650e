"""The reader of whole results for a copy of an account: the rows, and the moment as of which they are all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.connection import resolve
from harvest_duck.errors import ProtocolError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.runtime import loop
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.scanner.progress import RunningScans
from harvest_duck.scanner.scan import batches
from harvest_duck.scanner.scan_request import scan_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    import pyarrow.compute as pc

    from harvest_duck.catalog.model import Table
    from harvest_duck.connection import Connection
    from harvest_duck.scanner.scan_request import ScanRequest


@dataclass(frozen=True, slots=True)
class ReadRows:
    """The rows that a filter keeps, and how many requests they took, which had so many answers without those repeated.

    Everything that was saved before the `horizon` is in them; it is by the clock of the server.
    """

    rows: pa.Table
    horizon: datetime
    requests: int
    answers: int


@dataclass(frozen=True, slots=True)
class CountedRows:
    """The number of rows that a filter keeps, as of the `horizon` or a little later, and the requests that it took."""

    rows: int
    horizon: datetime
    requests: int


@dataclass(frozen=True, slots=True)
class ScanSession:
    """What scans of one connection of DuckDB share: where their requests and progress are shown, and what ends them."""

    request_log: RequestLog = field(default_factory=RequestLog)
    running: RunningScans = field(default_factory=RunningScans)
    readers: Readers = field(default_factory=Readers)


class TableReader:
    """Reads tables of one connection, one after the other, as scans of a `session`.

    `on_news` is called after each batch, and a few times a second while one is awaited. `requests` and `rows` count
    what was sent and what came. Neither `MaxRows` nor the cache of the connection has any effect, since a copy is
    whole. Raises the errors of the connection string.
    """

    def __init__(
        self,
        connection: str | Connection,
        on_news: Callable[[], None] = lambda: None,
        session: ScanSession | None = None,
    ) -> None:
        settings = resolve(connection) if isinstance(connection, str) else connection
        self.settings = replace(settings, max_rows=None, cache=None)
        self.requests = 0
        self.rows = 0
        self._on_news = on_news
        self._session = session or ScanSession()

    def read(self, table: Table, keep: pc.Expression | None = None, *, names: Sequence[str] | None = None) -> ReadRows:
        """Return the rows of `table` of which `keep` is true, in the columns `names`, or in all of them."""
        names = schema_of(table).names if names is None else names
        request, log = self._request(table, keep, names), self._session.request_log.part()
        found = []
        for batch in self._batches(request, log):
            found.append(batch)
            self.rows += batch.num_rows
        rows = pa.Table.from_batches(found, request.schema)
        return ReadRows(rows, _horizon(log, table), _sent(log), sum(each.sent_at is not None for each in log.entries))

    def count(self, table: Table, keep: pc.Expression | None = None) -> CountedRows:
        """Return the number of rows of `table` of which `keep` is true: by Harvest's totals where they tell it."""
        log = self._session.request_log.part()
        rows = sum(batch.num_rows for batch in self._batches(self._request(table, keep, ()), log))
        return CountedRows(rows, _horizon(log, table), _sent(log))

    def progress(self) -> dict[str, Any] | None:
        """Return the progress of the scan that runs, see `page_source`; None where none does."""
        rows = loop.run(self._session.running.rows())
        return rows[0] if rows else None

    def _request(self, table: Table, keep: pc.Expression | None, names: Sequence[str]) -> ScanRequest:
        return scan_request(table, self.settings, names, read_filter(keep, schema_of(table)))

    def _batches(self, request: ScanRequest, log: RequestLog) -> Iterator[pa.RecordBatch]:
        before = self.requests

        def tell() -> None:
            self.requests = before + _sent(log)
            self._on_news()

        session = self._session
        for batch in batches(request, log, session.running, session.readers, meanwhile=tell):
            yield batch
            tell()
        tell()


def _sent(log: RequestLog) -> int:
    return sum(1 + entry.retries for entry in log.entries if entry.sent_at is not None)


def _horizon(log: RequestLog, table: Table) -> datetime:
    moments = [entry.horizon for entry in log.entries if entry.horizon is not None]
    if not moments:
        raise ProtocolError(f"{table.name}: nothing was asked of Harvest, so nothing is known of the table")
    return min(moments)
