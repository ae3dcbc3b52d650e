"""Read the metadata of an Arrow schema, as a list of pairs, from the flatbuffer of its IPC message.

pyarrow shows metadata only as a dict, which keeps one value for each key. A serialised expression is a list of pairs
whose keys recur, so it is read here. This module knows three tables of the format, by field number, and skips the rest.

Source: https://github.com/apache/arrow/blob/apache-arrow-18.1.0/format/Message.fbs, Schema.fbs beside it, and
https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_SCHEMA = 1  # the kind of message

_BYTE = struct.Struct("<B")
_OFFSET = struct.Struct("<H")
_DISTANCE = struct.Struct("<I")
_BACK = struct.Struct("<i")


def metadata(message: bytes) -> list[tuple[str, str]]:
    """Return the metadata of the schema in `message`, in the order written; ValueError if it holds no schema."""
    whole = _Table(message, _number(message, 0))
    schema = whole.table(2)
    kind = whole.at(1)
    if schema is None or kind is None or _number(message, kind, _BYTE) != _SCHEMA:
        raise ValueError("the message holds no schema")
    return [(pair.text(0), pair.text(1)) for pair in schema.tables(2)]


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a flatbuffer, at the offset `start` of `body`."""

    body: bytes
    start: int

    def at(self, field: int) -> int | None:
        """Return the offset of a field, None where it was not written."""
        offsets = self.start - _number(self.body, self.start, _BACK)
        slot = 4 + 2 * field
        if slot >= _number(self.body, offsets, _OFFSET):
            return None
        distance = _number(self.body, offsets + slot, _OFFSET)
        return self.start + distance if distance else None

    def table(self, field: int) -> _Table | None:
        """Return the table that a field refers to, None where it was not written."""
        at = self.at(field)
        return None if at is None else _Table(self.body, _followed(self.body, at))

    def tables(self, field: int) -> list[_Table]:
        """Return the tables of a vector, none where it was not written."""
        at = self.at(field)
        if at is None:
            return []
        vector = _followed(self.body, at)
        places = range(vector + 4, vector + 4 + 4 * _number(self.body, vector), 4)
        return [_Table(self.body, _followed(self.body, place)) for place in places]

    def text(self, field: int) -> str:
        """Return the text of a field, empty where it was not written."""
        at = self.at(field)
        if at is None:
            return ""
        start = _followed(self.body, at)
        end = start + 4 + _number(self.body, start)
        if end > len(self.body):
            raise ValueError("the flatbuffer is cut short")
        return self.body[start + 4 : end].decode()


def _followed(body: bytes, at: int) -> int:
    return at + _number(body, at)


def _number(body: bytes, at: int, form: struct.Struct = _DISTANCE) -> int:
    if at < 0 or at + form.size > len(body):
        raise ValueError("the flatbuffer is cut short")
    (number,) = form.unpack_from(body, at)
    return int(number)
