"""What goes wrong and when: the kinds of faults, and schedules that say which request meets which of them.

A schedule is pure: the same seed and the same request give the same fault, whatever else is under way. `hostility`
commits what it says.
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
    """A way in which an answer goes wrong."""

    # Refusals
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
    # Bodies that are no page
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
    # Oddities that change nothing
    CONTENT_TYPE = "another Content-Type"
    GZIP_UNASKED = "gzip that was not asked for"
    UNKNOWN_KEY = "an unknown key"
    UNKNOWN_NEST = "an unknown key with a deep nest"
    DATE_AHEAD = "a Date that is ahead"
    DATE_BEHIND = "a Date that is behind"
    # Changes between two answers
    INSERTED = "a record added"
    CHANGED = "a record changed"
    DELETED = "a record removed"
    EXPIRED = "access tokens expired"
    REVOKED = "tokens revoked"


def _between(first: Kind, last: Kind) -> frozenset[Kind]:
    ordered = list(Kind)
    return frozenset(ordered[ordered.index(first) : ordered.index(last) + 1])


#: Faults after which the same request may be answered truly.
PASSING = _between(Kind.THROTTLED, Kind.ENDLESS_BODY)
#: Answers of status 200 that are wrong.
LIES = _between(Kind.EMPTY, Kind.TWICE_ON_PAGES)
#: Answers that are right, in an unusual way.
HARMLESS = _between(Kind.CONTENT_TYPE, Kind.DATE_BEHIND)
#: What befalls the records of an account, each once.
CHANGES = _between(Kind.INSERTED, Kind.DELETED)
#: What befalls the tokens of the ID host, each once.
TOKENS = _between(Kind.EXPIRED, Kind.REVOKED)

#: How often in a row a fault befalls one request: mostly once, and now and then for ever.
_OFTEN = 1 << 30
_PASSING_TIMES = (1, 1, 1, 1, 1, 1, 1, 2, 3, _OFTEN)
_OTHER_TIMES = (1, 1, _OFTEN)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a schedule sees it: its path, its `target` with the query, and how often each came, this time too.

    `counts` has the number of requests so far under "" as well.
    """

    path: str
    target: str
    counts: Mapping[str, int]

    @property
    def time(self) -> int:
        """The how manieth request for the very same target it is, from 1."""
        return self.counts[self.target]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one answer; `dice` decides which record, status or value it is."""

    kind: Kind
    dice: int = 0

    def thrown(self) -> Random:
        """The dice of this fault, the same each time."""
        return Random(self.dice)  # noqa: S311 - no secret


@dataclass(frozen=True, slots=True)
class Touched:
    """A record that was added, changed, removed or misquoted: what it was and became, None where it was not there."""

    table: str
    identity: int
    before: dict[str, object] | None
    after: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which fault befalls which request: `choose` says it for each, None where it is answered truly."""

    choose: Callable[[Asked], Fault | None] = field(repr=False)
    #: The kinds that it may choose.
    kinds: frozenset[Kind]

    @classmethod
    def seeded(
        cls, seed: int, *, rate: float = 0.1, kinds: Collection[Kind] = PASSING | HARMLESS, lasting: bool = True
    ) -> Self:
        """Faults of `kinds` for a share of the requests, `rate`; the seed and a request's target decide, not its place.

        Most pass after one answer, some after a few, and where they may be `lasting`, some never.
        """
        ordered = sorted(kinds)

        def choose(asked: Asked) -> Fault | None:
            dice = Random(f"{seed} {asked.target}")  # noqa: S311 - no secret
            if not ordered or dice.random() >= rate:
                return None
            fault = Fault(dice.choice(ordered), dice.randrange(1 << 16))
            return fault if asked.time <= _times(fault.kind, dice, lasting=lasting) else None

        return cls(choose, frozenset(kinds))

    @classmethod
    def planned(cls, faults: Mapping[tuple[str, int], Fault | Kind]) -> Self:
        """Exactly these `faults`: `("/v2/clients", 2)` is the second request for a path, with its query for a target.

        `("", 3)` is the third of all requests.
        """

        def choose(asked: Asked) -> Fault | None:
            for text in (asked.target, asked.path, ""):
                fault = faults.get((text, asked.counts[text]))
                if fault is not None:
                    return Fault(fault) if isinstance(fault, Kind) else fault
            return None

        return cls(choose, frozenset(each if isinstance(each, Kind) else each.kind for each in faults.values()))


def _times(kind: Kind, dice: Random, *, lasting: bool) -> int:
    if kind in CHANGES | TOKENS:
        return 1
    times = dice.choice(_PASSING_TIMES if kind in PASSING else _OTHER_TIMES)
    return times if lasting or times < _OFTEN else 1


class Counting:
    """Counts the requests that a schedule is asked about."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def asked(self, path: str, target: str) -> Asked:
        """The next request, counted."""
        self._counts.update({"", path, target})
        return Asked(path, target, Counter(self._counts))
