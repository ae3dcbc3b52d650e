"""Decompresses the body of an answer, and checks that it is whole and not too large.

HTTP accepts a compressed body that ends too early, as long as its length is the announced one. So it is decompressed
here, where the end and the checksum of the gzip stream are checked (aiohttp 3.14 checks neither).

Source: RFC 9110, section 8.4; RFC 1952
"""

from __future__ import annotations

from isal import isal_zlib

#: The largest body that is accepted, in bytes: more than 50 times that of 2,000 time entries of the sandbox, 2.3 MB.
LARGEST = 128 * 1024 * 1024

_GZIP = 31  # the largest window, with the header and the checksum of gzip
#: Bytes of the first piece that is given to a member which follows another one.
_PIECE = 64


class Damaged(ValueError):
    """A compressed body that ends too early, or does not match its checksum."""


class TooLarge(ValueError):
    """A body that is larger than allowed."""


def unpacked(body: bytes, coding: str, *, largest: int) -> bytes:
    """Return the decompressed body; `coding` is gzip or empty.

    Raises `Damaged`, `TooLarge` before more than `largest` bytes are held, and LookupError for another coding.
    """
    match coding.strip().lower():
        case "" | "identity":
            return _limited(body, largest)
        case "gzip" | "x-gzip":
            return _from_gzip(body, largest)
    raise LookupError(coding)


def _from_gzip(body: bytes, largest: int) -> bytes:
    """Return all members of a gzip stream, one after the other."""
    packed, parts = memoryview(body), []
    # All at once, since nearly every body is one member.
    at, room, piece = 0, largest, len(body)
    while True:
        member = isal_zlib.decompressobj(_GZIP)
        # What a piece has behind the end of its member is copied. So pieces begin small, and double within a member:
        # the copies together are then no longer than the body.
        while at < len(packed) and not member.eof:
            given = packed[at : at + piece]
            parts.append(_inflated(member, given, room))
            room -= len(parts[-1])
            at += len(given) - len(member.unused_data)
            piece *= 2
        if not member.eof:
            raise Damaged("the gzip stream ends too early")
        if at == len(packed):
            return parts[0] if len(parts) == 1 else b"".join(parts)
        piece = _PIECE


def _inflated(member: isal_zlib.Decompress, piece: memoryview, room: int) -> bytes:
    try:
        return _limited(member.decompress(piece, room + 1), room)
    except isal_zlib.error as error:
        raise Damaged(str(error)) from error


def _limited(body: bytes, largest: int) -> bytes:
    if len(body) > largest:
        raise TooLarge(f"more than {largest} bytes")
    return body
