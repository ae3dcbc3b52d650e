"""The messages of a client, read from bytes: "Message Formats" of PostgreSQL 15's documentation."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.protocol.messages import (
    Bind,
    CancelRequest,
    Close,
    CopyData,
    CopyDone,
    CopyFail,
    Describe,
    Execute,
    Flush,
    FunctionCall,
    GSSEncryptionRequest,
    Parse,
    Password,
    Query,
    SSLRequest,
    Startup,
    Sync,
    Terminate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harvest_duck.servers.postgres.protocol.messages import Message, Opening

__all__ = [
    "MAX_MESSAGE",
    "formats_of",
    "header",
    "message",
    "password_length",
    "startup",
    "startup_length",
]

#: The most bytes of a statement with its parameters. PostgreSQL's 1 GB would let a client fill the memory.
MAX_MESSAGE = 64 << 20
#: The limits of PostgreSQL 15: MAX_STARTUP_PACKET_LENGTH, PQ_SMALL_MESSAGE_LIMIT, PG_MAX_SASL_MESSAGE_LENGTH.
_MAX_STARTUP = 10_000
_MAX_SHORT = 10_000
_MAX_PASSWORD = 1_024
_LONG = b"QPBFd"
_SHORT = b"CDEHSXcfp"
_LENGTH = 4
_MAJOR = 3
#: What stands in the place of a version and is none (pqcomm.h).
_CANCEL, _SSL, _GSS = 80877102, 80877103, 80877104
#: PostgreSQL 18 has keys of up to 256 bytes; before it was 4.
_KEY_BYTES = range(4, 257)


def startup_length(head: bytes) -> int:
    """Return how many bytes follow the first 4 of a connection."""
    length = int.from_bytes(head, "big")
    if not 2 * _LENGTH <= length <= _MAX_STARTUP:
        raise Failure("08P01", "invalid length of startup packet", fatal=True)
    return length - _LENGTH


def header(head: bytes) -> tuple[bytes, int]:
    """Return the kind of a message and how many bytes follow, from its first 5 bytes."""
    kind = head[:1]
    if kind not in _LONG + _SHORT:
        raise Failure("08P01", f"invalid frontend message type {head[0]}", fatal=True)
    return kind, _following(head, MAX_MESSAGE if kind in _LONG else _MAX_SHORT)


def password_length(head: bytes) -> int:
    """Return how many bytes follow the first 5 of a message, where only a password may come."""
    if head[:1] != b"p":
        raise Failure("08P01", f"expected SASL response, got message type {head[0]}", fatal=True)
    return _following(head, _MAX_PASSWORD)


def _following(head: bytes, most: int) -> int:
    length = int.from_bytes(head[1:], "big")
    if not _LENGTH <= length <= most:
        raise Failure("08P01", "invalid message length", fatal=True)
    return length - _LENGTH


def startup(body: bytes) -> Opening:
    """Return what a client wants, from what follows the length of its first message."""
    try:
        return _opening(_Reader(body))
    except Failure as failure:
        raise Failure(failure.sqlstate, f"invalid startup packet: {failure.message}", fatal=True) from None


def _opening(reader: _Reader) -> Opening:
    version = reader.int32()
    if version == _CANCEL:
        process, key = reader.int32(), reader.rest()
        if len(key) not in _KEY_BYTES:
            raise Failure("08P01", "invalid length of a cancel key")
        return CancelRequest(process, key)
    if version in (_SSL, _GSS):
        reader.end()
        return SSLRequest() if version == _SSL else GSSEncryptionRequest()
    if version >> 16 != _MAJOR:
        asked = f"{version >> 16}.{version & 0xFFFF}"
        raise Failure("0A000", f"unsupported frontend protocol {asked}: server supports 3.0")
    return Startup(version, _parameters(reader))


def _parameters(reader: _Reader) -> dict[str, str]:
    parameters = {}
    while name := reader.string():
        parameters[name] = reader.string()
    reader.end()
    return parameters


def message(kind: bytes, body: bytes) -> Message:
    """Return a message of a session. What is malformed is an error of this message alone: the next one can be read."""
    reader = _Reader(body)
    read = _READERS.get(kind)
    if read is None:
        raise Failure("08P01", f"invalid frontend message type {kind[0] if kind else 0}", fatal=True)
    made = read(reader)
    reader.end()
    return made


def formats_of(formats: Sequence[int], count: int, *, complaint: str) -> tuple[int, ...]:
    """Return a format for each of `count` values, 0 for text and 1 for binary: none means text, one is for all."""
    for form in formats:
        if form not in (0, 1):
            raise Failure("22023", f"unsupported format code: {form}")
    if len(formats) <= 1:
        return (*(formats or (0,)),) * count
    if len(formats) != count:
        raise Failure("08P01", complaint)
    return tuple(formats)


def _bind(reader: _Reader) -> Bind:
    portal, statement = reader.string(), reader.string()
    formats, values = reader.int16s(), tuple(reader.value() for _ in range(reader.uint16()))
    complaint = f"bind message has {len(formats)} parameter formats but {len(values)} parameters"
    return Bind(portal, statement, formats_of(formats, len(values), complaint=complaint), values, reader.int16s())


def _parse(reader: _Reader) -> Parse:
    return Parse(reader.string(), reader.string(), tuple(reader.uint32() for _ in range(reader.uint16())))


def _of_kind(reader: _Reader, what: str) -> Literal["S", "P"]:
    kind = reader.take(1)
    if kind == b"S":
        return "S"
    if kind == b"P":
        return "P"
    raise Failure("08P01", f"invalid {what} message subtype {kind[0]}")


def _function_call(reader: _Reader) -> FunctionCall:
    reader.rest()
    return FunctionCall()


_READERS: Mapping[bytes, Callable[[_Reader], Message]] = {
    b"Q": lambda reader: Query(reader.string()),
    b"P": _parse,
    b"B": _bind,
    b"D": lambda reader: Describe(_of_kind(reader, "DESCRIBE"), reader.string()),
    b"E": lambda reader: Execute(reader.string(), max(reader.int32(), 0)),
    b"C": lambda reader: Close(_of_kind(reader, "CLOSE"), reader.string()),
    b"H": lambda _: Flush(),
    b"S": lambda _: Sync(),
    b"X": lambda _: Terminate(),
    b"p": lambda reader: Password(reader.rest()),
    b"d": lambda reader: CopyData(reader.rest()),
    b"c": lambda _: CopyDone(),
    b"f": lambda reader: CopyFail(reader.string()),
    b"F": _function_call,
}


class _Reader:
    """Takes values from the body of a message, one after the other; raises a Failure where it is too short."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        taken = self._body[self._at : self._at + count]
        if len(taken) != count:
            raise Failure("08P01", "insufficient data left in message")
        self._at += count
        return taken

    def rest(self) -> bytes:
        """Return all bytes that are left."""
        return self.take(len(self._body) - self._at)

    def int32(self) -> int:
        """Return a number with a sign."""
        return int.from_bytes(self.take(4), "big", signed=True)

    def uint32(self) -> int:
        """Return a number without a sign."""
        return int.from_bytes(self.take(4), "big")

    def uint16(self) -> int:
        """Return a number without a sign, of 2 bytes."""
        return int.from_bytes(self.take(2), "big")

    def int16s(self) -> tuple[int, ...]:
        """Return numbers of 2 bytes, whose count stands before them."""
        count = self.uint16()
        return struct.unpack(f">{count}h", self.take(2 * count))

    def value(self) -> bytes | None:
        """Return the bytes of a value, or None for NULL."""
        length = self.int32()
        if length == -1:
            return None
        if length < 0:
            raise Failure("08P01", "insufficient data left in message")
        return self.take(length)

    def string(self) -> str:
        """Return a text, which ends with a byte 0."""
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise Failure("08P01", "invalid string in message")
        raw = self._body[self._at : end]
        self._at = end + 1
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            wrong = " ".join(f"0x{byte:02x}" for byte in raw[error.start : max(error.end, error.start + 1)])
            raise Failure("22021", f'invalid byte sequence for encoding "UTF8": {wrong}') from None

    def end(self) -> None:
        """Raise a Failure if bytes are left."""
        if self._at != len(self._body):
            raise Failure("08P01", "invalid message format")
