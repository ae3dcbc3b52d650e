"""What happens to the records of a table while somebody reads it: one more, one less, one changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.sandbox.faults.schedule import Kind, Touched

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from harvest_duck.sandbox.wire import Record

#: What a change gives a new text, in the tables that have it.
_TEXTS = ("notes", "name", "first_name", "description", "subject", "client_key")

#: More than there are ids of line items.
_APART = 1_000_000_000


def changed(
    kind: Kind, table: str, records: list[Record], dice: Random, now: datetime
) -> tuple[list[Record], Touched] | None:
    """The records of `table` after a change at the moment `now`, and what it was; None where there is none to change.

    What is new or changed says so by `updated_at`, as Harvest's records do.
    """
    if not records or "id" not in records[0]:
        return None
    place = dice.randrange(len(records))
    old = records[place]
    moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    match kind:
        case Kind.INSERTED:
            identity = max(record["id"] for record in records) + 1 + dice.randrange(100)
            new = _apart(old) | {"id": identity, "created_at": moment, "updated_at": moment}
            return [*records, new], Touched(table, identity, None, new)
        case Kind.DELETED:
            return [*records[:place], *records[place + 1 :]], Touched(table, old["id"], old, None)
        case _:
            texts = {key: f"changed {dice.randrange(1000)}" for key in _TEXTS if key in old}
            new = old | texts | {"updated_at": moment}
            return [*records[:place], new, *records[place + 1 :]], Touched(table, old["id"], old, new)


def _apart(record: Record) -> Record:
    """A copy whose own items have ids that no others have."""
    items = record.get("line_items")
    return record | {"line_items": [item | {"id": item["id"] + _APART} for item in items]} if items else dict(record)
