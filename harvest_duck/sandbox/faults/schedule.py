"""The kinds of faults, and schedules that choose the fault of each request.

A schedule is a pure function: the same seed and the same request give the same fault, in whatever order the requests
come. `injector` injects what a schedule chooses.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


class Kind(StrEnum):
    """A kind of fault.

    A schedule chooses from the kinds in the order of their texts: another text would change the faults of every seed.
    """

    # Error responses
    THROTTLED = "429 without advice"
    THROTTLED_SECONDS = "429, Retry-After in seconds"
    THROTTLED_DATE = "429, Retry-After as a date"
    THROTTLED_AHEAD = "429, Retry-After as a date by a clock that is ahead"
    THROTTLED_BEHIND = "429, Retry-After as a date by a clock that is behind"
    THROTTLED_GARBAGE = "429, Retry-After that is neither"
    THROTTLED_LONG = "429, Retry-After of an hour"
    FAILED = "5xx with JSON"
    FAILED_HTML = "5xx with HTML"
    FAILED_SECONDS = "5xx, Retry-After in seconds"
    # Connections
    REFUSED = "the port is closed"
    IMPOSTOR = "the port shows another certificate"
    RESET = "reset before the answer"
    RESET_IN_BODY = "reset within the body"
    CLOSED = "closed before the answer"
    CLOSED_IN_HEADERS = "closed within the headers"
    HALF_CLOSED = "closed on one side within the body"
    CUT_BODY = "a body shorter than its Content-Length"
    CUT_CHUNKS = "chunks without an end"
    GZIP_CUT = "a gzip stream without an end, its Content-Length right"
    GZIP_DAMAGED = "a gzip stream with a wrong checksum"
    # Slowness
    LATE_HEADERS = "headers that come late"
    LATE_BODY = "a body that drips and ends"
    STALLED_HEADERS = "headers that do not come"
    STALLED_BODY = "a body that stops half-way"
    ENDLESS_BODY = "a body that drips without an end"
    # Bodies that are not a page
    EMPTY = "an empty body"
    HTML = "an HTML page"
    NOT_JSON = "a body that is no JSON"
    CUT_JSON = "JSON that stops half-way, its Content-Length right"
    # Pages with a wrong envelope
    TOTAL_HIGHER = "total_entries too high"
    TOTAL_LOWER = "total_entries too low"
    TOTAL_MISSING = "total_entries missing"
    TOTAL_NULL = "total_entries null"
    TOTAL_TEXT = "total_entries a text"
    NEXT_SAME = "links.next to the page itself"
    NEXT_FIRST = "links.next to the first page"
    NEXT_PREVIOUS = "links.next to the page before"
    NEXT_AWAY = "links.next to another host"
    NEXT_GARBAGE = "links.next no address"
    NEXT_NULL = "links.next null too early"
    LINKS_MISSING = "links missing"
    LIST_NULL = "the list null"
    LIST_MISSING = "the list missing"
    # Pages with wrong records
    RECORD_NULL = "a record null"
    ID_NULL = "an id null"
    ID_MISSING = "an id missing"
    KEY_NULL = "a value null"
    KEY_MISSING = "a key missing"
    ILL_TYPED = "a value of another type"
    TWICE_ON_PAGE = "a record twice on a page"
    TWICE_IN_PLACE = "a record twice, in the place of another"
    TWICE_ON_PAGES = "a record on two pages"
    # Unusual but correct responses
    CONTENT_TYPE = "another Content-Type"
    GZIP_UNASKED = "gzip that was not asked for"
    UNKNOWN_KEY = "an unknown key"
    UNKNOWN_NEST = "an unknown key with a deep nest"
    DATE_AHEAD = "a Date that is ahead"
    DATE_BEHIND = "a Date that is behind"
    # Changes between two responses
    INSERTED = "a record added"
    CHANGED = "a record changed"
    DELETED = "a record removed"
    EXPIRED = "access tokens expired"
    REVOKED = "tokens revoked"


def _between(first: Kind, last: Kind) -> frozenset[Kind]:
    ordered = list(Kind)
    return frozenset(ordered[ordered.index(first) : ordered.index(last) + 1])


#: Faults after which a further try of the same request may succeed.
TRANSIENT = _between(Kind.THROTTLED, Kind.ENDLESS_BODY)
#: Responses of status 200 with a wrong body.
BODY_FAULTS = _between(Kind.EMPTY, Kind.TWICE_ON_PAGES)
#: Correct responses in an unusual form.
HARMLESS = _between(Kind.CONTENT_TYPE, Kind.DATE_BEHIND)
#: Changes of the records of an account; each happens once.
RECORD_CHANGES = _between(Kind.INSERTED, Kind.DELETED)
#: Ends of the tokens of the ID host; each happens once.
TOKEN_FAULTS = _between(Kind.EXPIRED, Kind.REVOKED)

#: How many tries of one request in a row get its fault: mostly one, sometimes all.
_ALWAYS = 1 << 30
_TRANSIENT_TRIES = (1, 1, 1, 1, 1, 1, 1, 2, 3, _ALWAYS)
_OTHER_TRIES = (1, 1, _ALWAYS)


@dataclass(frozen=True, slots=True)
class CountedRequest:
    """A request with its path, its `target` (the path with the query), and the number of requests so far.

    `counts` has that number by path and by target, and for all requests under "". It includes this request.
    """

    path: str
    target: str
    counts: Mapping[str, int]

    @property
    def attempt(self) -> int:
        """The number of this request among those for the same target, from 1."""
        return self.counts[self.target]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one response; `seed` decides which record, status or value it affects."""

    kind: Kind
    seed: int = 0

    def random(self) -> Random:
        """Return a random source that gives the same numbers for each call."""
        return Random(self.seed)  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record that was inserted, updated, deleted or served wrong, before and after; None where it did not exist."""

    table: str
    record_id: int
    before: dict[str, object] | None
    after: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Chooses the fault of each request: `choose` returns it, or None for a correct response."""

    choose: Callable[[CountedRequest], Fault | None] = field(repr=False)
    #: The kinds that `choose` may return.
    kinds: frozenset[Kind]

    @classmethod
    def seeded(
        cls, seed: int, *, rate: float = 0.1, kinds: Collection[Kind] = TRANSIENT | HARMLESS, lasting: bool = True
    ) -> Self:
        """Return a schedule that chooses faults of `kinds` for a share of the requests, `rate`.

        The seed and the request's target decide, not the order of the requests. Most faults end after one try of the
        request, some after a few; if `lasting`, some never end.
        """
        ordered = sorted(kinds)

        def choose(request: CountedRequest) -> Fault | None:
            rng = Random(f"{seed} {request.target}")  # noqa: S311 - no secret
            if not ordered or rng.random() >= rate:
                return None
            fault = Fault(rng.choice(ordered), rng.randrange(1 << 16))
            return fault if request.attempt <= _tries(fault.kind, rng, lasting=lasting) else None

        return cls(choose, frozenset(kinds))

    @classmethod
    def planned(cls, faults: Mapping[tuple[str, int], Fault | Kind]) -> Self:
        """Return a schedule of exactly these `faults`, by the number of the request.

        `("/v2/clients", 2)` is the second request for a path, or for a target where it has a query; `("", 3)` is the
        third of all requests.
        """

        def choose(request: CountedRequest) -> Fault | None:
            for text in (request.target, request.path, ""):
                fault = faults.get((text, request.counts[text]))
                if fault is not None:
                    return Fault(fault) if isinstance(fault, Kind) else fault
            return None

        return cls(choose, frozenset(each if isinstance(each, Kind) else each.kind for each in faults.values()))


def _tries(kind: Kind, rng: Random, *, lasting: bool) -> int:
    if kind in RECORD_CHANGES | TOKEN_FAULTS:
        return 1
    tries = rng.choice(_TRANSIENT_TRIES if kind in TRANSIENT else _OTHER_TRIES)
    return tries if lasting or tries < _ALWAYS else 1


class RequestCounter:
    """Counts requests for a schedule."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def count(self, path: str, target: str) -> CountedRequest:
        """Count the next request and return it."""
        self._counts.update({"", path, target})
        return CountedRequest(path, target, Counter(self._counts))
