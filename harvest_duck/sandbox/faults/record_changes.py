"""Change the records of a table while a client reads it: insert, delete or update one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.sandbox.faults.schedule import Kind, RecordChange

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from harvest_duck.sandbox.wire import Record

#: The fields that an update sets to a new text, in the tables that have them.
_TEXTS = ("notes", "name", "first_name", "description", "subject", "client_key")

#: Larger than the number of line items, so that the ids of copied items are new.
_ITEM_ID_OFFSET = 1_000_000_000


def changed_records(
    kind: Kind, table: str, records: list[Record], rng: Random, now: datetime
) -> tuple[list[Record], RecordChange] | None:
    """Return the records of `table` after a change at the moment `now`, and that change; None where there are no ids.

    A new or updated record has `now` as its `updated_at`, as in Harvest.
    """
    if not records or "id" not in records[0]:
        return None
    place = rng.randrange(len(records))
    old = records[place]
    moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    match kind:
        case Kind.INSERTED:
            identity = max(record["id"] for record in records) + 1 + rng.randrange(100)
            new = _with_new_item_ids(old) | {"id": identity, "created_at": moment, "updated_at": moment}
            return [*records, new], RecordChange(table, identity, None, new)
        case Kind.DELETED:
            return [*records[:place], *records[place + 1 :]], RecordChange(table, old["id"], old, None)
        case _:
            texts = {key: f"changed {rng.randrange(1000)}" for key in _TEXTS if key in old}
            new = old | texts | {"updated_at": moment}
            return [*records[:place], new, *records[place + 1 :]], RecordChange(table, old["id"], old, new)


def _with_new_item_ids(record: Record) -> Record:
    """Return a copy whose line items have ids that no other line item has."""
    items = record.get("line_items")
    if not items:
        return dict(record)
    return record | {"line_items": [item | {"id": item["id"] + _ITEM_ID_OFFSET} for item in items]}
