"""What answers a scan: pieces that are held, each at its places, and what is still asked of Harvest.

Nothing here changes what is held, so that any thread may look ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.cache.coverage import ANYWHERE, Region, Split, place_of, split
from harvest_duck.cache.piece_rows import count_within
from harvest_duck.cache.region_scan import fetched, is_count, least_requests, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from harvest_duck.cache.memory import Counted, HeldTable, Piece
    from harvest_duck.cache.moment import Moment
    from harvest_duck.pushdown.domain import Domain
    from harvest_duck.scanner.scan_request import ScanRequest

#: A change may be saved a little after its `updated_at`; as much as a sync allows for.
_OVERLAP = timedelta(minutes=15)
#: So much later may a horizon be than that of a later answer, which may have taken longer.
_SLACK = timedelta(minutes=1)


class Part(NamedTuple):
    """A piece, and the places at which it answers."""

    piece: Piece
    along: Domain


@dataclass(frozen=True, slots=True)
class Course:
    """The parts that answer, and the region to fetch besides; or the count that answers.

    With `counts` Harvest is asked for the number of rows alone, where `counted` does not have it.
    """

    parts: tuple[Part, ...] = ()
    fetch: Region | None = None
    counts: bool = False
    counted: Counted | None = None


def course_of(request: ScanRequest, table: HeldTable, tolerance_s: float, at: Moment) -> Course:
    """Return what answers a scan at a moment, of what is held of its table."""
    region, fresh = wanted(request), table.fresh(tolerance_s, at)
    found = split(region, [piece.region for piece in fresh])
    parts = tuple(Part(fresh[share.number], share.along) for share in found.shares)
    whole = found.missing is None
    if whole and not apart(request, parts):
        return Course(tuple(Part(piece, ANYWHERE) for piece, _ in parts) if len(parts) == 1 else parts)
    if is_count(request):
        counted = table.counted.get(request.filter.predicate)
        fresh_count = counted is not None and counted.began.age_s(at) < tolerance_s
        return Course(counts=True, counted=counted if fresh_count else None)
    if found.missing is None:
        return Course(parts)
    return _fetching(request, region, found, parts)


def _fetching(request: ScanRequest, region: Region, found: Split, parts: tuple[Part, ...]) -> Course:
    whole = fetched(request, region)
    if found.missing is not None and parts:
        rest = fetched(request, Region(region.restriction, found.missing, region.inputs))
        if not region.within(rest) and _saves(request, region, parts, (rest, whole)):
            return Course(parts, rest)
    return Course(fetch=whole)


def apart(request: ScanRequest, parts: Sequence[Part]) -> bool:
    """Whether parts are of several moments between which a record may have moved."""
    return request.table.day is not None and len({part.piece.state for part in parts}) > 1


def since(pieces: Sequence[Piece]) -> datetime:
    """Return since when all that changed has to be asked for, so that pieces become one state."""
    return min(piece.horizon for piece in pieces) - _OVERLAP


def steady(horizon: datetime, pieces: Sequence[Piece]) -> bool:
    """Whether what was asked after pieces were read is as of a later moment by Harvest's clock, or nearly so."""
    return horizon >= max(piece.horizon for piece in pieces) - _SLACK


def _saves(request: ScanRequest, region: Region, parts: Sequence[Part], ways: Sequence[Region]) -> bool:
    """Whether held parts save a page or more, of as many lists as one of the `ways` reads, or are of children.

    To ask what changed costs a request, and children are not asked for it.
    """
    place = place_of(request.table)
    if request.table.day is None or place is None:
        return True
    held = (count_within(piece.batches, {**region.restriction, place: along}) for piece, along in parts)
    return sum(held) >= request.settings.page_size * max(least_requests(request, each) for each in ways)
