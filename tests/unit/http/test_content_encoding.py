"""Bodies unpacked: whole and the same, or refused, with no more memory than is allowed."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from harvest_duck.http.content_encoding import LARGEST, Damaged, TooLarge, unpacked


@given(st.binary(max_size=2000), st.sampled_from(["gzip", "x-gzip", " GZIP "]))
def test_what_was_packed_comes_back(body: bytes, coding: str) -> None:
    assert unpacked(gzip.compress(body), coding, largest=LARGEST) == body


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4))
def test_members_are_one_body(parts: list[bytes]) -> None:
    assert unpacked(b"".join(map(gzip.compress, parts)), "gzip", largest=LARGEST) == b"".join(parts)


begun = isal_zlib.decompressobj


class Counted:
    """A decompressor that counts the bytes which it copies because they are behind the end of its member."""

    copied = 0

    def __init__(self, window: int) -> None:
        self._inside = begun(window)

    def decompress(self, piece: memoryview, most: int) -> bytes:
        """What the piece unpacks to."""
        unpacked_piece: bytes = self._inside.decompress(piece, most)
        Counted.copied += len(self._inside.unused_data)
        return unpacked_piece

    def __getattr__(self, name: str) -> object:
        return getattr(self._inside, name)


@pytest.mark.parametrize("part", [b"", b"{}" * 300, bytes(range(256)) * 40], ids=len)
def test_many_members_take_time_in_proportion(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """200,000 empty ones took 35 s: the rest was copied for each."""
    monkeypatch.setattr(isal_zlib, "decompressobj", Counted)
    monkeypatch.setattr(Counted, "copied", 0)
    packed = gzip.compress(part) * 2000
    assert unpacked(packed, "gzip", largest=LARGEST) == part * 2000
    assert Counted.copied < 4 * len(packed)


@pytest.mark.parametrize(
    "rest", [b"\0" * 8, b"rest" * 20, gzip.compress(b"")[:-1]], ids=["zeros", "text", "cut member"]
)
def test_what_is_no_member_behind_one_is_damage(rest: bytes) -> None:
    with pytest.raises(Damaged):
        unpacked(gzip.compress(b"{}") + rest, "gzip", largest=LARGEST)


def test_a_wrong_checksum_is_damage() -> None:
    packed = bytearray(gzip.compress(b"{}" * 100))
    packed[-5] ^= 1
    with pytest.raises(Damaged):
        unpacked(bytes(packed), "gzip", largest=LARGEST)


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
    """64 megabytes in 64 kilobytes; the whole of it would be noticed by its size."""
    deflate = zlib.compressobj(9, wbits=31)
    bomb = b"".join(deflate.compress(b"\0" * 2**20) for _ in range(64)) + deflate.flush()
    assert len(bomb) < 2**16 * 1.1
    with pytest.raises(TooLarge):
        unpacked(bomb, "gzip", largest=10_000)
