"""What requests cost, in seconds, and which of two ways to the same rows is the cheaper one.

Harvest allows 100 requests in 15 seconds, so a request costs 0.15 s wherever many are sent, and each record takes some
time to be sent and read besides. The size of a list is not known before it is asked for: a look at it, with one record
to the page, costs a request as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Paging
from harvest_duck.protocol.request import with_params

if TYPE_CHECKING:
    from harvest_duck.planner.model import Alternative, Plan
    from harvest_duck.protocol.request import Request

# https://help.getharvest.com/api-v2/introduction/overview/general/#rate-limiting
_REQUEST_S = 15 / 100
#: 1.2 KB of JSON each, at 50 Mbit/s.
_RECORD_S = 0.0002
#: That a list of unknown size is so short that one request has it.
_SHORT = 0.5


def pays_to_look(alternative: Alternative) -> bool:
    """Whether a look at the size of a list can be expected to save more than it costs.

    Where the list is short, one request replaces all those of the alternative; otherwise the look was for nothing.
    """
    saved = (alternative.sent - 1) * _REQUEST_S
    return _SHORT * saved > _REQUEST_S


def probe(request: Request) -> Request:
    """The request that tells how many records a list has, with as few of them as can be."""
    return with_params(request, {"per_page": "1"})


def pages(total: int, page_size: int) -> int:
    """How many requests a list of so many records takes."""
    return max(1, -(-total // page_size))


def chosen(plan: Plan, total: int | None) -> tuple[Request, ...]:
    """The requests of the cheaper way, where the list of `plan` has `total` records; the list where that is unknown."""
    if plan.alternative is None or total is None:
        return plan.requests
    if total == 0:
        return ()
    whole = pages(total, page_size(plan.requests[0])) * _REQUEST_S + total * _RECORD_S
    other = plan.alternative
    several = other.sent * _REQUEST_S + other.records(total) * _RECORD_S
    return other.requests if several < whole else plan.requests


def swept(plan: Plan, requests: tuple[Request, ...]) -> Request | None:
    """The list to ask for what changed while several parts of it, `requests`, were read; None where there is none."""
    if plan.alternative is None or requests != plan.alternative.requests:
        return plan.whole
    return plan.requests[0] if plan.alternative.several_lists else None


def page_size(request: Request) -> int:
    """The most records that one answer has; 1 where the answer is one record."""
    sizes = [int(value) for name, value in request.params if name == "per_page"]
    return sizes[0] if sizes and request.paging is not Paging.NONE else 1
