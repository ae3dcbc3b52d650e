"""What the server answers to series of messages: the same as a real PostgreSQL 15, whose answers stand here.

A step is a letter of the protocol and what the message holds. An answer is the letters of the messages that came, with
the code of an error (E) or a notice (N), the tag of a command (C), the types of parameters (t), the number of columns
(T), and the state of the transaction (Z).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from support.paths import TESTS
from support.real_postgres import USER, RealPostgres, real_postgres
from support.run_size import some_of_postgres
from support.wire_client import WireClient, columns_of, fields_of, text, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.wire_client import Message

    from harvest_duck.servers.postgres.server import PostgresServer

__all__ = ["real_postgres"]

_END = "the end of a case"


def _cases() -> dict[str, tuple[list[str], str]]:
    """The messages and the answers of each case, by its name."""
    written = (TESTS / "data" / "postgres_transcripts.txt").read_text("utf-8")
    blocks = [block.splitlines() for block in written.split("\n\n")[1:]]
    return {
        name: ([line[2:] for line in lines if line.startswith(">")], lines[-1].removeprefix("<").strip())
        for name, *lines in blocks
    }


CASES = _cases()


def send(client: WireClient, step: str) -> None:
    """Send one message."""
    kind, _, rest = step.partition(" ")
    parts = rest.split("|")
    match kind:
        case "Q" | "f":
            client.send(kind, text(rest))
        case "P":
            client.parse(parts[1], name=parts[0], types=[int(oid) for oid in parts[2:]])
        case "B":
            client.bind(parts[2:], portal=parts[0], statement=parts[1])
        case "B1":
            client.bind([], portal=parts[0], statement=parts[1], result_formats=[int(each) for each in parts[2:]])
        case "D" | "C":
            client.send(kind, parts[0].encode() + text(parts[1]))
        case "E":
            client.execute(int(parts[1]), portal=parts[0])
        case "F":
            client.send("F", struct.pack(">ihhh", 0, 0, 0, 0))
        case _:
            client.send(kind, rest.encode())


def transcript(client: WireClient, steps: list[str]) -> str:
    """What is answered to the steps, up to a last statement that no case has."""
    for step in steps:
        send(client, step)
    client.send("S")
    client.send("Q", text(f"SELECT '{_END}'"))
    answers: list[str] = []
    while True:
        message = client.read_message()
        if message.kind == "D" and values_of(message.body) == [_END.encode()]:
            client.until_ready()
            break
        answers.append(_shown(message))
    # Before it stand the answer to Sync and the columns of the last statement.
    return " ".join(answers[:-2])


def _shown(message: Message) -> str:
    body = message.body
    match message.kind:
        case "E" | "N":
            return f"{message.kind}({fields_of(body)['C']})"
        case "C":
            return f"C({body[:-1].decode()})"
        case "t":
            return f"t{[oid for (oid,) in struct.iter_unpack('>I', body[2:])]}"
        case "T":
            return f"T({len(columns_of(body))})"
        case "Z":
            return f"Z{body.decode()}"
        case kind:
            return kind


@pytest.fixture(scope="module")
def ours(running_server: PostgresServer) -> Iterator[WireClient]:
    """A client of our server, for all cases."""
    with WireClient(running_server.port) as client:
        yield client


@pytest.fixture(scope="module")
def theirs(real_postgres: RealPostgres) -> Iterator[WireClient]:
    """A client of a real PostgreSQL, for all cases."""
    with WireClient(real_postgres.port, USER, "postgres") as client:
        yield client


def cleared(client: WireClient) -> WireClient:
    """The client, with nothing left of another case."""
    client.query("ROLLBACK")
    client.query("DISCARD ALL")
    return client


@pytest.mark.parametrize("case", some_of_postgres(CASES))
def test_answers_are_those_of_postgresql(ours: WireClient, case: str) -> None:
    steps, expected = CASES[case]
    assert transcript(cleared(ours), steps) == expected


@pytest.mark.parametrize("case", some_of_postgres(CASES))
def test_a_real_postgresql_answers_so(theirs: WireClient, case: str) -> None:
    steps, expected = CASES[case]
    # What it calls the function that there is not is 42883.
    assert transcript(cleared(theirs), steps).replace("E(42883)", "E(0A000)") == expected


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"p\0\0\0\x09text\0", "invalid frontend message type 112"),
        (b"?\0\0\0\x04", "invalid frontend message type 63"),
        (b"S\0\0\0\x03", "invalid message length"),
        (b"S\0\0\x40\0", "invalid message length"),
        (b"Q\x7f\xff\xff\xff", "invalid message length"),
    ],
)
def test_what_is_no_message_ends_the_session(running_server: PostgresServer, sent: bytes, told: str) -> None:
    client = WireClient(running_server.port)
    with client.socket:
        client.send_raw(sent)
        message = client.read_message()
        assert message.kind == "E"
        told_of = fields_of(message.body)
        assert (told_of["S"], told_of["C"], told_of["M"]) == ("FATAL", "08P01", told)
        assert client.at_end()


@pytest.mark.parametrize(
    ("kind", "body", "answer"),
    [
        ("Q", b"SELECT '\xff'\0", "E(22021) ZI"),
        ("Q", b"SELECT 1", "E(08P01) ZI"),
        ("P", b"\0SELECT '\xff'\0\0\0", "E(22021)"),
        ("B", b"\0\0\0\0\0\x01", "E(08P01)"),
        ("D", b"x\0", "E(08P01)"),
        ("E", b"\0", "E(08P01)"),
    ],
)
def test_what_is_malformed_in_a_message_is_an_error_of_it_alone(
    ours: WireClient, kind: str, body: bytes, answer: str
) -> None:
    client = cleared(ours)
    client.send(kind, body)
    assert transcript(client, []) == answer
