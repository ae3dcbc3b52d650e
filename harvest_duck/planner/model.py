"""The requests that a scan will send, as values: a plan, and the other way there may be to the same rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.protocol.request import Request, filled
from harvest_duck.pushdown.domain import Domain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.catalog.model import Table


@dataclass(frozen=True, slots=True)
class Target:
    """The hosts, the account and the page size of requests.

    `account` is the name of the account in errors, where there are several.
    """

    base_url: str
    id_url: str
    account_id: int | None
    page_size: int
    account: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Several requests that together have every wanted row of the one list of a plan, and fewer other rows.

    `share` is an estimate of the part of the records of that list that they bring.
    """

    requests: tuple[Request, ...]
    share: float

    @property
    def several_lists(self) -> bool:
        """Whether a record can move from one of them to another meanwhile, so that a catch-up request has to follow."""
        return len(self.requests) > 1 and not all(request.single for request in self.requests)

    @property
    def sent(self) -> int:
        """The number of requests that it takes at least."""
        return len(self.requests) + self.several_lists

    def records(self, total: int) -> float:
        """Return how many records the requests bring, where the whole list has `total`."""
        singles = sum(request.single for request in self.requests)
        return singles or self.share * total


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests that begin the lists of one scan of one account.

    `whole` is the list that several `requests` are parts of; a catch-up request asks what changed in it meanwhile. With
    an `alternative`, `requests` is one list, and a count request decides between the two, see `splits`. With `parents`
    each request is a template whose path has a place for the id of a parent: one request goes out for each row of that
    plan that `chosen` allows, see `for_parent`. Requests with the same `values` make up one report.
    """

    table: Table
    requests: tuple[Request, ...]
    whole: Request | None = None
    alternative: Alternative | None = None
    parents: Plan | None = None
    chosen: Domain = field(default_factory=Domain)

    def for_parent(self, parent_id: int) -> Iterator[Request]:
        """Yield the requests for the children of one parent; none where the predicate excludes it."""
        if self.table.parent is not None and self.chosen.contains(parent_id):
            for request in self.requests:
                yield filled(request, self.table.parent.param, parent_id)
