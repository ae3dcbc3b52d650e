"""What records embed of others: a project in its time entries, a person in their assignments, and so on.

An embedded object is an excerpt of the record as it is now. So a change of a client shows at once in all that is
theirs, and none of it gets a new `updated_at`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.sandbox.wire import Record

#: The key of an embedded object, and the table of the record that it is an excerpt of.
TABLE_OF_KEY = {
    "client": "clients",
    "creator": "users",
    "estimate": "estimates",
    "expense_category": "expense_categories",
    "invoice": "invoices",
    "project": "projects",
    "pto_type": "pto_types",
    "reviewer": "users",
    "task": "tasks",
    "task_assignment": "task_assignments",
    "user": "users",
    "user_assignment": "user_assignments",
}
#: What an excerpt has where there is no other to follow.
_USUAL = {"invoice": ("id", "number"), "estimate": ("id",)}
#: Lists of records that are embedded, which embed others in turn.
_LISTS = ("line_items",)


def excerpt(key: str, record: Record, like: Record | None) -> Record:
    """Return what an object under `key` shows of `record`, with the fields of another one, `like`."""
    fields = _USUAL.get(key, ("id", "name")) if like is None else tuple(like)
    return {field: _value(record, field) for field in fields}


def _value(record: Record, field: str) -> object:
    """Return a field of a record; users have their name in two parts."""
    if field == "name" and "first_name" in record:
        return f"{record['first_name']} {record['last_name']}"
    return record.get(field)


def with_excerpts(tables: Mapping[str, list[Record]], table: str, record: Record) -> dict[str, list[Record]]:
    """Return the tables that embed `record` of `table`, after it changed."""
    if table not in TABLE_OF_KEY.values():
        return {}
    excerpts = _Excerpts(table, record)
    changed = {name: [excerpts.updated(name, each) for each in records] for name, records in tables.items()}
    return {
        name: records
        for name, records in changed.items()
        if any(new is not old for new, old in zip(records, tables[name], strict=True))
    }


class _Excerpts:
    """Updates the excerpts of one record; one that many records share stays one object."""

    def __init__(self, table: str, record: Record) -> None:
        self._table = table
        self._record = record
        self._keys = [key for key, of in TABLE_OF_KEY.items() if of == table]
        self._copies: dict[int, Record] = {}

    def updated(self, name: str, record: Record) -> Record:
        """Return a record of the table `name` with new excerpts, itself if it has none."""
        if name == "teammates":
            # A teammate is a user, with the id of the manager before it.
            mine = self._table == "users" and record["id"] == self._record["id"]
            return record | {key: self._record[key] for key in record if key != "user_id"} if mine else record
        return self._with_excerpts(record)

    def _with_excerpts(self, record: Record) -> Record:
        changed: Record = {}
        for key in self._keys:
            old = record.get(key)
            if old is not None and old.get("id") == self._record["id"]:
                changed[key] = self._copies.setdefault(id(old), excerpt(key, self._record, old))
        for key in _LISTS:
            items = record.get(key) or []
            updated = [self._with_excerpts(item) for item in items]
            if any(new is not old for new, old in zip(updated, items, strict=True)):
                changed[key] = updated
        return record | changed if changed else record
