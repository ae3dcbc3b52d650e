"""Create, edit and delete a record as Harvest does, with what follows for other records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.documents import note_message, release, settle
from harvest_duck.sandbox.data.embedded import excerpt
from harvest_duck.sandbox.data.record_fields import first_fields, following_fields, given_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.sandbox.data.draft import Draft
    from harvest_duck.sandbox.wire import Record

#: What stands in the way of a deletion: other records, and the key by which they belong to the one. These are the rules
#: on the pages of https://help.getharvest.com/api-v2/, such as clients-api/clients/clients/#delete-a-client.
_IN_THE_WAY: dict[str, tuple[tuple[str, str], ...]] = {
    "clients": (("projects", "client"), ("invoices", "client"), ("estimates", "client")),
    "tasks": (("time_entries", "task"),),
    "users": (("time_entries", "user"), ("expenses", "user")),
    "user_assignments": (("time_entries", "user_assignment"), ("expenses", "user_assignment")),
    "task_assignments": (("time_entries", "task_assignment"),),
    "expense_categories": (("expenses", "expense_category"),),
}
#: What is deleted along. The page on projects names the time and the expenses; the rest cannot be without the record.
_ALONG: dict[str, tuple[tuple[str, str], ...]] = {
    "clients": (("contacts", "client"),),
    "projects": (
        ("time_entries", "project"),
        ("expenses", "project"),
        ("user_assignments", "project"),
        ("task_assignments", "project"),
    ),
    "tasks": (("task_assignments", "task"),),
    "users": (
        ("user_assignments", "user"),
        ("billable_rates", "user_id"),
        ("cost_rates", "user_id"),
        ("teammates", "user_id"),
        ("teammates", "id"),
        ("pto_requests", "user"),
        ("pto_allocations", "user"),
        ("pto_assignments", "user"),
    ),
    "invoices": (("invoice_payments", "invoice_id"), ("invoice_messages", "invoice_id")),
    "estimates": (("estimate_messages", "estimate_id"),),
}


def insert(draft: Draft, table: str, fields: Record) -> Record:
    """Return a new record of `table` with the `fields`; what they leave open is as in the latest one.

    LookupError for a record that does not exist, ValueError for a field that records of the table do not have.
    """
    record = first_fields(draft, table)
    given = given_fields(draft, record, fields)
    record |= given
    if "due_amount" in record:
        record["due_amount"] = record["amount"]
    draft.add(table, record | following_fields(draft, table, record, given, new=True))
    _follow(draft, table, record)
    return draft.find(table, record["id"])


def edit(draft: Draft, table: str, identity: int, fields: Record) -> Record:
    """Return a record of `table` after some of its `fields` changed; errors as those of `insert`."""
    old = draft.find(table, identity)
    given = given_fields(draft, old, fields)
    record = draft.edit(table, identity, given | following_fields(draft, table, old | given, given))
    if table == "projects" and "client" in given:
        _move_to_client(draft, record)
    _follow(draft, table, record)
    return draft.find(table, identity)


def _move_to_client(draft: Draft, project: Record) -> None:
    """Give the time and the expenses of a project its client; none of them gets a new `updated_at`."""
    client = draft.find("clients", project["client"]["id"])
    for table in ("time_entries", "expenses"):
        draft.each(
            table,
            lambda record: (
                record | {"client": excerpt("client", client, record["client"])}
                if record["project"]["id"] == project["id"]
                else record
            ),
        )


def delete(draft: Draft, table: str, identity: int) -> None:
    """Delete a record, and what Harvest deletes along; LookupError if there is none.

    ValueError where Harvest refuses, because other records need it.
    """
    record = draft.find(table, identity)
    for other, key in _IN_THE_WAY.get(table, ()):
        if any(map(_belongs(key, identity), draft.records(other))):
            raise ValueError(f"record {identity} of {table} cannot be deleted: there are {other} of it")
    draft.remove(table, lambda each: bool(each["id"] == identity))
    for other, key in _ALONG.get(table, ()):
        draft.remove(other, _belongs(key, identity))
    if table == "users":
        draft.each("roles", lambda role: role | {"user_ids": [each for each in role["user_ids"] if each != identity]})
    if table == "invoices":
        release(draft, identity)
    elif table == "invoice_payments":
        settle(draft, record["invoice_id"])


def _belongs(key: str, identity: int) -> Callable[[Record], bool]:
    """Return whether a record is of the one with that id, which it embeds under `key` or names there."""

    def belongs(record: Record) -> bool:
        value = record.get(key)
        return bool((value.get("id") if isinstance(value, dict) else value) == identity)

    return belongs


def _follow(draft: Draft, table: str, record: Record) -> None:
    """Change the document of a payment or message that is new or was edited."""
    if table == "invoice_payments":
        settle(draft, record["invoice_id"])
    elif table in ("invoice_messages", "estimate_messages"):
        note_message(draft, table, record)
