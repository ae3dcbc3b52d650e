"""The member of a body that lists its records, where Harvest's name for it is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Table

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def keyed(body: bytes, table: Table) -> bytes:
    """Return the body with its one list under the key that the catalog guessed; as it is where that is not needed.

    It is also as it is where it has no list or several, or is no JSON object: the readers refuse it then.
    """
    key = table.body_key
    if not table.body_key_guessed or key is None:
        return body
    try:
        members = _MEMBERS.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return body
    lists = [name for name, value in members.items() if bytes(value).lstrip().startswith(b"[")]
    if key in lists or len(lists) != 1:
        return body
    records = members.pop(lists[0])
    return msgspec.json.encode(members | {key: records})
