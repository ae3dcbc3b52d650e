from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.wire_client import framed, text

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.protocol import frontend
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
    Message,
    Opening,
    Parse,
    Password,
    Query,
    SSLRequest,
    Startup,
    Sync,
    Terminate,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ONE = b"\0\0\0\x01"
NULL = b"\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("kind", "body", "read"),
    [
        ("Q", text("SELECT 'é'"), Query("SELECT 'é'")),
        ("P", b"s\0SELECT $1\0\0\x02\0\0\0\x17\0\0\0\0", Parse("s", "SELECT $1", (23, 0))),
        ("B", b"p\0s\0\0\0\0\0\0\0", Bind("p", "s", (), (), ())),
        ("B", b"\0\0\0\0\0\x02" + ONE + b"a" + NULL + b"\0\x01\0\x01", Bind("", "", (0, 0), (b"a", None), (1,))),
        ("B", b"\0\0\0\x01\0\x01\0\x02" + ONE + b"a\0\0\0\0\0\0", Bind("", "", (1, 1), (b"a", b""), ())),
        ("D", b"Ss\0", Describe("S", "s")),
        ("D", b"P\0", Describe("P", "")),
        ("E", b"p\0\0\0\x01\0", Execute("p", 256)),
        ("E", b"p\0\xff\xff\xff\xff", Execute("p", 0)),
        ("C", b"Pp\0", Close("P", "p")),
        ("H", b"", Flush()),
        ("S", b"", Sync()),
        ("X", b"", Terminate()),
        ("p", b"any\0thing", Password(b"any\0thing")),
        ("d", b"1\t2\n", CopyData(b"1\t2\n")),
        ("c", b"", CopyDone()),
        ("f", b"no\0", CopyFail("no")),
        ("F", b"\0\0\0\x01", FunctionCall()),
    ],
)
def test_a_message_is_read(kind: str, body: bytes, read: Message) -> None:
    head = framed(kind, body)[:5]
    assert frontend.header(head) == (kind.encode(), len(body))
    assert frontend.message(kind.encode(), body) == read


@pytest.mark.parametrize(
    ("kind", "body", "sqlstate", "told"),
    [
        ("Q", b"SELECT 1", "08P01", "invalid string in message"),
        ("Q", b"SELECT 1\0x", "08P01", "invalid message format"),
        ("Q", b"SELECT '\xe9'\0", "22021", 'invalid byte sequence for encoding "UTF8": 0xe9'),
        ("Q", b"\xed\xa0\x80\0", "22021", 'invalid byte sequence for encoding "UTF8": 0xed'),
        ("P", b"\0\0\0\x02\0\0\0\x17", "08P01", "insufficient data left in message"),
        ("B", b"\0\0\0\0\0\x01" + ONE, "08P01", "insufficient data left in message"),
        ("B", b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0", "08P01", "insufficient data left in message"),
        ("B", b"\0\0\0\x01\0\x02\0\0\0\0", "22023", "unsupported format code: 2"),
        (
            "B",
            b"\0\0\0\x02\0\0\0\x01\0\x01" + NULL + b"\0\0",
            "08P01",
            "bind message has 2 parameter formats but 1 parameters",
        ),
        ("D", b"X\0", "08P01", "invalid DESCRIBE message subtype 88"),
        ("C", b"s\0", "08P01", "invalid CLOSE message subtype 115"),
        ("E", b"p\0\0\0", "08P01", "insufficient data left in message"),
        ("S", b"x", "08P01", "invalid message format"),
    ],
)
def test_what_is_malformed_ends_one_message_and_not_the_session(
    kind: str, body: bytes, sqlstate: str, told: str
) -> None:
    with pytest.raises(Failure) as caught:
        frontend.message(kind.encode(), body)
    assert (caught.value.sqlstate, caught.value.message, caught.value.fatal) == (sqlstate, told, False)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"q\0\0\0\x04", "invalid frontend message type 113"),
        (b"\0\0\0\0\x04", "invalid frontend message type 0"),
        (b"Q\0\0\0\x03", "invalid message length"),
        (b"Q\x7f\xff\xff\xff", "invalid message length"),
        (b"S\0\0\x40\0", "invalid message length"),
    ],
)
def test_a_message_of_an_unknown_kind_or_an_unfit_length_ends_the_session(head: bytes, told: str) -> None:
    with pytest.raises(Failure) as caught:
        frontend.header(head)
    assert (caught.value.sqlstate, caught.value.message, caught.value.fatal) == ("08P01", told, True)


