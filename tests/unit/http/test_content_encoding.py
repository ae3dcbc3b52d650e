"""Bodies unpacked: whole and the same, or refused, with no more memory than is allowed."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.http.content_encoding import LARGEST, Damaged, TooLarge, unpacked


@given(st.binary(max_size=2000), st.sampled_from(["gzip", "x-gzip", " GZIP "]))
def test_what_was_packed_comes_back(body: bytes, coding: str) -> None:
    assert unpacked(gzip.compress(body), coding, largest=LARGEST) == body


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4))
def test_members_are_one_body(parts: list[bytes]) -> None:
    assert unpacked(b"".join(map(gzip.compress, parts)), "gzip", largest=LARGEST) == b"".join(parts)


@given(st.binary(max_size=500), st.data())
def test_a_stream_that_is_cut_anywhere_is_damaged(body: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(body)
    with pytest.raises(Damaged):
        unpacked(packed[: data.draw(st.integers(0, len(packed) - 1))], "gzip", largest=LARGEST)


@given(st.binary(min_size=1, max_size=500), st.data())
def test_a_changed_byte_is_noticed_or_changes_nothing(body: bytes, data: st.DataObject) -> None:
    """A few bits of the header of gzip mean nothing."""
    packed = bytearray(gzip.compress(body))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(Damaged):
        assert unpacked(bytes(packed), "gzip", largest=LARGEST) == body


@pytest.mark.parametrize("coding", ["", "identity"])
def test_a_body_that_is_not_packed_is_itself(coding: str) -> None:
    assert unpacked(b"{}", coding, largest=LARGEST) == b"{}"


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "\x1b[31m"])
def test_another_coding_is_not_guessed_at(coding: str) -> None:
    with pytest.raises(LookupError):
        unpacked(b"{}", coding, largest=LARGEST)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_as_much_as_is_allowed_is_taken_and_not_a_byte_more(coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else bytes
    assert unpacked(pack(b"x" * 1000), coding, largest=1000) == b"x" * 1000
    with pytest.raises(TooLarge):
        unpacked(pack(b"x" * 1001), coding, largest=1000)
    with pytest.raises(TooLarge):
        unpacked(pack(b"x" * 600) * 2, coding, largest=1000)


def test_a_bomb_is_not_unpacked() -> None:
    """A gigabyte in a megabyte; the whole of it would be noticed by its size."""
    deflate = zlib.compressobj(9, wbits=31)
    bomb = b"".join(deflate.compress(b"\0" * 2**20) for _ in range(1024)) + deflate.flush()
    assert len(bomb) < 2**20 * 1.1
    with pytest.raises(TooLarge):
        unpacked(bomb, "gzip", largest=10_000)
