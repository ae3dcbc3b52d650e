"""What was really sent: one entry for each request of the scans of one connection of DuckDB, the last ones kept.

`harvest_requests()` shows it. An entry holds the path and the parameters, never a header, a token or a body.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harvest_duck.protocol.request import Request

_KEPT = 10_000

#: The columns of `harvest_requests()`.
SENT = pa.schema(
    [
        ("scan", pa.int64()),
        ("table_name", pa.string()),
        ("account_id", pa.int64()),
        ("sent_at", pa.timestamp("us", "UTC")),
        ("request", pa.string()),
        ("rate_limit", pa.string()),
        ("status", pa.int64()),
        ("records", pa.int64()),
        ("bytes", pa.int64()),
        ("elapsed_ms", pa.float64()),
        ("retries", pa.int64()),
        ("waited_s", pa.float64()),
    ]
)


@dataclass(slots=True)
class Sent:
    """A request and what became of it; None for what is not known yet, or never will be.

    `sent_at`, `status`, `size` in bytes and `elapsed_ms` are those of the last try. `waited_s` is the time that all
    tries together waited for the rate limit.
    """

    request: Request
    scan: int = 0
    journal: Journal | None = field(default=None, repr=False)
    sent_at: datetime | None = None
    status: int | None = None
    records: int | None = None
    size: int | None = None
    elapsed_ms: float | None = None
    retries: int = 0
    waited_s: float = 0.0

    def going(self, waited_s: float) -> None:
        """Note that the request is sent now, after a wait for the rate limit."""
        self.sent_at = datetime.now(UTC)
        self.waited_s += waited_s
        self.status = self.size = self.elapsed_ms = None

    def came(self, status: int, size: int | None, elapsed_ms: float) -> None:
        """Note an answer, and its size where that is known."""
        self.status, self.size, self.elapsed_ms = status, size, elapsed_ms

    def also(self, request: Request) -> Sent:
        """The entry of another request that this one leads to."""
        return Sent(request) if self.journal is None else self.journal.begin(request, self.scan)

    def row(self) -> dict[str, Any]:
        """The entry as a row of `SENT`."""
        return {
            "scan": self.scan,
            "table_name": self.request.table,
            "account_id": self.request.account_id,
            "sent_at": self.sent_at,
            "request": self.request.path_and_query,
            "rate_limit": self.request.limit.value,
            "status": self.status,
            "records": self.records,
            "bytes": self.size,
            "elapsed_ms": self.elapsed_ms,
            "retries": self.retries,
            "waited_s": self.waited_s,
        }


@dataclass(slots=True)
class Journal:
    """The requests of one connection of DuckDB, in the order in which they were meant to go."""

    entries: deque[Sent] = field(default_factory=lambda: deque(maxlen=_KEPT))
    #: What tells how far each scan is that is under way.
    running: dict[int, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    _scans: Iterator[int] = field(default_factory=lambda: count(1))

    def scan(self) -> int:
        """The number of a scan that begins now, counted from 1."""
        return next(self._scans)

    def begin(self, request: Request, scan: int) -> Sent:
        """The entry of a request that is going to be sent."""
        entry = Sent(request, scan, self)
        self.entries.append(entry)
        return entry

    async def progress(self) -> list[dict[str, Any]]:
        """How far each scan is that is under way, as rows of `progressing.PROGRESS`; asked on the event loop."""
        return [tells() for tells in tuple(self.running.values())]

    def table(self) -> pa.Table:
        """The requests that were sent, as `SENT`."""
        return pa.Table.from_pylist([entry.row() for entry in tuple(self.entries) if entry.sent_at], schema=SENT)
