"""Decompresses the body of an answer, and checks that it is whole and not too large.

HTTP accepts a compressed body that ends too early, as long as its length is the announced one. So it is decompressed
here, where the end and the checksum of the gzip stream are checked (aiohttp 3.14 checks neither).

Source: RFC 9110, section 8.4; RFC 1952
"""

from __future__ import annotations

import zlib

#: The largest body that is accepted, in bytes: more than 50 times that of 2,000 time entries of the sandbox, 2.3 MB.
LARGEST = 128 * 1024 * 1024

_GZIP = 31  # zlib: the largest window, with the header and the checksum of gzip


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
    members: list[bytes] = []
    left, room = body, largest
    while True:
        member = zlib.decompressobj(_GZIP)
        try:
            members.append(_limited(member.decompress(left, room + 1), room))
        except zlib.error as error:
            raise Damaged(str(error)) from error
        if not member.eof:
            raise Damaged("the gzip stream ends too early")
        room -= len(members[-1])
        left = member.unused_data
        if not left:
            return members[0] if len(members) == 1 else b"".join(members)


def _limited(body: bytes, largest: int) -> bytes:
    if len(body) > largest:
        raise TooLarge(f"more than {largest} bytes")
    return body
