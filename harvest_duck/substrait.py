"""The wire form of an Arrow expression, read as nested messages.

pyarrow hands an expression out only as a serialised Substrait `ExtendedExpression`. The generated message classes on
PyPI have dropped the fields that pyarrow still writes for timestamps and times (substrait 0.37 reads such a literal as
empty), so this module reads the protobuf wire format itself: four kinds of fields, no schema. `pushdown` knows what the
field numbers mean.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Field", "Message", "signed"]

Field = int | bytes

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Message:
    """One protobuf message: its fields by number, repeated ones in order."""

    def __init__(self, body: bytes) -> None:
        self._fields: Mapping[int, list[Field]] = _fields(body)

    def has(self, number: int) -> bool:
        """Whether the field was written."""
        return number in self._fields

    def integer(self, number: int) -> int:
        """The last value of an integer field, 0 where it was not written; ValueError when it is no integer."""
        value = self._fields[number][-1] if self.has(number) else 0
        if not isinstance(value, int):
            raise ValueError(f"field {number} is no integer")
        return value

    def raw(self, number: int) -> bytes:
        """The last value of a length-delimited field, empty where it was not written; ValueError when it is none."""
        value = self._fields[number][-1] if self.has(number) else b""
        if not isinstance(value, bytes):
            raise ValueError(f"field {number} is no bytes")
        return value

    def text(self, number: int) -> str:
        """The field as UTF-8 text."""
        return self.raw(number).decode()

    def message(self, number: int) -> Message:
        """The last message of the field; an empty one where it was not written."""
        return Message(self.raw(number))

    def messages(self, number: int) -> list[Message]:
        """Every message of a repeated field."""
        return [Message(value) for value in self._fields.get(number, ()) if isinstance(value, bytes)]

    def numbers(self) -> frozenset[int]:
        """The numbers of the fields that were written."""
        return frozenset(self._fields)


def signed(value: int) -> int:
    """A varint of an `int32` or `int64` field as a signed number."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _fields(body: bytes) -> Mapping[int, list[Field]]:
    found: defaultdict[int, list[Field]] = defaultdict(list)
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        number, kind = tag >> 3, tag & 7
        value: Field
        if kind == _VARINT:
            value, at = _varint(body, at)
        elif kind == _BYTES:
            size, at = _varint(body, at)
            value, at = body[at : at + size], at + size
        elif kind == _FIXED64:
            value, at = struct.unpack_from("<Q", body, at)[0], at + 8
        elif kind == _FIXED32:
            value, at = struct.unpack_from("<I", body, at)[0], at + 4
        else:
            raise ValueError(f"protobuf wire type {kind}")
        found[number].append(value)
    if at > len(body):
        raise ValueError("protobuf message is cut short")
    return dict(found)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(body):
            raise ValueError("protobuf varint is cut short")
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return value, at
        shift += 7
