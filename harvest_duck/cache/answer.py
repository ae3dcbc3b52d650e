"""The answer to a scan: asked of Harvest, or taken from the cache of its connection, with the same columns and rows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import table as table_named
from harvest_duck.connection import resolve
from harvest_duck.errors import QueryError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.pushdown.arrow_filter import read_filter, refuse_unfit
from harvest_duck.pushdown.sql import shown
from harvest_duck.runtime import critical_section
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.scanner import scan as live
from harvest_duck.scanner.progress import RunningScans
from harvest_duck.scanner.scan_request import scan_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow.compute as pc

    from harvest_duck.cache.expected import Expected
    from harvest_duck.scanner.scan_request import ScanRequest


def scan(
    table: str,
    connection: str = "",
    *,
    columns: Sequence[str] | None = None,
    filter: pc.Expression | None = None,  # noqa: A002 - the name that pyarrow gives it
    raw: bool = False,
) -> pa.RecordBatchReader:
    """Return a reader over the rows of `table`, in the named columns, or in all of them when `columns` is None.

    `filter` is an expression such as `pyarrow.compute.field("spent_date") >= date(2026, 1, 1)`. Only rows of which it
    is true are returned, and the parts of it that a parameter of the API answers narrow the requests. With `raw` there
    is one more column, `record`: the JSON of each row as Harvest sent it. Requests go out as batches are read; those
    under way are cancelled when the reader is freed. A connection with a CacheLocation answers from there what it can.
    Raises the errors of `harvest_duck.errors`, while reading as well.
    """
    entry = replace(table_named(table), raw=raw)
    schema = schema_of(entry)
    names = schema.names if columns is None else list(columns)
    read = read_filter(filter, schema)
    unknown = [name for name in (*names, *sorted(read.columns or ())) if name not in entry]
    if unknown or not names:
        fault = f"has no column {shown(unknown[0])}" if unknown else "was asked for no column at all"
        raise QueryError(f"{entry.name} {fault}; harvest_columns('{entry.name}') lists them")
    refuse_unfit(read, schema, where=entry.name)
    request = scan_request(entry, connection, names, read)
    return pa.RecordBatchReader.from_batches(request.schema, batches(request, RequestLog(), RunningScans(), Readers()))


def batches(
    request: ScanRequest,
    request_log: RequestLog,
    running: RunningScans,
    readers: Readers,
    *,
    cautious: bool = False,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[pa.RecordBatch]:
    """Return the batches of a scan, from the cache of its connection or as `scanner.scan.batches` does."""
    if _live(request):
        return live.batches(request, request_log, running, readers, cautious=cautious, meanwhile=meanwhile)
    # What only connections with a cache need, authlib among it, takes 0.2 s to load.
    with critical_section.entered():
        from harvest_duck.cache import file_scan, memory_scan  # noqa: PLC0415

    beside = partial(
        memory_scan.batches, request, request_log, running, readers, cautious=cautious, meanwhile=meanwhile
    )
    cache = request.settings.cache
    if cache is None or cache.path is None:
        return beside()
    return file_scan.batches(request, request_log, running, readers, beside=beside)


def expected(request: ScanRequest) -> Expected | ScanRequest:
    """Return what the cache of a connection would do for a scan, or the scan that Harvest would be asked for instead.

    Nothing is sent, and nothing is stored. Raises as `batches` does for what cannot be answered offline.
    """
    if _live(request):
        return request
    with critical_section.entered():
        from harvest_duck.cache import file_scan, memory_scan  # noqa: PLC0415

    cache = request.settings.cache
    from_file = None if cache is None or cache.path is None else file_scan.expected(request)
    return from_file or memory_scan.expected(request)


def clear_cache(connection: str | None = None) -> None:
    """Forget the rows that this process holds of a connection, or of all, and whose token it is.

    The next query asks Harvest. The files of copies stay as they are. Raises the errors of the connection string.
    """
    with critical_section.entered():
        from harvest_duck.cache import known, memory  # noqa: PLC0415

    identity = None if connection is None else resolve(connection).identity
    memory.clear(identity)
    known.forget(identity)


def _live(request: ScanRequest) -> bool:
    """Whether only Harvest can answer; raises `QueryError` where it may not be asked."""
    if request.settings.offline and request.table.raw:
        raise QueryError(
            f"{request.table.name}: records as Harvest sent them are in no copy, and the connection is offline: "
            "ask without Offline and AsOf"
        )
    return request.settings.cache is None or request.table.raw
