"""The errors that injected faults explain; any other error is a defect of the client."""

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
from harvest_duck.sandbox.faults.schedule import HARMLESS, RECORD_CHANGES, TRANSIENT, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faults.scenarios import Scenario

    from harvest_duck.sandbox.faults.injector import InjectedFault


#: With so many transient faults in a row a request may fail.
TRIES = 5

_MISSING = (ProtocolError, DecodeError)
_SOCKET = (TransportError,)

#: The errors that each kind of fault can explain; a transient fault only if it lasts, see `expected`.
EXPECTED_ERRORS: dict[Kind, tuple[type[HarvestDuckError], ...]] = {
    **dict.fromkeys(HARMLESS, ()),
    # With a wrong Date the client cannot order two lists in time.
    **dict.fromkeys((Kind.DATE_AHEAD, Kind.DATE_BEHIND), (ProtocolError,)),
    **dict.fromkeys(TRANSIENT, _SOCKET),
    **dict.fromkeys((kind for kind in Kind if kind.startswith("429")), (RateLimited,)),
    **dict.fromkeys((Kind.FAILED, Kind.FAILED_HTML, Kind.FAILED_SECONDS), (ServerError,)),
    **dict.fromkeys((Kind.HTML, Kind.NOT_JSON, Kind.CUT_JSON), (ProtocolError,)),
    Kind.EMPTY: _SOCKET,
    **dict.fromkeys((Kind.TOTAL_HIGHER, Kind.TOTAL_LOWER, Kind.TOTAL_MISSING, Kind.TOTAL_NULL), (ProtocolError,)),
    **dict.fromkeys((Kind.NEXT_SAME, Kind.NEXT_FIRST, Kind.NEXT_PREVIOUS, Kind.NEXT_AWAY), (ProtocolError,)),
    **dict.fromkeys((Kind.NEXT_GARBAGE, Kind.NEXT_NULL, Kind.LINKS_MISSING), (ProtocolError,)),
    **dict.fromkeys((Kind.TOTAL_TEXT, Kind.LIST_NULL, Kind.LIST_MISSING, Kind.RECORD_NULL), _MISSING),
    **dict.fromkeys((Kind.ID_NULL, Kind.ID_MISSING, Kind.ILL_TYPED), _MISSING),
    # A record without its updated_at may be a new one.
    **dict.fromkeys((Kind.KEY_NULL, Kind.KEY_MISSING), (ProtocolError,)),
    **dict.fromkeys((Kind.TWICE_ON_PAGE, Kind.TWICE_IN_PLACE, Kind.TWICE_ON_PAGES), (ProtocolError,)),
    **dict.fromkeys(RECORD_CHANGES, (ProtocolError,)),
    # A list of children may be gone with its parent.
    Kind.DELETED: (ProtocolError, NotFound),
    Kind.EXPIRED: (),
    Kind.REVOKED: (CredentialsError, Unauthorized),
}

#: Faults after which a request is tried again.
_TRIED_AGAIN = TRANSIENT | {Kind.EMPTY}

#: Faults that end the request without a further try: a wait of an hour, a wrong certificate, a stalled response.
_AT_ONCE = frozenset({Kind.THROTTLED_LONG, Kind.IMPOSTOR, Kind.STALLED_HEADERS, Kind.STALLED_BODY, Kind.ENDLESS_BODY})


def expected(error: HarvestDuckError, injected: Sequence[InjectedFault], scenario: Scenario) -> bool:
    """Return whether one of the `injected` faults explains the error."""
    transient = Counter(each.target for each in injected if each.fault.kind in _TRIED_AGAIN)
    # A closed port resets one connection and refuses the next, of any request.
    closed_ports = sum(each.fault.kind is Kind.REFUSED for each in injected)
    # All requests of a client share a budget of retries, which grows with its connections.
    spent = transient.total() + closed_ports > 20 + 4 * scenario.connections
    expired = sum(each.fault.kind is Kind.EXPIRED for each in injected)
    for each in injected:
        kind = each.fault.kind
        lasts = kind not in _TRIED_AGAIN or kind in _AT_ONCE or transient[each.target] + closed_ports >= TRIES or spent
        known = scenario.table.body_key is not None and "id" in scenario.table
        if kind is Kind.EXPIRED and expired > 1 and isinstance(error, Unauthorized):
            # A request refreshes its token once, but the token may expire twice during it.
            return True
        harmless = known and kind in (Kind.TWICE_ON_PAGE, Kind.TWICE_ON_PAGES)
        if lasts and not harmless and isinstance(error, EXPECTED_ERRORS[kind]):
            return True
    return False
