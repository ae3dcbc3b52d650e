"""Which errors the faults that were committed can excuse; where none does, an error is a fault of the client."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harvest_duck.errors import (
    CredentialsError,
    DecodeError,
    HarvestDuckError,
    NotFound,
    ProtocolError,
    RateLimited,
    ServerError,
    TransportError,
    Unauthorized,
)
from harvest_duck.sandbox.faults.schedule import CHANGES, HARMLESS, PASSING, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faults.scenarios import Scenario

    from harvest_duck.sandbox.faults.injector import Committed

__all__ = ["EXCUSES", "excused"]

#: So many faults that pass, one after the other, may be one too many for a request.
TRIES = 5

_MISSING = (ProtocolError, DecodeError)
_SOCKET = (TransportError,)

#: What each kind of fault can excuse. Those that pass excuse nothing unless they stay, see `excused`.
EXCUSES: dict[Kind, tuple[type[HarvestDuckError], ...]] = {
    **dict.fromkeys(HARMLESS, ()),
    # Which of two lists was read first cannot be told by a clock that jumps.
    **dict.fromkeys((Kind.DATE_AHEAD, Kind.DATE_BEHIND), (ProtocolError,)),
    **dict.fromkeys(PASSING, _SOCKET),
    **dict.fromkeys((kind for kind in Kind if kind.startswith("429")), (RateLimited,)),
    **dict.fromkeys((Kind.FAILED, Kind.FAILED_HTML, Kind.FAILED_SECONDS), (ServerError,)),
    **dict.fromkeys((Kind.EMPTY, Kind.HTML, Kind.NOT_JSON, Kind.CUT_JSON), (ProtocolError,)),
    **dict.fromkeys((Kind.TOTAL_HIGHER, Kind.TOTAL_LOWER, Kind.TOTAL_MISSING, Kind.TOTAL_NULL), (ProtocolError,)),
    **dict.fromkeys((Kind.NEXT_SAME, Kind.NEXT_FIRST, Kind.NEXT_PREVIOUS, Kind.NEXT_AWAY), (ProtocolError,)),
    **dict.fromkeys((Kind.NEXT_GARBAGE, Kind.NEXT_NULL, Kind.LINKS_MISSING), (ProtocolError,)),
    **dict.fromkeys((Kind.TOTAL_TEXT, Kind.LIST_NULL, Kind.LIST_MISSING, Kind.RECORD_NULL), _MISSING),
    **dict.fromkeys((Kind.ID_NULL, Kind.ID_MISSING, Kind.ILL_TYPED), _MISSING),
    # A record without its updated_at may be a new one.
    **dict.fromkeys((Kind.KEY_NULL, Kind.KEY_MISSING), (ProtocolError,)),
    **dict.fromkeys((Kind.TWICE_ON_PAGE, Kind.TWICE_IN_PLACE, Kind.TWICE_ON_PAGES), (ProtocolError,)),
    **dict.fromkeys(CHANGES, (ProtocolError,)),
    # A list of children may end with its parent.
    Kind.DELETED: (ProtocolError, NotFound),
    Kind.EXPIRED: (),
    Kind.REVOKED: (CredentialsError, Unauthorized),
}

#: What cannot be helped by trying again, or is not waited for: an hour, another's certificate, an answer that stalls.
_AT_ONCE = frozenset({Kind.THROTTLED_LONG, Kind.IMPOSTOR, Kind.STALLED_HEADERS, Kind.STALLED_BODY, Kind.ENDLESS_BODY})


def excused(error: HarvestDuckError, committed: Sequence[Committed], scenario: Scenario) -> bool:
    """Whether one of the faults that were `committed` explains the error."""
    passing = Counter(each.target for each in committed if each.fault.kind in PASSING)
    # A shut port resets one connection, and refuses the next, whoever asks.
    shut = sum(each.fault.kind is Kind.REFUSED for each in committed)
    # All requests of a client share a budget of further tries, which grows with its connections.
    spent = passing.total() + shut > 20 + 4 * scenario.connections
    expired = sum(each.fault.kind is Kind.EXPIRED for each in committed)
    for each in committed:
        kind = each.fault.kind
        stays = kind not in PASSING or kind in _AT_ONCE or passing[each.target] + shut >= TRIES or spent
        known = scenario.table.body_key is not None and "id" in scenario.table
        if kind is Kind.EXPIRED and expired > 1 and isinstance(error, Unauthorized):
            # A token may have expired twice while one request was under way, and is refreshed once.
            return True
        harmless = known and kind in (Kind.TWICE_ON_PAGE, Kind.TWICE_ON_PAGES)
        if stays and not harmless and isinstance(error, EXCUSES[kind]):
            return True
    return False
