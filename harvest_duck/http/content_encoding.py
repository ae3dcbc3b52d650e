"""The body of an answer as it was before it was packed for the wire, checked to be whole and not too large.

HTTP sees nothing wrong with a packed body that ends too early, as long as the bytes are those that were announced; so
the packing is undone here, where its own end and checksum are looked at (aiohttp 3.14 does neither for gzip).

Source: RFC 9110, section 8.4; RFC 1952
"""

from __future__ import annotations

import zlib

#: The largest body that is taken, in bytes: more than 50 times that of 2,000 time entries of the sandbox, 2.3 MB.
LARGEST = 128 * 1024 * 1024

_GZIP = 31  # what zlib calls the largest window with the header and the checksum of gzip


class Damaged(ValueError):
    """A packed body that ends too early, or does not fit its checksum."""


class TooLarge(ValueError):
    """A body larger than what is taken."""


def unpacked(body: bytes, coding: str, *, largest: int) -> bytes:
    """The body that was packed by a content coding: gzip, or none at all.

    Raises `Damaged`, `TooLarge` before more than `largest` bytes are held, and LookupError for another coding.
    """
    match coding.strip().lower():
        case "" | "identity":
            return _taken(body, largest)
        case "gzip" | "x-gzip":
            return _from_gzip(body, largest)
    raise LookupError(coding)


def _from_gzip(body: bytes, largest: int) -> bytes:
    """All members of a gzip stream, one after the other."""
    members: list[bytes] = []
    left, room = body, largest
    while True:
        member = zlib.decompressobj(_GZIP)
        try:
            members.append(_taken(member.decompress(left, room + 1), room))
        except zlib.error as error:
            raise Damaged(str(error)) from error
        if not member.eof:
            raise Damaged("the gzip stream ends too early")
        room -= len(members[-1])
        left = member.unused_data
        if not left:
            return members[0] if len(members) == 1 else b"".join(members)


def _taken(body: bytes, largest: int) -> bytes:
    if len(body) > largest:
        raise TooLarge(f"more than {largest} bytes")
    return body
