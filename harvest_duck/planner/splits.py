"""The splits of a plan, which are the requests that begin its lists, and the catch-up request that follows them.

The scan sends them and the explanation shows them, so both take them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.catalog.model import Match
from harvest_duck.planner.cost import is_cheaper
from harvest_duck.protocol.request import with_params

if TYPE_CHECKING:
    from datetime import datetime

    from harvest_duck.catalog.model import Table
    from harvest_duck.planner.model import Plan
    from harvest_duck.protocol.request import Request

#: The number of records in each list that was counted; None where Harvest did not say.
Sizes = Mapping["Request", int | None]


class Way(NamedTuple):
    """One way to the rows of a plan: its splits, and the list that has to be asked what changed while they were read.

    `catch_up` is None where no record can move from one split to another.
    """

    splits: tuple[Request, ...]
    catch_up: Request | None = None


def ways(plan: Plan, sizes: Sizes) -> tuple[Way, ...]:
    """Return the way that is the cheaper one by `sizes`, or both where the list of the plan was not counted yet.

    An empty list needs no request any more. A list of unknown length is read as a whole.
    """
    direct, other = Way(plan.requests, plan.whole), plan.alternative
    if other is None:
        return (direct,)
    (whole,) = plan.requests
    around = Way(other.requests, whole if other.several_lists else None)
    if whole not in sizes:
        return direct, around
    total = sizes[whole]
    if total == 0:
        return (Way(()),)
    return (around if total is not None and is_cheaper(other, whole, total) else direct,)


def changed_since(table: Table, whole: Request, moment: datetime) -> Request:
    """Return the request for the records of a list that changed since a moment; `table` has a parameter for it."""
    name = next(param.name for param in table.params if param.match is Match.SINCE)
    return with_params(whole, {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}"})
