"""The state of one connection of DuckDB, which lives as long as that connection."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from harvest_duck.errors import HarvestDuckError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.scanner.progress import RunningScans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb
    import pyarrow as pa

    from harvest_duck.connection.handles import Handle


@dataclass(slots=True)
class Session:
    """The requests and running scans of a connection of DuckDB, its last error, and its connection strings.

    `default` stands for the connection string that `harvest_scan` uses when it is given none. `attached` holds the
    handles of attached accounts by the name of their schema, and `borrowed` those that another connection of the same
    database attached.
    """

    request_log: RequestLog = field(default_factory=RequestLog)
    running: RunningScans = field(default_factory=RunningScans)
    readers: Readers = field(default_factory=Readers)
    default: Handle | None = None
    attached: dict[str, Handle] = field(default_factory=dict)
    borrowed: list[Handle] = field(default_factory=list)
    last_error: HarvestDuckError | None = None

    @contextmanager
    def record_errors(self) -> Iterator[None]:
        """Store an error as the last one, and raise a copy of it without causes and traceback.

        DuckDB prints the traceback of every cause after the message; the stored error has them all.
        """
        try:
            yield
        except HarvestDuckError as error:
            self.last_error = error
            raise _bare(error) from None

    def recording_errors(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches; store the error that ends them as the last one."""
        with self.record_errors():
            yield from batches


#: The sessions of this process, each freed with its connection.
sessions: WeakKeyDictionary[duckdb.DuckDBPyConnection, Session] = WeakKeyDictionary()


def _bare(error: HarvestDuckError) -> HarvestDuckError:
    bare = type(error).__new__(type(error))
    bare.args = error.args
    bare.__dict__.update(vars(error))
    return bare
