"""Changes of settings that Harvest shows in old records at once, without touching their `updated_at`.

Renames, Time Rounding, rates and locks change what a record says, and not the record itself. Each function returns the
tables that differ afterwards; records that change are copied, and those that were handed out stay as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.bookings import LOCKED
from harvest_duck.sandbox.data.numbers import amount_of
from harvest_duck.sandbox.wire import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from decimal import Decimal

    from harvest_duck.sandbox.data.time_rounding import TimeRounding

Tables = dict[str, list[Record]]


def renamed(tables: Mapping[str, list[Record]], table: str, identity: int, name: str) -> Tables:
    """Return the tables after a record of `table` got another `name`: it, and all that embed it by id and name.

    `table` is "clients", "projects" or "tasks"; LookupError if it has no record with that id.
    """
    if all(record["id"] != identity for record in tables[table]):
        raise LookupError(f"no record {identity} in {table}")
    key, embedded = table.removesuffix("s"), _Embedded(identity, name)
    changed = {table: [record | {"name": name} if record["id"] == identity else record for record in tables[table]]}
    for other, records in tables.items():
        if other != table:
            changed[other] = [_with_name(record, key, embedded) for record in records]
    return changed


class _Embedded:
    """Renames embedded objects; one that many records share stays one object."""

    def __init__(self, identity: int, name: str) -> None:
        self._identity = identity
        self._name = name
        self._copies: dict[int, Record] = {}

    def named(self, value: Record | None) -> Record | None:
        """Return `value` with the new name if it has the id, else `value` itself."""
        if value is None or value.get("id") != self._identity:
            return value
        return self._copies.setdefault(id(value), value | {"name": self._name})


def _with_name(record: Record, key: str, embedded: _Embedded) -> Record:
    """Return `record` with the new name in its object under `key` and in those of its line items."""
    changed: Record = {}
    named = embedded.named(record.get(key))
    if named is not record.get(key):
        changed[key] = named
    items = record.get("line_items")
    if items:
        own = [_with_name(item, key, embedded) for item in items]
        if any(new is not old for new, old in zip(own, items, strict=True)):
            changed["line_items"] = own
    return record | changed if changed else record


def rounded(tables: Mapping[str, list[Record]], rule: TimeRounding) -> Tables:
    """Return the time entries with `rounded_hours` by another rule; invoices stay as they are."""
    return {
        "time_entries": [
            entry if entry.get("hours") is None else entry | {"rounded_hours": rule.rounded(amount_of(entry["hours"]))}
            for entry in tables["time_entries"]
        ]
    }


def rated(tables: Mapping[str, list[Record]], project_id: int, rate: Decimal) -> Tables:
    """Return the tables after a project that bills by its own rate got another one, for all time not yet invoiced.

    LookupError if there is no such project.
    """
    if not any(each["id"] == project_id and each.get("bill_by") == "Project" for each in tables["projects"]):
        raise LookupError(f"no project {project_id} that is billed by its own rate")

    def priced(entry: Record) -> bool:
        own = (entry.get("project") or {}).get("id") == project_id
        return own and entry.get("billable") is True and not entry.get("is_billed")

    return {
        "projects": [
            project | {"hourly_rate": rate} if project["id"] == project_id else project
            for project in tables["projects"]
        ],
        "time_entries": _each(tables["time_entries"], priced, {"billable_rate": rate}),
    }


def locked(tables: Mapping[str, list[Record]], until: date) -> Tables:
    """Return the time entries and expenses after everything up to and including a day was locked."""
    last = until.isoformat()

    def open_(record: Record) -> bool:
        spent: str | None = record.get("spent_date")
        return spent is not None and spent <= last and not record.get("is_locked") and not record.get("is_running")

    change = {"is_locked": True, "locked_reason": LOCKED}
    return {name: _each(tables[name], open_, change) for name in ("time_entries", "expenses")}


def _each(records: list[Record], which: Callable[[Record], bool], change: Record) -> list[Record]:
    """Return the records, those of `which` with the `change`."""
    return [record | change if which(record) else record for record in records]
