"""The context that all requests of one scan share: client, bound user, request log, progress and concurrency."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from harvest_duck.auth import BoundUser
from harvest_duck.http.request_log import RequestLog
from harvest_duck.scanner.progress import Progress

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Table
    from harvest_duck.scanner.client import Client


@dataclass(slots=True)
class ScanContext:
    """One scan of `table`, with at most `max_in_flight` requests under way at a time.

    `cautious` says that the consumer may ask for a second batch without wanting it.
    """

    client: Client
    table: Table
    max_in_flight: int
    request_log: RequestLog = field(default_factory=RequestLog)
    cautious: bool = False
    user: BoundUser = field(default_factory=BoundUser)
    progress: Progress = field(init=False)
    #: The number of the scan in its request log.
    number: int = field(init=False)
    in_flight: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Number the scan."""
        self.progress = Progress(self.table.name)
        self.number = self.request_log.next_scan()
        self.in_flight = asyncio.Semaphore(self.max_in_flight)

    def progress_row(self) -> dict[str, Any]:
        """Return the row of `PROGRESS` for this moment."""
        earliest_s = partial(self.client.earliest_s, self.table.limit)
        return self.progress.row(self.number, self.client.now(), earliest_s, max_in_flight=self.max_in_flight)
