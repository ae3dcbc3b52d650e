"""Changes that Harvest shows in old records at once, without touching their `updated_at`.

Time Rounding, rates, locks and the seconds that go by change what a record says, and not the record itself. Each
function returns the tables that differ afterwards; records that change are copied, and those that were handed out stay
as they were.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.bookings import LOCKED
from harvest_duck.sandbox.data.numbers import CENT, amount_of, number
from harvest_duck.sandbox.wire import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from harvest_duck.sandbox.data.time_rounding import TimeRounding

Tables = dict[str, list[Record]]


def rounded(tables: Mapping[str, list[Record]], rule: TimeRounding) -> Tables:
    """Return the time entries with `rounded_hours` by another rule; invoices stay as they are."""
    return {
        "time_entries": [
            entry if entry.get("hours") is None else entry | {"rounded_hours": rule.rounded(amount_of(entry["hours"]))}
            for entry in tables["time_entries"]
        ]
    }


def rated(tables: Mapping[str, list[Record]], project_id: int, rate: Decimal) -> Tables:
    """Return the time entries after a project that bills by its own rate got another one: those not yet invoiced.

    LookupError if there is no such project.
    """
    if not any(each["id"] == project_id and each.get("bill_by") == "Project" for each in tables["projects"]):
        raise LookupError(f"no project {project_id} that is billed by its own rate")

    def priced(entry: Record) -> bool:
        own = (entry.get("project") or {}).get("id") == project_id
        return own and entry.get("billable") is True and not entry.get("is_billed")

    return {"time_entries": _each(tables["time_entries"], priced, {"billable_rate": rate})}


def locked(tables: Mapping[str, list[Record]], until: date) -> Tables:
    """Return the time entries and expenses after everything up to and including a day was locked."""
    last = until.isoformat()

    def open_(record: Record) -> bool:
        spent: str | None = record.get("spent_date")
        return spent is not None and spent <= last and not record.get("is_locked") and not record.get("is_running")

    change = {"is_locked": True, "locked_reason": LOCKED}
    return {name: _each(tables[name], open_, change) for name in ("time_entries", "expenses")}


def timed(tables: Mapping[str, list[Record]], minutes: int, rule: TimeRounding) -> Tables:
    """Return the time entries after the running timers ran on for some `minutes`; the hours are rounded by `rule`."""

    def later(entry: Record) -> Record:
        hours = number((amount_of(entry["hours"]) + Decimal(minutes) / 60).quantize(CENT, ROUND_HALF_UP))
        return entry | {"hours": hours, "rounded_hours": rule.rounded(hours)}

    return {"time_entries": [later(entry) if entry.get("is_running") else entry for entry in tables["time_entries"]]}


def _each(records: list[Record], which: Callable[[Record], bool], change: Record) -> list[Record]:
    """Return the records, those of `which` with the `change`."""
    return [record | change if which(record) else record for record in records]
