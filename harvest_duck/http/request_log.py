"""The log of the requests that were sent, and of the answers that needed none, by the scans of a connection of DuckDB.

`harvest_requests()` shows it. An entry holds the path and the parameters, never a header, a token or a body.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.protocol.request import Request

#: The entries that a log keeps: the latest ones.
_CAPACITY = 10_000

#: What an answer came from.
HARVEST, MEMORY, FILE = "harvest", "memory", "file"
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
        ("source", pa.string()),
        ("age_s", pa.float64()),
    ]
)


@dataclass(slots=True)
class LoggedRequest:
    """A request and its outcome; None stands for what is not known yet, or never will be.

    `sent_at`, `status`, `size` in bytes and `elapsed_ms` are those of the last try. `waited_s` is the time that all
    tries together waited for the rate limit. What was saved at Harvest before the `horizon` is in the answer.
    """

    request: Request
    scan: int = 0
    log: RequestLog | None = field(default=None, repr=False)
    sent_at: datetime | None = None
    status: int | None = None
    records: int | None = None
    size: int | None = None
    elapsed_ms: float | None = None
    retries: int = 0
    waited_s: float = 0.0
    horizon: datetime | None = None

    def mark_sent(self, waited_s: float) -> None:
        """Note that the request is sent now, after `waited_s` seconds of waiting for the rate limit.

        Raises what a log raises that lets no more go out.
        """
        if self.log is not None:
            self.log.count(self.request.table)
        self.sent_at = datetime.now(UTC)
        self.waited_s += waited_s
        self.status = self.size = self.elapsed_ms = None

    def mark_answered(self, status: int, size: int, elapsed_ms: float) -> None:
        """Note the status of the answer, the bytes of its body and the milliseconds that it took."""
        self.status, self.size, self.elapsed_ms = status, size, elapsed_ms

    def follow_up(self, request: Request) -> LoggedRequest:
        """Return an entry for another request that this one makes necessary, in the same log and scan."""
        return LoggedRequest(request) if self.log is None else self.log.add(request, self.scan)

    def row(self) -> dict[str, Any]:
        """Return the entry as a row of `SENT`."""
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
            "source": HARVEST,
            "age_s": 0.0,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a scan that sent no request for it: `rows` of a table, None where they are not counted.

    `source` is `MEMORY` or `FILE`, and `place` the name of the file. It was given `at` a moment, and is what Harvest
    had `as_of` another, None where nobody knows it.
    """

    scan: int
    table: str
    account_id: int | None
    at: datetime
    source: str
    place: str
    as_of: datetime | None
    rows: int | None

    def row(self) -> dict[str, Any]:
        """Return the answer as a row of `SENT`."""
        return {
            "scan": self.scan,
            "table_name": self.table,
            "account_id": self.account_id,
            "sent_at": self.at,
            "request": self.place or None,
            "records": self.rows,
            "source": self.source,
            "age_s": None if self.as_of is None else max(0.0, (self.at - self.as_of).total_seconds()),
        }


@dataclass(slots=True)
class RequestLog:
    """The requests of one connection of DuckDB, in the order in which they were asked for, and answers between them.

    `counts` are the requests that were ever sent, by table; a request that is sent again counts again.
    """

    counts: Counter[str] = field(default_factory=Counter)
    _kept: deque[LoggedRequest | Answer] = field(default_factory=lambda: deque(maxlen=_CAPACITY))
    _scans: Iterator[int] = field(default_factory=lambda: count(1))
    _whole: RequestLog | None = None

    def part(self) -> RequestLog:
        """Return a log for some of the scans, whose requests this one has as well."""
        return RequestLog(_scans=self._scans, _whole=self)

    @property
    def entries(self) -> tuple[LoggedRequest, ...]:
        """The requests, those that are not sent yet included."""
        return tuple(entry for entry in tuple(self._kept) if isinstance(entry, LoggedRequest))

    def next_scan(self) -> int:
        """Return the number of a scan that begins now, counted from 1."""
        return next(self._scans)

    def add(self, request: Request, scan: int) -> LoggedRequest:
        """Add an entry for a request that will be sent, and return it."""
        entry = LoggedRequest(request, scan, self)
        for log in self._logs():
            log._kept.append(entry)  # noqa: SLF001 - it is of this class
        return entry

    def count(self, table: str) -> None:
        """Count a request for a table, which is sent now."""
        for log in self._logs():
            log.counts[table] += 1

    def add_answer(self, answer: Answer) -> None:
        """Add an answer for which no request is sent."""
        self._kept.append(answer)

    def _logs(self) -> Iterator[RequestLog]:
        """Yield this log, and those of which it is a part."""
        log: RequestLog | None = self
        while log is not None:
            yield log
            log = log._whole  # noqa: SLF001 - it is of this class

    def table(self) -> pa.Table:
        """Return the requests that were sent, and the answers that needed none, as `SENT`."""
        shown = [entry.row() for entry in tuple(self._kept) if isinstance(entry, Answer) or entry.sent_at]
        return pa.Table.from_pylist(shown, schema=SENT)
