"""Who may begin a session of the PostgreSQL server, by TLS and SCRAM-SHA-256, from raw messages to real clients.

A client that is known asks for a database that there is not, and hears so: none has to be opened for that.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import struct
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from support.clocks import PATIENCE_S
from support.real_postgres import REQUIRED, client, program
from support.wire_client import Scram, WireClient, WireError, fields_of

from harvest_duck.servers.postgres.server import PostgresServer
from harvest_duck.servers.postgres.session import registry, session
from harvest_duck.servers.postgres.sign_in.certificates import server_context, tls_server_end_point
from harvest_duck.servers.postgres.sign_in.password_file import Users
from harvest_duck.servers.postgres.sign_in.scram import verifier
from harvest_duck.servers.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse"
KNOWN = ("3D000", 'database "nowhere" does not exist')
INVALID = "invalid startup packet"
#: A soft hyphen, which SASLprep leaves out.
SOFT = "I\xadX"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A folder with the files of a certificate, and how a client trusts it."""
    folder, trusted = tmp_path_factory.mktemp("tls"), trustme.CA()
    issued = trusted.issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    trusted.cert_pem.write_to_path(str(folder / "root.pem"))
    context = ssl.create_default_context()
    trusted.configure_trust(context)
    return folder, context


@pytest.fixture(scope="module")
def port(authority: tuple[Path, ssl.SSLContext]) -> Iterator[int]:
    """The port of a server with TLS and two users."""
    certificate = authority[0] / "server.pem"
    users = Users({"ada": verifier(PASSWORD, iterations=10), "soft": verifier(SOFT, iterations=10)})
    with PostgresServer(
        [Served("office", "DSN=sandbox")],
        port=0,
        users=users,
        tls=server_context(certificate),
        certificate_hash=tls_server_end_point(certificate),
    ) as server:
        yield server.port


def refusal(port: int, user: str = "ada", password: str | None = PASSWORD, **given: Any) -> tuple[str, str]:
    """How a session that cannot begin ends."""
    with pytest.raises(WireError) as caught:
        WireClient(port, user, "nowhere", password=password, **given)
    assert caught.value.fields["S"] == caught.value.fields["V"] == "FATAL"
    return caught.value.sqlstate, caught.value.message


def unnamed(port: int) -> WireClient:
    """A client that has said who it is, and was asked for a password."""
    raw = WireClient(port, None)
    raw.send_startup({"user": "ada", "database": "nowhere"})
    assert raw.read_message().kind == "R"
    return raw


def last_words(raw: WireClient) -> tuple[str, str]:
    """The error that ends a session."""
    with closing(raw.socket):
        message = raw.read_message()
        assert message.kind == "E"
        assert raw.at_end()
    fields = fields_of(message.body)
    assert fields["S"] == "FATAL"
    return fields["C"], fields["M"]


def test_who_knows_the_password_is_let_in(port: int) -> None:
    assert refusal(port) == KNOWN
    assert refusal(port, "soft", "IX") == KNOWN


@pytest.mark.parametrize(("user", "password"), [("ada", "wrong"), ("ada", ""), ("eve", PASSWORD), ("Ada", PASSWORD)])
def test_who_does_not_is_refused_whether_there_is_such_a_user_or_not(port: int, user: str, password: str) -> None:
    assert refusal(port, user, password) == ("28P01", f'password authentication failed for user "{user}"')


def test_nobody_can_tell_a_user_by_the_question(port: int) -> None:
    """A user that there is not has the same salt each time, and as many iterations."""
    asked = []
    for user in ("eve", "eve", "ada", "mallory"):
        raw = WireClient(port, None)
        raw.send_startup({"user": user})
        raw.read_message()
        first = Scram("x").first()
        raw.send("p", b"SCRAM-SHA-256\0" + len(first).to_bytes(4, "big") + first)
        asked.append(dict(part.split("=", 1) for part in raw.read_message().body[4:].decode().split(",")))
        raw.socket.close()
    assert asked[0]["s"] == asked[1]["s"] != asked[3]["s"]
    assert {len(each["s"]) for each in asked} == {24}
    assert {each["i"] for each in asked} == {"10"}
    assert len({each["r"] for each in asked}) == 4


