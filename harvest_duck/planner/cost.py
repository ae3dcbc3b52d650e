"""The cost of requests in seconds, and the cheaper of two ways to the same rows.

Harvest allows 100 requests in 15 seconds, so a request costs 0.15 s wherever many are sent, and each record takes some
time to be sent and read besides. The size of a list is known only after a count request, which asks for a page of one
record and costs as much as any other request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.protocol.page import page_count, page_size

if TYPE_CHECKING:
    from harvest_duck.planner.model import Alternative
    from harvest_duck.protocol.request import Request

# https://help.getharvest.com/api-v2/introduction/overview/general/#rate-limiting
_REQUEST_S = 15 / 100
#: 1.2 KB of JSON each, at 50 Mbit/s.
_RECORD_S = 0.0002
#: The probability that a list of unknown size is so short that one request reads it.
_SHORT = 0.5


def pays_to_count(alternative: Alternative) -> bool:
    """Return whether a count request can be expected to save more than it costs.

    It saves where the list is short: then one request replaces all those of the alternative.
    """
    saved = (alternative.sent - 1) * _REQUEST_S
    return _SHORT * saved > _REQUEST_S


def is_cheaper(alternative: Alternative, whole: Request, total: int) -> bool:
    """Return whether `alternative` costs less than the list of `whole`, which has `total` records."""
    whole_s = page_count(total, page_size(whole)) * _REQUEST_S + total * _RECORD_S
    return alternative.sent * _REQUEST_S + alternative.records(total) * _RECORD_S < whole_s
