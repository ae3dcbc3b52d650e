"""The member of a body that lists its records, where Harvest's name for it is not known."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from typing import TYPE_CHECKING

import msgspec

from harvest_duck.decoder.raw_records import parts

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
    members = _texts(body.removeprefix(BOM_UTF8).strip())
    lists = [name for name, text in members.items() if text.startswith(b"[")]
    if key in lists or len(lists) != 1:
        return body
    members[key] = members.pop(lists[0])
    return b"{%s}" % b",".join(json.dumps(name).encode() + b":" + text for name, text in members.items())


def _texts(body: bytes) -> dict[str, bytes]:
    """Return the text of each member of a body, none where it is no JSON object."""
    try:
        return {name: bytes(text).strip() for name, text in _MEMBERS.decode(body).items()}
    except (msgspec.MsgspecError, RecursionError):
        pass
    try:
        # It reads half a surrogate pair, and any depth, which msgspec refuses.
        return {name: text.encode() for name, text in parts(body.decode())}
    except ValueError:
        return {}
