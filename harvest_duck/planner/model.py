"""What a scan is going to ask, as values: a plan, and the other way there may be to the same rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.protocol.request import Request, filled
from harvest_duck.pushdown.domain import Domain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.catalog.model import Table

# https://help.getharvest.com/api-v2/introduction/overview/pagination/
LARGEST_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, for which account, and how large a page they ask for.

    `account` is how an error calls the account, where there are several.
    """

    base_url: str
    id_url: str
    account_id: int | None
    page_size: int
    account: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Several requests that together have every row that the one list of a plan has, and less besides.

    `share` is what part of the records of that list they hold, as far as can be guessed beforehand.
    """

    requests: tuple[Request, ...]
    share: float

    @property
    def several_lists(self) -> bool:
        """Whether a record can move from one of them to another while they are read, so that a sweep has to follow."""
        return len(self.requests) > 1 and not all(request.single for request in self.requests)

    @property
    def sent(self) -> int:
        """How many requests it takes at least."""
        return len(self.requests) + self.several_lists

    def records(self, total: int) -> float:
        """How many records they bring, where the whole list has `total`."""
        singles = sum(request.single for request in self.requests)
        return singles or self.share * total


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests that begin the lists of one scan of one account.

    `whole` is the list that several `requests` are parts of; what changed in it meanwhile is asked for in the end. With
    an `alternative`, `requests` is one list, and a look at its size decides between the two, see `cost`. With
    `parents` each request is a template, whose path waits for the id of a parent: it is asked for every row of that
    plan that `chosen` holds of, see `for_parent`. Requests with the same `values` make up one report.
    """

    table: Table
    requests: tuple[Request, ...]
    whole: Request | None = None
    alternative: Alternative | None = None
    parents: Plan | None = None
    chosen: Domain = field(default_factory=Domain)

    def for_parent(self, parent_id: int) -> Iterator[Request]:
        """The requests for the children of one parent; none where the predicate rules it out."""
        if self.table.parent is not None and self.chosen.contains(parent_id):
            for request in self.requests:
                yield filled(request, self.table.parent.param, parent_id)
