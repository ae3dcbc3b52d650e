"""The session of a connection of DuckDB: what its scans share, and what people ask about them."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import duckdb

from harvest_duck.engine.arrow_stream import sentence
from harvest_duck.errors import HarvestDuckError
from harvest_duck.http.request_log import RequestLog
from harvest_duck.runtime import critical_section, quiescence
from harvest_duck.runtime.blocking_reader import Readers
from harvest_duck.scanner.progress import RunningScans

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    import pyarrow as pa

    from harvest_duck.connection.handles import Handle, Handles
    from harvest_duck.scanner.scan_request import ScanRequest

#: The modules that the first query needs, in steps: a fork, or the end of the process, waits for one of them. The first
#: reads the certificates of the system without the GIL, so the thread that queries takes the others meanwhile. Those of
#: Python would else be loaded by the first name that is resolved and the first timestamp, outside of any section.
NEEDED_TO_QUERY = (
    "aiohttp",
    "tenacity",
    "harvest_duck.decoder.decoder",
    "pyarrow.acero",
    "zoneinfo",
    "encodings.idna",
    "harvest_duck.cache.answer",
)
#: DuckDB 1 asks for a second batch before it looks at the first, under a LIMIT as well.
_ASKS_TWICE = duckdb.__version__.startswith("1.")


@dataclass(eq=False)
class Session:
    """The requests and running scans of a connection of DuckDB, and its last error.

    `name` is what the connection tells its scans, by a variable. `handles` are those of its database. `default` is the
    account that `harvest_scan` reads when it is given none, where the connection has one of its own.
    """

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    request_log: RequestLog = field(default_factory=RequestLog)
    running: RunningScans = field(default_factory=RunningScans)
    readers: Readers = field(default_factory=Readers)
    handles: Handles | None = None
    default: Handle | None = None
    last_error: HarvestDuckError | None = None
    #: Whether table functions that ask Harvest answer.
    asks_harvest = True

    def read(self, request: ScanRequest) -> Iterator[pa.RecordBatch]:
        """Return the batches of a scan, asked of Harvest or of a cache as they are read."""
        # The first query imports what needs HTTP: that alone takes longer to load than everything else here.
        with critical_section.entered():
            for name in reversed(NEEDED_TO_QUERY[:-1]):
                import_module(name)
            from harvest_duck.cache.answer import batches  # noqa: PLC0415 - as above

        return batches(request, self.request_log, self.running, self.readers, cautious=_ASKS_TWICE)

    def asked_before(self, what: Hashable) -> bool:  # noqa: ARG002 - one that records asks once
        """Whether a scan asks again what the rows of another tell; only of use where neither has rows."""
        return False

    def refused(self, error: Exception) -> None:
        """Take note of a scan that cannot be planned; its error is raised when it is read."""

    def failed(self, error: BaseException) -> str:
        """Store the error that ended a scan as the last one, and return the line that DuckDB shows for it."""
        if isinstance(error, HarvestDuckError):
            self.last_error = error
        return sentence(error)


#: The sessions of this process, each freed with its connection.
sessions: WeakKeyDictionary[duckdb.DuckDBPyConnection, Session] = WeakKeyDictionary()


#: The connections that are open when the process ends.
_kept: list[duckdb.DuckDBPyConnection] = []


def add(con: duckdb.DuckDBPyConnection, session: Session) -> None:
    """Make `session` that of a registered connection."""
    sessions[con] = session
    if critical_section.ending():
        _kept.append(con)


def _keep() -> None:
    """Keep all registered connections, so that no thread closes one while Python stops it, and interrupt them."""
    _kept.extend(con for reference in sessions.keyrefs() if (con := reference()) is not None)
    for con in _kept:
        # One that closes at this moment is a RuntimeError (DuckDB 1.5).
        with suppress(duckdb.Error, RuntimeError):
            con.interrupt()


quiescence.at_end(_keep)
