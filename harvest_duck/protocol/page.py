"""The pages of a list: how many records a request asks for, and what the body of a page says about the pages after it.

Source: https://help.getharvest.com/api-v2/introduction/overview/pagination/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from harvest_duck.catalog.model import BIGINT, VARCHAR, Paging, StructOf
from harvest_duck.protocol.request import with_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.protocol.request import Request

#: The most records that Harvest puts on a page.
LARGEST_PAGE = 2000

#: The members of a list's body that describe its pages.
ENVELOPE = StructOf(
    (
        ("links", StructOf((("next", VARCHAR),))),
        ("next_page", BIGINT),
        ("total_pages", BIGINT),
        ("total_entries", BIGINT),
    )
)


class Envelope(NamedTuple):
    """The members of a list's body that describe its pages, None where they are missing."""

    next_link: str | None = None
    linked: bool = False
    next_page: int | None = None
    total_pages: int | None = None
    total_entries: int | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Envelope:
        """Return the envelope in the members of a body that `ENVELOPE` names."""
        links = body["links"]
        next_link = None if links is None else links["next"]
        return cls(next_link, links is not None, body["next_page"], body["total_pages"], body["total_entries"])


def page_size(request: Request) -> int:
    """Return the most records that one answer to `request` has; 1 where the answer is one record."""
    return 1 if request.paging is Paging.NONE else int(dict(request.params).get("per_page", 1))


def with_page_size(request: Request, size: int) -> Request:
    """Return `request` for pages of `size` records."""
    return with_params(request, {"per_page": str(size)})


def count_request(request: Request) -> Request:
    """Return the request whose answer tells the length of the list of `request`, with one record of it."""
    return with_page_size(request, 1)


def page_count(records: int, size: int) -> int:
    """Return how many pages of `size` a list of so many records has, which is also how many requests it takes."""
    return max(1, -(-records // size))
