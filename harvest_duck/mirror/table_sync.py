"""One table of a copy, brought up to date as its plan says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from harvest_duck.connection import Completeness
from harvest_duck.errors import Forbidden, NotFound
from harvest_duck.mirror import ripples
from harvest_duck.mirror.children import oldest_read, read_children
from harvest_duck.mirror.first_copy import first_copy
from harvest_duck.mirror.limits import lagging_columns, unseen_case
from harvest_duck.mirror.list_protocol import ListState, sync_list, unseen
from harvest_duck.mirror.list_sync import carry_out
from harvest_duck.mirror.run import TableOutcome
from harvest_duck.mirror.table_plan import Method, list_options
from harvest_duck.protocol.page import page_count

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.run import Run
    from harvest_duck.mirror.table_plan import TablePlan
    from harvest_duck.scanner.table_reader import ReadRows

#: How many times a list is read until it stays the same meanwhile.
_READS = 4


class Moments(NamedTuple):
    """As of when a table is proven, see `mirror.proofs`; None leaves what an earlier run proved."""

    watermark: datetime | None
    proven_at: datetime | None
    values_whole_at: datetime | None
    values_checked_since: datetime | None

    @classmethod
    def at(cls, moment: datetime | None) -> Moments:
        """Return the moments of a table that was read whole at one."""
        return cls(moment, moment, moment, moment)


def bring_up_to_date(run: Run, plan: TablePlan) -> TableOutcome:
    """Carry out the plan of one table and return what it came to.

    A table that the user may not read, or of a module that the account lacks, is left out with a note, unless a person
    named the tables. What the copy has of it stays, and is proven no longer, unless it was never whole. Raises the
    errors of a scan, and `DeletesRefused`.
    """
    table = plan.mirrored.table
    if table.module in run.absent:
        return _left_out(run, plan, f"the account has no {table.module}")
    if plan.method is Method.EMBEDDED and plan.mirrored.source not in run.copy.proofs():
        return _left_out(run, plan, f"the user may not read {plan.mirrored.source}")
    try:
        proven_at, note = _carried_out(run, plan)
    except (Forbidden, NotFound) as error:
        absent = isinstance(error, NotFound)
        if run.named or (absent and table.module is None):
            raise
        if absent and table.module is not None:
            run.absent.add(table.module)
        return _left_out(run, plan, str(error))
    if proven_at is None:
        run.unproven.add(table.name)
    return TableOutcome(table.name, plan.method.value, proven_at, note)


def _left_out(run: Run, plan: TablePlan, note: str) -> TableOutcome:
    """Return the outcome for a table that the user cannot read, or no longer; what was never whole leaves the copy."""
    name, copy = plan.mirrored.name, run.copy
    if copy.has_table(name) and copy.proofs()[name].values_whole_at is None:
        with copy.transaction():
            copy.drop(name)
    return TableOutcome(name, "left out", None, note, readable=copy.has_table(name))


def _carried_out(run: Run, plan: TablePlan) -> tuple[datetime | None, str]:
    """Read a table as its plan says; return as of when its ids are proven, and why not where they are not."""
    table = plan.mirrored.table
    if plan.method is Method.EMBEDDED:
        return _embedded(run, plan)
    run.tallies[table.name].held = run.copy.count(table) if run.copy.has_table(table.name) else 0
    if plan.method is Method.CHILDREN:
        return _children(run, plan)
    if plan.method in (Method.RECORD, Method.WHOLE):
        return _whole(run, plan)
    return _by_changes(run, plan)


def _whole(run: Run, plan: TablePlan) -> tuple[datetime | None, str]:
    """Read a table whole: again if it changed while it was read, as what is gone may have come with its first pages."""
    table = plan.mirrored.table
    before = ripples.rates(run.copy, table)
    for _ in range(_READS):
        read = run.read(table)
        proven_at = read.horizon if _was_calm(run, read) else None
        if proven_at:
            break
    with run.copy.transaction():
        run.replace_all(table, read)
        _save(run, table, plan.method, Moments(read.horizon, proven_at, read.horizon, read.horizon))
    run.rerated |= ripples.rerated_projects(run.copy, table, before)
    return proven_at, "" if proven_at else "it changed each time that it was read; the next sync may prove it"


def _was_calm(run: Run, read: ReadRows) -> bool:
    """Whether a list came by as few answers as it has pages. One whose total is not believed is read twice anyway."""
    pages = page_count(read.rows.num_rows, run.depth.page_size)
    return read.answers <= pages or run.reader.settings.completeness is Completeness.READ


def _by_changes(run: Run, plan: TablePlan) -> tuple[datetime | None, str]:
    """Read a dated list: all of it in a first copy or by days, else what changed; then prove it by counting."""
    table = plan.mirrored.table
    if plan.method is Method.FIRST:
        watermark = first_copy(run, table, run.depth.page_size)
        if watermark is None:
            return _whole(run, replace(plan, method=Method.WHOLE))
    else:
        watermark = run.watermark(table)
    state = ListState(watermark, run.copy.counts_by_day(table), datetime.now(UTC).date())
    options = list_options(plan, run.depth)
    outcome = carry_out(run, table, sync_list(state, options))
    if table.name == ripples.TIME:
        ripples.read_time_of(run, table, run.rerated)
    whole_at = {Method.FIRST: watermark, Method.BY_DAYS: run.horizon}.get(plan.method)
    with run.copy.transaction():
        for period in outcome.read:
            run.copy.set_period(table.name, period, outcome.watermark)
        checked_at = min(run.copy.periods(table.name).values(), default=None)
        moments = Moments(outcome.watermark, outcome.proven_at, whole_at, checked_at)
        _save(run, table, Method.CHANGES, moments, unseen(state, options))
    return outcome.proven_at, outcome.note


def _children(run: Run, plan: TablePlan) -> tuple[datetime | None, str]:
    table = plan.mirrored.table
    if not run.copy.has_table(table.name):
        with run.copy.transaction():
            run.copy.create(table)
    read_children(run, plan.mirrored, plan.parents)
    oldest = oldest_read(run, plan.mirrored)
    with run.copy.transaction():
        _save(run, table, plan.method, Moments.at(oldest))
    return oldest, "" if oldest is not None else f"the children of some {plan.mirrored.source} were never read"


def _embedded(run: Run, plan: TablePlan) -> tuple[datetime | None, str]:
    """Take over the proof of the table whose records the rows are in: they came together."""
    around = run.copy.proofs()[plan.mirrored.source or ""]
    moments = Moments(around.watermark, around.proven_at, around.values_whole_at, around.values_checked_since)
    with run.copy.transaction():
        _save(run, plan.mirrored.table, plan.method, moments)
    if plan.mirrored.source in run.unproven:
        return None, f"{plan.mirrored.source} is not proven"
    return around.proven_at, ""


def _save(run: Run, table: Table, method: Method, moments: Moments, of_list: str = "") -> None:
    """Save as of when a table is proven, and what the proof leaves open, in the transaction of its rows."""
    found: dict[str, object] = {name: moment for name, moment in moments._asdict().items() if moment is not None}
    if moments.values_whole_at is not None:
        found["columns"] = run.copy.signature(table.name)
    lagging, case = lagging_columns(table, method, run.copy.has_table), unseen_case(method, of_list)
    run.copy.set_proof(table.name, method=method.value, may_lag=lagging, unseen=case, **found)
