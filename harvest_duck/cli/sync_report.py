"""What a sync says: a line while it runs, its summary, its plan, and one object for programs; pure."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harvest_duck.display.layout import LISTING, footer
from harvest_duck.display.lines import folded
from harvest_duck.display.progress_line import duration
from harvest_duck.display.text_table import text_table
from harvest_duck.text import escaped, terminal_safe, terminal_safe_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harvest_duck.cli.terminal import Screen
    from harvest_duck.mirror.model import PlannedTable, SyncProgress, SyncResult, TableResult

__all__ = [
    "failure_record",
    "json_text",
    "plan_lines",
    "plan_record",
    "progress_line",
    "record",
    "summary_lines",
    "unproven_lines",
]

#: What a step does to a table, in the order in which it is told.
_CHANGES = ("inserted", "changed", "deleted")
#: Shorter waits are those of any answer.
_WORTH_TELLING_S = 1
#: So many tables are named, more are counted.
_FEW = 3


def progress_line(progress: SyncProgress, age_s: float, width: int) -> str:
    """Return one line about a sync that told its progress `age_s` ago, no wider than `width` if that can be.

    What has no room is left out: the rate first, then the rows.
    """
    waits_s, left_s = progress.waits_s - age_s, progress.left_s
    expected = progress.requests_expected
    of = "" if expected is None else f"{progress.requests:,} of "
    parts = {
        "requests": of + counted(progress.requests if expected is None else expected, "request"),
        "rows": counted(progress.rows, "row"),
        "rate": f"{progress.rows / progress.elapsed_s:,.0f}/s" if progress.elapsed_s >= 1 else "",
        "waits": f"waits {duration(waits_s)} (limit)" if waits_s >= _WORTH_TELLING_S else "",
        "left": "" if left_s is None else f"{duration(max(0.0, left_s - age_s))} left",
    }
    head = f"{progress.tables_done}/{progress.tables_total} {progress.table}: "
    for less in ("", "rate", "rows", "left"):
        parts[less] = ""
        line = head + ", ".join(filter(None, parts.values()))
        if len(line) <= width:
            break
    return line


def summary_lines(path: Path, result: SyncResult, screen: Screen) -> Iterator[str]:
    """The lines of a summary: one for each table that changed, and one in all about the copy at `path`."""
    changed = [each for each in result.tables if any(getattr(each, change) for change in _CHANGES)]
    told = [change for change in _CHANGES if any(getattr(each, change) for each in changed)]
    name_width = max((len(each.table) for each in changed), default=0)
    widths = {change: max(len(f"{getattr(each, change):,}") for each in changed) for change in told}
    for each in changed:
        yield "  ".join([f"{each.table:{name_width}}", *_cells(each, widths)]).rstrip()
    text = "; ".join(filter(None, [_changes(result), _effort(result), _proof(result), _left_out(result)]))
    yield from folded(f"{terminal_safe(escaped(path))}: {text}", screen.width)


def _cells(table: TableResult, widths: dict[str, int]) -> Iterator[str]:
    """The changes of a table, each below that of the other tables."""
    for change, width in widths.items():
        number = getattr(table, change)
        yield f"{number:{width},} {change}" if number else " " * (width + 1 + len(change))


def _changes(result: SyncResult) -> str:
    told = [f"{number:,} {change}" for change in _CHANGES if (number := getattr(result, change))]
    return ("first copy, " if result.depth == "first" else "") + (", ".join(told) or "nothing changed")


def _effort(result: SyncResult) -> str:
    return f"{counted(result.requests, 'request')} in {duration(result.seconds)}"


def _proof(result: SyncResult) -> str:
    read = [each for each in result.tables if each.readable]
    moments = [each.proven_at for each in read if each.proven_at is not None]
    tables = counted(len(read), "table")
    which = f"{len(moments)} of {tables}"
    if len(moments) == len(read):
        which = tables if len(read) == 1 else f"all {tables}"
    return f"{which} proven whole" + (f" as of {moment(min(moments))}" if moments else "")


def _left_out(result: SyncResult) -> str:
    left_out = sum(not each.readable for each in result.tables)
    return f"{counted(left_out, 'table')} left out" if left_out else ""


def unproven_lines(result: SyncResult) -> Iterator[str]:
    """A line for each table that is not proven whole, with the reason."""
    for each in result.tables:
        if each.readable and each.proven_at is None:
            yield f"{each.table} is not proven whole" + (f": {terminal_safe(each.note)}" if each.note else "")


def plan_lines(plan: Sequence[PlannedTable], screen: Screen) -> Iterator[str]:
    """The lines of a plan: a table of the tables, and the sums."""
    names = ("table", "requests", "at most", "how", "why")
    rows = [(each.table, each.requests, each.most, each.method, each.reason) for each in plan]
    look = replace(LISTING, styled=screen.styled)
    shown = text_table(names, rows, screen.width, look)
    yield from shown.lines
    if shown.left_out:
        yield from footer([f"not shown without --json: {', '.join(shown.left_out)}"], screen.width, look)
    yield from folded("; ".join(_sums(plan)), screen.width)


def _sums(plan: Sequence[PlannedTable]) -> Iterator[str]:
    yield f"{counted(sum(each.requests or 0 for each in plan), 'request')} if nothing changed"
    unknown = [each.table for each in plan if each.requests is None or each.most is None]
    if not unknown:
        yield f"never more than {sum(each.most or 0 for each in plan):,}, whatever was deleted"
    elif len(unknown) <= _FEW:
        yield f"not known beforehand for {', '.join(unknown)}"
    else:
        yield f"not known beforehand for {len(unknown)} tables"


def plan_record(plan: Sequence[PlannedTable]) -> dict[str, Any]:
    """Return a plan as an object of JSON; a sum is null where the number of a table is not known."""
    requests, most = [each.requests for each in plan], [each.most for each in plan]
    return {"error": None, "requests": _sum(requests), "most": _sum(most), "tables": plan}


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def record(result: SyncResult) -> dict[str, Any]:
    """Return a result as an object of JSON."""
    told = (
        "path",
        "account_id",
        "run",
        "depth",
        "started_at",
        "ended_at",
        "seconds",
        "published",
        "proven",
        "requests",
    )
    return {"error": None} | {name: getattr(result, name) for name in (*told, *_CHANGES, "tables")}


def failure_record(path: Path, sentence: str) -> dict[str, Any]:
    """Return a failed sync as an object of JSON."""
    return {"error": sentence, "path": path}


def json_text(value: object) -> str:
    """Return an object of JSON on lines; records become objects, instants texts of ISO 8601."""
    return terminal_safe_json(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    """Return what JSON can say of a value."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return value.isoformat() if isinstance(value, datetime) else str(value)


def counted(number: int, noun: str) -> str:
    """A number of something, in the singular for one."""
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"


def moment(instant: datetime) -> str:
    """A moment in UTC, to the second."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
