"""The plans of all tables in a sync, from what a copy holds: `sync` carries them out, `explain_sync` shows them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from harvest_duck.mirror.children import family
from harvest_duck.mirror.list_protocol import ListOptions
from harvest_duck.mirror.periods import verification_periods
from harvest_duck.mirror.table_plan import Held, Method, TablePlan, children_plan, plan_table
from harvest_duck.mirror.tables import Kind
from harvest_duck.mirror.turns import in_turn, unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from harvest_duck.mirror.periods import Period
    from harvest_duck.mirror.run_records import Proof, RunRecords
    from harvest_duck.mirror.table_plan import Depth
    from harvest_duck.mirror.tables import MirroredTable
    from harvest_duck.mirror.working_copy import WorkingCopy

#: The ranges of days that a sync reads again in turn, over all tables.
_VERIFIED = 2


def list_plans(
    copy: WorkingCopy, records: RunRecords, tables: Iterable[MirroredTable], depth: Depth, today: date
) -> list[TablePlan]:
    """Return the plans of all tables but those of children, which follow from what the others bring.

    `copy` has the rows, and `records` what is known of them, which may be newer than the copy.
    """
    lists = [each for each in tables if each.kind is not Kind.CHILDREN]
    proofs = records.proofs()
    outdated = records.outdated()
    held = {each.name: _held(copy, proofs.get(each.name), each, outdated=each.name in outdated) for each in lists}
    plans = [plan_table(each, held[each.name], depth, today=today) for each in lists]
    in_turn = _verified(records, [each for each in plans if each.method is Method.CHANGES], held, depth.page_size)
    for number, each in enumerate(plans):
        name = each.mirrored.name
        if name in in_turn:
            plans[number] = plan_table(each.mirrored, held[name], depth, today=today, verify=tuple(in_turn[name]))
    return plans


def children_plans(
    copy: WorkingCopy,
    records: RunRecords,
    tables: Iterable[MirroredTable],
    depth: Depth,
    changed: Mapping[str, set[int]],
    *,
    now: datetime,
    last: datetime | None,
) -> list[TablePlan]:
    """Return the plans of the tables of children: for parents that are new or `changed`, and for those in turn.

    `last` is when the last sync began, None for none. Tables whose parents are in no copy have no plan.
    """
    mirrored = [each for each in tables if each.kind is Kind.CHILDREN and copy.has_table(each.source or "")]
    families = {each.name: family(copy, records, each) for each in mirrored}
    outdated = records.outdated()
    everything = depth.whole or depth.other_rights
    turns = {} if everything else in_turn(list(families.values()), now, timedelta(0) if last is None else now - last)
    plans = []
    for each in mirrored:
        found = families[each.name]
        every = everything or each.name in outdated
        told = sorted(found.read_at) if every else unread(found, changed.get(each.source or "", set()))
        turn = [] if every else [parent for parent in turns.get(each.name, ()) if parent not in told]
        plans.append(children_plan(each, told, turn, of=len(found.read_at)))
    return plans


def _held(copy: WorkingCopy, proof: Proof | None, mirrored: MirroredTable, *, outdated: bool) -> Held | None:
    table = mirrored.table
    if proof is None or mirrored.kind in (Kind.RECORD, Kind.EMBEDDED) or not copy.has_table(table.name):
        return None
    watermark = proof.watermark if proof.values_whole_at is not None else None
    dated = mirrored.kind is Kind.DATED and watermark is not None
    since = None if watermark is None else watermark - ListOptions().overlap
    return Held(
        rows=copy.count(table),
        watermark=watermark,
        recent=copy.rows_since(table, table.updates.name, since) if dated and table.updates and since else 0,
        by_day=copy.counts_by_day(table) if dated else {},
        outdated=outdated,
    )


def _verified(
    records: RunRecords, plans: Sequence[TablePlan], held: Mapping[str, Held | None], page_size: int
) -> dict[str, list[Period]]:
    """Return the ranges of days to read again by table, those first that were read longest ago."""
    found = []
    for each in plans:
        name, rows = each.mirrored.name, held[each.mirrored.name]
        read = records.periods(name)
        periods = verification_periods(rows.by_day if rows else {}, read.items(), _VERIFIED, page_size)
        found += [(_last_read(period, read), name, number, period) for number, period in enumerate(periods)]
    chosen: dict[str, list[Period]] = {}
    for _, name, _, period in sorted(found, key=lambda each: each[:3])[:_VERIFIED]:
        chosen.setdefault(name, []).append(period)
    return chosen


def _last_read(period: Period, read: Mapping[Period, datetime]) -> float:
    """Return when the first day of a range was last read, in seconds since 1970; 0 for never."""
    day = period.first or date.min
    covering = (at for other, at in read.items() if day in other or other.first == period.first)
    return max((at.timestamp() for at in covering), default=0.0)