def test_sessions_that_begin_while_a_password_is_asked_for_count(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, scram = WireClient(port, None), Scram(PASSWORD)
    raw.send_startup({"user": "ada", "database": "office"})
    raw.read_message()
    # As if as many as there may be had signed in by now.
    monkeypatch.setattr(registry, "MOST_SESSIONS", 0)
    raw.send("p", b"SCRAM-SHA-256\0" + len(scram.first()).to_bytes(4, "big") + scram.first())
    raw.send("p", scram.final(raw.read_message().body[4:]))
    assert [raw.read_message().kind for _ in range(2)] == ["R", "R"]
    assert last_words(raw) == ("53300", "sorry, too many clients already")


def test_over_tls_the_proof_is_bound_to_the_certificate(port: int, authority: tuple[Path, ssl.SSLContext]) -> None:
    assert refusal(port, tls=authority[1]) == KNOWN
    assert refusal(port, password="wrong", tls=authority[1])[0] == "28P01"


def test_who_stands_between_client_and_server_gets_nowhere(port: int, authority: tuple[Path, ssl.SSLContext]) -> None:
    """With a certificate of its own it cannot pass the proof on, nor hide that the server asks for more."""
    raw = WireClient(port, None, tls=authority[1])
    raw.send_startup({"user": "ada"})
    assert raw.read_message().body[4:] == b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
    scram = Scram(PASSWORD)
    scram.bind(b"m" * 32)
    raw.send("p", b"SCRAM-SHA-256-PLUS\0" + struct.pack(">i", len(scram.first())) + scram.first())
    raw.send("p", scram.final(raw.read_message().body[4:]))
    assert last_words(raw) == ("28000", "SCRAM channel binding check failed")
    raw = WireClient(port, None, tls=authority[1])
    raw.send_startup({"user": "ada"})
    raw.read_message()
    hidden = Scram(PASSWORD, header="y,,").first()
    raw.send("p", b"SCRAM-SHA-256\0" + struct.pack(">i", len(hidden)) + hidden)
    assert last_words(raw) == ("28000", "SCRAM channel binding negotiation error")


def test_without_tls_no_binding_is_offered(port: int) -> None:
    raw = WireClient(port, None)
    raw.send_startup({"user": "ada"})
    assert raw.read_message().body[4:] == b"SCRAM-SHA-256\0\0"
    raw.socket.close()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"Q\0\0\0\x0dSELECT 1\0", "expected SASL response, got message type 81"),
        (b"X\0\0\0\x04", "expected SASL response, got message type 88"),
        (b"p\0\0\x04\x05", "invalid message length"),
        (b"p\x7f\xff\xff\xff", "invalid message length"),
        (b"p\0\0\0\x08abcd", "client selected an invalid SASL authentication mechanism"),
        (b"p\0\0\0\x12SCRAM-SHA-256\0", "malformed SCRAM message"),
        (b"p\0\0\0\x0csecret\0\0", "client selected an invalid SASL authentication mechanism"),
    ],
)
def test_nothing_but_a_password_is_taken_before_the_user_is_known(port: int, sent: bytes, told: str) -> None:
    raw = unnamed(port)
    raw.send_raw(sent)
    assert last_words(raw) == ("08P01", told)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (struct.pack(">i", 10_001), "invalid length of startup packet"),
        (b"GET / HTTP/1.1\r\n\r\n", "invalid length of startup packet"),
        (struct.pack(">ii", 8, 2 << 16), f"{INVALID}: unsupported frontend protocol 2.0: server supports 3.0"),
        (struct.pack(">ii", 13, 3 << 16) + b"user\0", f"{INVALID}: invalid string in message"),
        (struct.pack(">ii", 9, 3 << 16) + b"\0", "no PostgreSQL user name specified in startup packet"),
    ],
)  # fmt: skip
def test_a_first_message_that_is_none_ends_the_session(port: int, sent: bytes, told: str) -> None:
    raw = WireClient(port, None)
    raw.send_raw(sent)
    assert last_words(raw)[1] == told


def test_what_was_sent_in_plain_text_before_tls_is_not_read_in_it(port: int) -> None:
    """What somebody between the two put there would be taken for the client's (CVE-2021-23214)."""
    raw = WireClient(port, None)
    raw.send_raw(struct.pack(">ii", 8, 80877103) + struct.pack(">ii", 9, 3 << 16) + b"\0")
    assert raw.read_exactly(1) == b"S"
    assert last_words(raw)[1] == "received unencrypted data after SSL request"


def test_encryption_that_there_is_not_is_declined(port: int) -> None:
    raw = WireClient(port, None)
    raw.send_raw(struct.pack(">ii", 8, 80877104))
    assert raw.read_exactly(1) == b"N"
    raw.send_startup({"user": "ada"})
    assert raw.read_message().kind == "R"
    raw.socket.close()


def test_a_cancel_request_of_a_stranger_is_not_answered(port: int) -> None:
    raw = WireClient(port, None)
    raw.send_raw(struct.pack(">iii", 16, 80877102, 1) + b"abcd")
    assert raw.at_end()
    raw.socket.close()


def test_who_does_not_say_who_it_is_in_time_is_sent_away(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SIGN_IN_S", 0.01)
    assert last_words(WireClient(port, None)) == ("57014", "canceling authentication due to timeout")


needs_clients = pytest.mark.skipif(not REQUIRED, reason="the database is opened where real clients are required")


@needs_clients
@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_psql_signs_in(port: int, authority: tuple[Path, ssl.SSLContext], binding: str) -> None:
    root = authority[0] / "root.pem"
    given = f"host=localhost port={port} user=ada dbname=office channel_binding={binding}"
    for encryption in ("sslmode=disable", f"sslmode=verify-full sslrootcert={root}"):
        command = [program("psql"), "--no-psqlrc", "-Atc", "SELECT current_user", f"{given} {encryption}"]
        for password, printed in ((PASSWORD, "ada\n"), ("wrong", "")):
            done = subprocess.run(
                command, env=os.environ | {"PGPASSWORD": password}, capture_output=True, text=True,
                timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            if binding == "require" and encryption == "sslmode=disable":
                assert "channel binding required, but SSL not in use" in done.stderr
            else:
                assert done.stdout == printed, done.stderr
                assert ("password authentication failed" in done.stderr) == (not printed)


@needs_clients
def test_psycopg_prepares_a_password_as_the_server_does(port: int) -> None:
    for password in ("IX", SOFT):
        with client("psycopg").connect(
            host="127.0.0.1", port=port, user="soft", password=password, dbname="office"
        ) as con:
            assert con.execute("SELECT 1").fetchone() == (1,)


@needs_clients
def test_asyncpg_signs_in(port: int, authority: tuple[Path, ssl.SSLContext]) -> None:
    asyncpg = client("asyncpg")

    async def ask(**given: Any) -> Any:
        con = await asyncpg.connect(host="localhost", port=port, user="ada", database="office", **given)
        try:
            return await con.fetchval("SELECT 1")
        finally:
            await con.close()

    assert asyncio.run(ask(password=PASSWORD)) == 1
    assert asyncio.run(ask(password=PASSWORD, ssl=authority[1])) == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(ask(password="wrong"))