def test_before_the_user_is_known_only_a_short_password_is_taken() -> None:
    assert frontend.password_length(b"p\0\0\0\x20") == 28
    for head in (b"Q\0\0\0\x20", b"p\0\0\x10\0", b"p\0\0\0\0"):
        with pytest.raises(Failure) as caught:
            frontend.password_length(head)
        assert caught.value.fatal


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b"\0\x03\0\0user\0ada\0database\0acme\0\0", Startup(3 << 16, {"user": "ada", "database": "acme"})),
        (b"\0\x03\0\x02user\0\0_pq_.x\0y\0\0", Startup((3 << 16) + 2, {"user": "", "_pq_.x": "y"})),
        (b"\x04\xd2\x16\x2f", SSLRequest()),
        (b"\x04\xd2\x16\x30", GSSEncryptionRequest()),
        (b"\x04\xd2\x16\x2e\0\0\x04\0abcd", CancelRequest(1024, b"abcd")),
    ],
)
def test_the_first_message_is_read(body: bytes, read: Opening) -> None:
    assert frontend.startup_length((len(body) + 4).to_bytes(4, "big")) == len(body)
    assert frontend.startup(body) == read


def test_the_protocols_own_options_and_its_minor_version_are_told() -> None:
    asked = frontend.startup(b"\0\x03\0\x02user\0ada\0_pq_.x\0y\0\0")
    assert isinstance(asked, Startup)
    assert (asked.minor, asked.options) == (2, ("_pq_.x",))


@pytest.mark.parametrize(
    ("body", "sqlstate", "told"),
    [
        (b"\0\x02\0\0", "0A000", "unsupported frontend protocol 2.0: server supports 3.0"),
        (b"\0\x03\0\0user\0ada\0", "08P01", "invalid string in message"),
        (b"\0\x03\0\0user\0ada\0\0x", "08P01", "invalid message format"),
        (b"\0\x03\0\0user\0\xff\0\0", "22021", 'invalid byte sequence for encoding "UTF8": 0xff'),
        (b"\x04\xd2\x16\x2fx", "08P01", "invalid message format"),
        (b"\x04\xd2\x16\x2e\0\0\0\0", "08P01", "invalid length of a cancel key"),
    ],
)
def test_a_malformed_first_message_ends_the_session(body: bytes, sqlstate: str, told: str) -> None:
    with pytest.raises(Failure) as caught:
        frontend.startup(body)
    assert (caught.value.sqlstate, caught.value.fatal) == (sqlstate, True)
    assert caught.value.message == f"invalid startup packet: {told}"


@pytest.mark.parametrize("length", [0, 7, 10_001, 0x47455420])
def test_a_first_message_of_an_unfit_length_ends_the_session(length: int) -> None:
    with pytest.raises(Failure, match="invalid length of startup packet"):
        frontend.startup_length(length.to_bytes(4, "big"))


@settings(deadline=None, max_examples=share(300))
@given(st.sampled_from(sorted("QPBDECHSXpdcfF?")), st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_failure(kind: str, body: bytes) -> None:
    assert all(
        told.isprintable()
        for told in (_failure(frontend.message, kind.encode(), body), _failure(frontend.startup, body))
    )


def _failure(read: Callable[..., object], *given: bytes) -> str:
    """Return what is told of the bytes, or nothing where they are read."""
    try:
        read(*given)
    except Failure as failure:
        return failure.message
    return ""
