"""The plan of one table in a sync: how it is read and how many requests that takes, from what the copy holds.

`sync` carries out these plans, and `explain_sync` shows them, so that both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from harvest_duck.mirror.list_protocol import SMALL_PAGES, ListOptions, ListState, most_requests, requests_if_unchanged
from harvest_duck.mirror.tables import Kind
from harvest_duck.protocol.page import page_count

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from harvest_duck.mirror.model import CheckDeletes
    from harvest_duck.mirror.periods import Period
    from harvest_duck.mirror.tables import MirroredTable


#: They are read again before anything is called deleted.
_TELL_RIGHTS = ("me", "my_project_assignments")


class Method(Enum):
    """How a sync reads a table."""

    RECORD = "one record"
    WHOLE = "whole list"
    FIRST = "first copy"
    CHANGES = "changes and a count"
    BY_DAYS = "whole, by days"
    CHILDREN = "by parents"
    EMBEDDED = "with its records"


@dataclass(frozen=True, slots=True)
class Held:
    """What a copy holds of a table: `by_day` counts its rows, and `recent` are those of the overlap of two syncs.

    `watermark` is None where the table was never read to its end. `outdated` says that the catalog has other columns.
    """

    rows: int
    watermark: datetime | None
    recent: int
    by_day: Mapping[date | None, int]
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Depth:
    """How deep a sync reads: `whole` where a person asked for it, and `other_rights` where the user has others.

    Then rows may vanish from sight that are not deleted. A page has `page_size` records at most.
    """

    check: CheckDeletes
    page_size: int
    whole: bool = False
    other_rights: bool = False


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How one table is read: `requests` if nothing changed, `most` whatever was deleted; None where it is not known.

    `verify` are the ranges of days that are read again in turn, `parents` those whose children are read.
    """

    mirrored: MirroredTable
    method: Method
    reason: str
    requests: int | None
    most: int | None
    verify: tuple[Period, ...] = ()
    parents: tuple[int, ...] = ()


def plan_table(
    mirrored: MirroredTable, held: Held | None, depth: Depth, *, today: date, verify: tuple[Period, ...] = ()
) -> TablePlan:
    """Return the plan of a table that is a record, embedded or a list; `held` is None where the copy has none of it."""
    if mirrored.kind is Kind.RECORD:
        return TablePlan(mirrored, Method.RECORD, "it is one record", 1, _asked(mirrored))
    if mirrored.kind is Kind.EMBEDDED:
        return TablePlan(mirrored, Method.EMBEDDED, f"its rows are in those of {mirrored.source}", 0, 0)
    if held is None or held.watermark is None:
        return TablePlan(mirrored, _first(mirrored), "the copy has none of it", None, None)
    pages = page_count(held.rows, depth.page_size)
    reason = f"its {held.rows:,} rows are {pages} {'page' if pages == 1 else 'pages'}"
    if mirrored.kind is Kind.LIST or pages <= SMALL_PAGES:
        return TablePlan(mirrored, Method.WHOLE, reason, pages, pages * _asked(mirrored))
    why = _why_whole(held, depth)
    plan = TablePlan(mirrored, Method.BY_DAYS if why else Method.CHANGES, why or reason, None, None, verify)
    start = ListState(held.watermark, held.by_day, today)
    options = list_options(plan, depth)
    # The scans before and after the count bring again what changed shortly before the last sync.
    again = 2 * (page_count(held.recent, depth.page_size) - 1)
    least, most = requests_if_unchanged(start, options), most_requests(start, options)
    return replace(plan, requests=least + again, most=most + again)


def _asked(mirrored: MirroredTable) -> int:
    """Return how many times a sync reads a table at most: twice what tells rights, if anything was deleted."""
    return 2 if mirrored.name in _TELL_RIGHTS else 1


def list_options(plan: TablePlan, depth: Depth) -> ListOptions:
    """Return how the list protocol reads the table of a plan."""
    return ListOptions(
        depth.check,
        page_size=depth.page_size,
        verify=plan.verify,
        whole=plan.method is Method.BY_DAYS,
        running="is_running" in plan.mirrored.table,
        tombstones=not depth.other_rights,
    )


def _first(mirrored: MirroredTable) -> Method:
    return Method.FIRST if mirrored.kind is Kind.DATED else Method.WHOLE


def _why_whole(held: Held, depth: Depth) -> str | None:
    if depth.whole:
        return "everything is to be read"
    if depth.other_rights:
        return "the user has other rights than at the last sync"
    return "the catalog has other columns than the copy" if held.outdated else None


def children_plan(mirrored: MirroredTable, told: list[int], turn: list[int], *, of: int) -> TablePlan:
    """Return the plan of a table of children: `told` are the parents that have to be asked for, `turn` those besides.

    `of` is the number of parents. One request lists the children of one parent, unless they are more than a page.
    """
    number = len(told) + len(turn)
    reason = f"{len(told):,} of {of:,} {mirrored.source} are new or changed" if told else "in turn"
    if turn and told:
        reason += f", {len(turn):,} in turn"
    return TablePlan(mirrored, Method.CHILDREN, reason, number, number, parents=(*told, *turn))
