"""A page of a list with the request that it answers, and generators of such pages."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from harvest_duck.catalog.model import Paging
from harvest_duck.scanner.completeness import horizon

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime
    from typing import TypeAlias

    from harvest_duck.decoder.decoder import Page
    from harvest_duck.http.request_log import LoggedRequest
    from harvest_duck.protocol.request import Request

    #: Pages, and generators of further pages that `flattened` reads in their place.
    FetchedPages: TypeAlias = AsyncGenerator["FetchedPage | FetchedPages"]


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page, the request that it answers and the log entry of that request.

    `served_at` is the server's time, None where the answer does not say it. `received_at` is when the answer came, and
    `received_s` the same in seconds by a clock of this machine that never jumps. The rows of a `counted` one stand for
    a list that is not read: they have no columns, and nothing is left to filter.
    """

    request: Request
    page: Page
    entry: LoggedRequest
    served_at: datetime | None
    received_at: datetime
    received_s: float
    counted: bool = False

    @property
    def total(self) -> int | None:
        """The length of the list that the page begins, 0 for one that is not there.

        None where Harvest does not say it, or says what the page itself refutes.
        """
        if self.entry.status in self.request.absent_on:
            return 0
        page = self.page
        total, here = page.total_entries, page.records
        if total is None or total < here or total > here == 0:
            return None
        follows = page.next_link is not None or page.next_page is not None
        # A page without links may be one that says nothing of those after it.
        refuted = follows if total == here else page.linked and not follows
        return None if refuted else total

    @property
    def took_s(self) -> float:
        """The seconds that the answer took, 0 where there was none."""
        return (self.entry.elapsed_ms or 0) / 1000

    @property
    def horizon(self) -> datetime:
        """The moment before which a record must be updated to have been in the list that the page begins."""
        return horizon(self.served_at, took_s=self.took_s, received=self.received_at)


def discovered(first: FetchedPage) -> FetchedPage:
    """Return the first page of a list with the paging that it shows, where the request for it may not know.

    A server may number the pages of a list that Harvest documents with cursors, and they shift as others do.
    """
    if first.request.paging in {Paging.NONE, Paging.PAGE}:
        return first
    page, link = first.page, first.page.next_link
    # A list of cursors numbers its first page too: https://help.getharvest.com/api-v2/introduction/overview/pagination/
    named = {name for name, _ in parse_qsl(urlsplit(link or "").query)}
    by_number = page.next_page is not None if link is None else "page" in named and "cursor" not in named
    return replace(first, request=replace(first.request, paging=Paging.PAGE if by_number else Paging.CURSOR))


async def flattened(pages: FetchedPages) -> AsyncGenerator[FetchedPage]:
    """Yield the pages of a generator, and of each generator that it yields, in their order.

    Closing it closes them all, the innermost first. Async generators have no `yield from` (PEP 525).
    """
    reading = [pages]
    try:
        while reading:
            item = await anext(reading[-1], None)
            if item is None:
                reading.pop()
            elif isinstance(item, FetchedPage):
                yield item
            else:
                reading.append(item)
    finally:
        async with AsyncExitStack() as stack:
            for each in reading:
                stack.push_async_callback(each.aclose)
