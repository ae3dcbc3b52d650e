"""`sync`: a copy of an account is made or brought up to date; and `explain_sync`: what that would ask of Harvest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import Completeness
from harvest_duck.errors import QueryError
from harvest_duck.mirror.model import CheckDeletes, PlannedTable, SyncResult
from harvest_duck.mirror.ownership import owner, refuse_stranger, require_same_rights, rights
from harvest_duck.mirror.plan import children_plans, list_plans
from harvest_duck.mirror.publication import working_copy
from harvest_duck.mirror.published_copy import published_copy
from harvest_duck.mirror.ripples import TIME, forget_children, read_time_of, update_embedded_columns
from harvest_duck.mirror.run import Run, TableOutcome
from harvest_duck.mirror.run_progress import RunProgress
from harvest_duck.mirror.table_plan import Depth, Method, TablePlan
from harvest_duck.mirror.table_sync import bring_up_to_date
from harvest_duck.mirror.tables import MIRRORED, MirroredTable, chosen
from harvest_duck.scanner.table_reader import TableReader

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from harvest_duck.mirror.model import SyncProgress
    from harvest_duck.mirror.publication import OpenCopy
    from harvest_duck.mirror.run_records import RunRecords, Source

#: The table of the user whose token reads.
ME = MIRRORED[0].table


def sync(
    connection: str,
    path: str | os.PathLike[str],
    *,
    tables: Iterable[str] | None = None,
    whole: bool = False,
    check_deletes: str = "recent",
    accept_deletes: bool = False,
    history: bool | None = None,
    on_progress: Callable[[SyncProgress], None] | None = None,
) -> SyncResult:
    """Make a copy of an account in the DuckDB file at `path`, or bring it up to date, and return what was done.

    `tables` are the tables to copy, with those that they follow from; by default those that the copy has, or all that
    the user may read. `whole` reads every row again. `check_deletes` is "recent", "all" or "none", see `CheckDeletes`.
    `accept_deletes` lets more than 5 % of a table vanish. `history` says whether earlier versions of rows are kept from
    now on; False removes what was kept, and None leaves it as it is for the file. `on_progress` is called on this
    thread as answers come.

    Readers of the file see the copy as it was until the new one is whole. After an error the file is as it was, and a
    first copy goes on where it ended. Raises the errors of a scan, `MirrorError` where the file cannot be used,
    `MirrorBusy` while another sync works on it, and `DeletesRefused`.
    """
    tables = _checked(tables)
    progress = RunProgress(on_progress)
    reader = TableReader(connection, progress.batch)
    depth = depth_of(reader, check_deletes, whole=whole)
    return run_sync(reader, Path(path), progress, depth, tables=tables, accept_deletes=accept_deletes, history=history)


def run_sync(
    reader: TableReader,
    place: Path,
    progress: RunProgress,
    depth: Depth,
    *,
    tables: list[str] | None,
    accept_deletes: bool = False,
    history: bool | None = None,
) -> SyncResult:
    """Do what `sync` does with what it read from its arguments, and return the same."""
    progress.reader, started_at = reader, datetime.now(UTC)
    with working_copy(place) as copy:
        last, tables = copy.last_ended(), _with_begun(copy, tables)
        with copy.transaction():
            number = copy.begin_run(_depth_name(copy.source(), depth), started_at)
            copy.keep_history(started_at, wanted=history)
        me = reader.read(ME)
        refuse_stranger(place, copy.source(), owner(me))
        wanted = _tables(copy, tables)
        run = Run(copy, reader, wanted, depth, accept_deletes, tables is not None, started_at, me.horizon)
        run.read_before[ME.name] = me
        name = _begin(run, owner(me))
        results = tuple(map(run.result, list(_carried_out(run, progress, last))))
        account = owner(me)["account_id"]
        ended_at, requests = datetime.now(UTC), reader.requests
        result = SyncResult(place, number, account, name, started_at, ended_at, requests, results)
        return _published(copy, result)


def explain_sync(
    connection: str,
    path: str | os.PathLike[str],
    *,
    tables: Iterable[str] | None = None,
    whole: bool = False,
    check_deletes: str = "recent",
) -> list[PlannedTable]:
    """Return what a sync with these arguments would ask of Harvest, a row for each table; nothing is sent.

    A first copy is not known beforehand, and neither are records that are new or changed: they take a request for each
    page of them. Raises the errors of the connection string, and `MirrorError` where the file cannot be read.
    """
    tables = _checked(tables)
    depth = depth_of(TableReader(connection), check_deletes, whole=whole)
    now = datetime.now(UTC)
    with published_copy(path) as (copy, records):
        wanted = _tables(records, tables)
        plans = [
            *list_plans(copy, records, wanted, depth, now.date()),
            *children_plans(copy, records, wanted, depth, {}, now=now, last=records.last_ended()),
        ]
    return [
        PlannedTable(each.mirrored.name, each.method.value, each.reason, each.requests, each.most) for each in plans
    ]


def _begin(run: Run, me: Mapping[str, Any]) -> str:
    """Note whose copy it is and what they may see now; return the depth of the run in one word."""
    source, seen = run.copy.source(), rights(run, me)
    other_rights = source.rights not in (None, seen)
    begun_otherwise = other_rights and source.first_copied_at is None
    run.depth = replace(run.depth, other_rights=other_rights and not begun_otherwise)
    with run.copy.transaction():
        if begun_otherwise:
            # What a first copy has already is read again: nobody has seen it yet.
            run.copy.start_over()
            run.copy.set_source(tables=source.tables, first_copy_began_at=run.started_at)
        began: dict[str, object] = {}
        if source.rights is None:
            began = {
                "first_copy_began_at": run.started_at,
                "tables": [each.name for each in run.tables] if run.named else None,
            }
        elif run.named and source.tables:
            began = {"tables": sorted({*source.tables, *(each.name for each in run.tables)})}
        url = run.reader.settings.base_url
        run.copy.set_source(account_id=me["account_id"], user_id=me["id"], base_url=url, rights=seen, **began)
    return _depth_name(source, run.depth)


def _depth_name(source: Source, depth: Depth) -> str:
    """Return the depth of a run in one word."""
    if source.first_copied_at is None:
        return "first"
    return "whole" if depth.whole or depth.other_rights else "usual"


def _carried_out(run: Run, progress: RunProgress, last: datetime | None) -> Iterator[TableOutcome]:
    """Bring all tables up to date, and yield what each came to."""
    plans = list_plans(run.copy, run.copy, run.tables, run.depth, run.started_at.date())
    lists = [each for each in plans if each.method is not Method.EMBEDDED]
    progress.tables = len(run.tables)
    progress.plan(lists)
    yield from _done(run, progress, lists)
    children = children_plans(run.copy, run.copy, run.tables, run.depth, run.changed, now=run.started_at, last=last)
    embedded = [each for each in plans if each.method is Method.EMBEDDED]
    progress.plan([*children, *embedded])
    yield from _done(run, progress, [*children, *embedded])
    if run.rerated and TIME not in {each.name for each in run.tables} and run.copy.has_table(TIME):
        read_time_of(run, TABLES[TIME], run.rerated)
    with run.copy.transaction():
        update_embedded_columns(run)
        forget_children(run)
    if run.calls_deleted:
        require_same_rights(run)


def _done(run: Run, progress: RunProgress, plans: Sequence[TablePlan]) -> Iterator[TableOutcome]:
    for plan in plans:
        progress.begin(plan.mirrored.name)
        yield bring_up_to_date(run, plan)
        progress.end()


def _published(copy: OpenCopy, result: SyncResult) -> SyncResult:
    """Publish the copy, or only the note that nothing changed, and return the result with that."""
    with copy.transaction():
        copy.end_run(
            result.run,
            ended_at=result.ended_at,
            depth=result.depth,
            outcome="done" if result.proven else "unproven",
            requests=result.requests,
            inserted=result.inserted,
            changed=result.changed,
            deleted=result.deleted,
        )
        copy.end_history()
    if copy.changed_rows or result.depth == "first":
        copy.publish()
        return replace(result, published=True)
    copy.keep_checks()
    return result


def _checked(names: Iterable[str] | None) -> list[str] | None:
    """Return the names, None for none; raise as `chosen` does, before a file is made and a request sent.

    A text is one name.
    """
    if names is None:
        return None
    names = [names] if isinstance(names, str) else list(names)
    chosen(names)
    return names


def _tables(records: RunRecords, names: Iterable[str] | None) -> tuple[MirroredTable, ...]:
    """Return the tables to bring up to date: those named, else those that the copy was made of, else all."""
    return chosen(records.source().tables if names is None else names)


def _with_begun(copy: OpenCopy, names: list[str] | None) -> list[str] | None:
    """Return the names with those of the tables that a first copy, which goes on, was begun with; None for all.

    Else those would be published as far as they were read.
    """
    begun = copy.source()
    if names is None or not copy.first or begun.rights is None:
        return names
    return None if begun.tables is None else [*begun.tables, *names]


def depth_of(reader: TableReader, check_deletes: str = "recent", *, whole: bool = False) -> Depth:
    """Return how deep a sync reads; raise `QueryError` for an unknown way to look for deleted records.

    Where the user takes two equal reads for the proof of a list, Harvest's totals are not to be believed, so that
    nothing can be counted.
    """
    try:
        check = CheckDeletes(check_deletes)
    except ValueError:
        names = ", ".join(each.value for each in CheckDeletes)
        raise QueryError(f"check_deletes is {check_deletes!r}: it is one of {names}") from None
    believed = reader.settings.completeness is Completeness.ANNOUNCED
    return Depth(check if believed else CheckDeletes.NONE, reader.settings.page_size, whole=whole)
