"""Hints for scans that read more than they would with a value in the place of a subquery; pure.

They come from two dry runs of a query: as it stands, and with the values of its scalar subqueries. So a hint is never a
guess about what DuckDB hands over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.scanner.scan_request import plans_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.protocol.request import Request
    from harvest_duck.scanner.scan_request import ScanRequest

#: The id of a record in a path.
_ID = re.compile(r"/[0-9]+(?=[/?]|$)")
_HINT = "with a value in place of the subquery the scan would ask for {}"
#: What a hint ends with: how a person puts the value there.
BY_VARIABLE = ": SET VARIABLE v = (the subquery), then compare with getvariable('v')"


def hints(
    scans: Sequence[ScanRequest], inner: Sequence[ScanRequest], valued: Sequence[ScanRequest]
) -> list[str | None]:
    """Return the hint for each of `scans`, None for a scan whose requests stay the same.

    `inner` are the scans of the subqueries alone, `valued` those of the query with values in their place.
    """
    found: list[str | None] = [None] * len(scans)
    waiting = dict(enumerate(scans))
    for each in inner:
        _take(waiting, [at for at, scan in waiting.items() if _same(scan, each)])
    narrowed = [
        each for each in valued if not _take(waiting, [at for at, scan in waiting.items() if _sent(scan, each)])
    ]
    for each in narrowed:
        matching = [at for at, scan in waiting.items() if _narrows(scan, each)]
        if matching:
            found[matching[0]] = _hint(_requests(waiting.pop(matching[0])), _requests(each))
    return found


def _take(waiting: dict[int, ScanRequest], positions: Sequence[int]) -> bool:
    """Remove the first of the positions; returns whether there is one."""
    for at in positions[:1]:
        del waiting[at]
    return bool(positions)


def _same(scan: ScanRequest, other: ScanRequest) -> bool:
    """Whether two scans read the same columns by the same requests."""
    return _sent(scan, other) and list(scan.names) == list(other.names)


def _sent(scan: ScanRequest, other: ScanRequest) -> bool:
    """Whether two scans read a table of a connection by the same requests."""
    return _whose(scan) == _whose(other) and _requests(scan) == _requests(other)


def _narrows(scan: ScanRequest, other: ScanRequest) -> bool:
    """Whether another scan keeps fewer rows of the same table, and sends something for it."""
    fewer = len(other.terms) > len(scan.terms) and all(term in other.terms for term in scan.terms)
    return fewer and _whose(scan) == _whose(other) and bool(_requests(other))


def _whose(scan: ScanRequest) -> tuple[object, ...]:
    return scan.table.name, scan.settings


def _requests(scan: ScanRequest) -> list[Request]:
    """Return the requests that a scan may begin with; those for one account stand for all where it has to ask."""
    plans = scan.plans
    if plans is None:
        plans = plans_for(scan.table, scan.settings, scan.domains, {None: ""}, scan.branches)
    return [
        request
        for plan in plans
        for request in (plan.requests if plan.alternative is None else plan.alternative.requests)
    ]


def _hint(before: Sequence[Request], after: Sequence[Request]) -> str:
    """Return the hint that names the first request with values, each as …, because another run has other ones."""
    known = {pair for request in before for pair in request.params}
    path = after[0].path_and_query
    if all(after[0].url != request.url for request in before):
        path = _ID.sub("/…", path)
    for name, value in after[0].params:
        if (name, value) not in known:
            path = re.sub(rf"([?&]{re.escape(name)}=)[^&]*", r"\g<1>…", path)
    return _HINT.format(path) + BY_VARIABLE
