"""A client of PostgreSQL's protocol 3 that shows each message; it shares no code with the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_S = 60


@dataclass(frozen=True)
class Message:
    """One message of the server: its kind, a letter, and its bytes."""

    kind: str
    body: bytes


@dataclass(frozen=True)
class Column:
    """A column as RowDescription has it."""

    name: str
    table_oid: int
    number: int
    oid: int
    size: int
    typmod: int
    format: int


class WireError(Exception):
    """An ErrorResponse: `fields` by their letters."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"{fields['S']} {fields['C']}: {fields['M']}")
        self.fields = fields
        self.sqlstate = fields["C"]
        self.message = fields["M"]

    @property
    def position(self) -> int | None:
        """Where in the SQL it is, from 1."""
        return int(self.fields["P"]) if "P" in self.fields else None


@dataclass
class Result:
    """What came back until ReadyForQuery; of several statements in one Query the rows of all of them."""

    columns: list[Column] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    notices: list[dict[str, str]] = field(default_factory=list)
    copied: list[bytes] = field(default_factory=list)
    parameters: list[int] = field(default_factory=list)
    error: WireError | None = None
    status: str = ""
    kinds: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.name for column in self.columns]


class WireClient:
    """A connection. With `user` None nothing is sent, and the test says each message itself."""

    def __init__(
        self,
        port: int,
        user: str | None = "tester",
        database: str | None = "sandbox",
        *,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        version: int = 3 << 16,
        **parameters: str,
    ) -> None:
        self.address = (host, port)
        self.socket: socket.socket = socket.create_connection(self.address, timeout=_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.settings: dict[str, str] = {}
        self.process, self.key, self.status = 0, b"", ""
        self._read = bytearray()
        if tls is not None:
            self.start_tls(tls)
        if user is not None:
            named = {"user": user} | ({"database": database} if database is not None else {}) | parameters
            try:
                self.send_startup(named, version=version)
                self.sign_in(password)
            except BaseException:
                self.socket.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Bytes and messages

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def send(self, kind: str, body: bytes = b"") -> None:
        """Send one message."""
        self.send_raw(framed(kind, body))

    def read_message(self) -> Message:
        """Return the next message; raise EOFError where the server has closed."""
        head = self.read_exactly(5)
        return Message(chr(head[0]), self.read_exactly(int.from_bytes(head[1:], "big") - 4))

    def read_exactly(self, count: int) -> bytes:
        """Return the next bytes."""
        while len(self._read) < count:
            more = self.socket.recv(1 << 16)
            if not more:
                raise EOFError(f"the server closed the connection; {bytes(self._read)!r} is left")
            self._read += more
        taken = bytes(self._read[:count])
        del self._read[:count]
        return taken

    def at_end(self) -> bool:
        """Return whether the server has closed, and sent nothing more."""
        try:
            return not self._read and self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        """Say good-bye and close."""
        try:
            self.send("X")
        except OSError:
            pass
        finally:
            self.socket.close()

    def vanish(self) -> None:
        """Close without a word, as a program that was killed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # Signing in

    def start_tls(self, tls: ssl.SSLContext) -> None:
        """Ask for TLS and go on in it."""
        self.send_raw(struct.pack(">ii", 8, 80877103))
        assert self.read_exactly(1) == b"S", "the server does not want TLS"
        self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")

    def send_startup(self, parameters: dict[str, str], *, version: int = 3 << 16) -> None:
        """Send the first message."""
        body = struct.pack(">i", version) + b"".join(text(k) + text(v) for k, v in parameters.items()) + b"\0"
        self.send_raw((len(body) + 4).to_bytes(4, "big") + body)

    def sign_in(self, password: str | None = None) -> None:
        """Answer what the server asks until it is ready; raise WireError where it refuses."""
        scram = Scram(password or "")
        while True:
            message = self.read_message()
            if message.kind == "E":
                raise WireError(fields_of(message.body))
            if message.kind == "R":
                self._authenticate(message.body, scram)
            elif message.kind == "S":
                name, value, _ = message.body.decode().split("\0")
                self.settings[name] = value
            elif message.kind == "K":
                self.process, self.key = int.from_bytes(message.body[:4], "big"), message.body[4:]
            elif message.kind == "Z":
                self.status = message.body.decode()
                return

    def _authenticate(self, body: bytes, scram: Scram) -> None:
        code, data = int.from_bytes(body[:4], "big"), body[4:]
        if code == 10:
            mechanism = data.split(b"\0")[0]
            if isinstance(self.socket, ssl.SSLSocket) and mechanism.endswith(b"-PLUS"):
                # The hash of every certificate of the tests is SHA-256 (RFC 5929).
                certificate = self.socket.getpeercert(binary_form=True) or b""
                scram.bind(hashlib.sha256(certificate).digest())
            first = scram.first()
            self.send("p", mechanism + b"\0" + len(first).to_bytes(4, "big") + first)
        elif code == 11:
            self.send("p", scram.final(data))
        elif code == 12:
            scram.check(data)
        else:
            assert code == 0, f"authentication {code} is not known here"

    def cancel(self) -> None:
        """Ask, by a connection of its own, that the statement of this one ends."""
        with socket.create_connection(self.address, timeout=_TIMEOUT_S) as other:
            other.sendall(struct.pack(">iii", 12 + len(self.key), 80877102, self.process) + self.key)
            assert other.recv(1) == b""

    # The simple protocol

    def query(self, sql: str) -> Result:
        """Run statements and return their rows as text; raise WireError where one fails."""
        self.send("Q", text(sql))
        return self.until_ready()

    def until_ready(self, *, refuse: bool = True) -> Result:
        """Return what comes up to ReadyForQuery; with `refuse` an error is raised then."""
        result = Result()
        while True:
            message = self.read_message()
            result.kinds += message.kind
            if message.kind == "Z":
                self.status = result.status = message.body.decode()
                break
            _take(result, message, self.settings)
        if refuse and result.error is not None:
            raise result.error
        return result

    # The extended protocol: each sends one message and waits for nothing

    def parse(self, sql: str, *, name: str = "", types: Sequence[int] = ()) -> None:
        """Send Parse."""
        self.send("P", text(name) + text(sql) + struct.pack(f">h{len(types)}I", len(types), *types))

    def bind(
        self,
        values: Sequence[bytes | str | None] = (),
        *,
        portal: str = "",
        statement: str = "",
        formats: Sequence[int] = (),
        result_formats: Sequence[int] = (),
    ) -> None:
        """Send Bind."""
        raw = [value.encode() if isinstance(value, str) else value for value in values]
        given = b"".join(
            b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4, "big") + value for value in raw
        )
        self.send(
            "B",
            text(portal) + text(statement) + _int16s(formats) + len(raw).to_bytes(2, "big") + given
            + _int16s(result_formats),
        )  # fmt: skip

    def describe(self, kind: str = "P", name: str = "") -> None:
        """Send Describe."""
        self.send("D", kind.encode() + text(name))

    def execute(self, limit: int = 0, *, portal: str = "") -> None:
        """Send Execute."""
        self.send("E", text(portal) + limit.to_bytes(4, "big"))

    def close_statement(self, name: str = "") -> None:
        """Send Close of a statement."""
        self.send("C", b"S" + text(name))

    def close_portal(self, name: str = "") -> None:
        """Send Close of a portal."""
        self.send("C", b"P" + text(name))

    def flush(self) -> None:
        """Send Flush."""
        self.send("H")

    def sync(self, *, refuse: bool = True) -> Result:
        """Send Sync, and return what comes up to ReadyForQuery."""
        self.send("S")
        return self.until_ready(refuse=refuse)

    def run(
        self, sql: str, values: Sequence[bytes | str | None] = (), *, types: Sequence[int] = (),
        formats: Sequence[int] = (), result_formats: Sequence[int] = (),
    ) -> Result:  # fmt: skip
        """Prepare, bind, describe and run a statement; rows are bytes where their format is binary."""
        self.parse(sql, types=types)
        self.bind(values, formats=formats, result_formats=result_formats)
        self.describe()
        self.execute()
        return self.sync()


class Scram:
    """The client's part of SCRAM-SHA-256 (RFC 7677), as libpq plays it."""

    def __init__(self, password: str, *, header: str = "n,,", nonce: str | None = None) -> None:
        self.password = password.encode()
        self.header = header
        self.bare = f"n=,r={nonce or secrets.token_urlsafe(18)}"
        self.binding = header.encode()
        self._signature = b""

    def bind(self, certificate: bytes) -> None:
        """Have the proof include the hash of the server's certificate (tls-server-end-point)."""
        self.header = "p=tls-server-end-point,,"
        self.binding = self.header.encode() + certificate

    def first(self) -> bytes:
        """Return client-first-message."""
        return (self.header + self.bare).encode()

    def final(self, challenge: bytes) -> bytes:
        """Return client-final-message."""
        said = dict(part.split("=", 1) for part in challenge.decode().split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(said["s"]), int(said["i"]))
        without = f"c={base64.b64encode(self.binding).decode()},r={said['r']}"
        signed = f"{self.bare},{challenge.decode()},{without}".encode()
        client = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(client, signature, strict=True))
        self._signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        return f"{without},p={base64.b64encode(proof).decode()}".encode()

    def check(self, final: bytes) -> None:
        """Raise AssertionError if the server does not know the password either."""
        assert final == b"v=" + base64.b64encode(self._signature)


def framed(kind: str, body: bytes = b"") -> bytes:
    """Return the bytes of a message."""
    return kind.encode() + (len(body) + 4).to_bytes(4, "big") + body


def text(value: str) -> bytes:
    """Return a text as messages hold it."""
    return value.encode("utf-8", "surrogateescape") + b"\0"


def fields_of(body: bytes) -> dict[str, str]:
    """Return the fields of an ErrorResponse or a NoticeResponse."""
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


def columns_of(body: bytes) -> list[Column]:
    """Return the columns of a RowDescription."""
    columns, at = [], 2
    for _ in range(int.from_bytes(body[:2], "big")):
        end = body.index(0, at)
        table, number, oid, size, typmod, form = struct.unpack_from(">IhIhih", body, end + 1)
        columns.append(Column(body[at:end].decode(), table, number, oid, size, typmod, form))
        at = end + 19
    assert at == len(body)
    return columns


def values_of(body: bytes) -> list[bytes | None]:
    """Return the values of a DataRow."""
    values: list[bytes | None] = []
    at = 2
    for _ in range(int.from_bytes(body[:2], "big")):
        (length,) = struct.unpack_from(">i", body, at)
        at += 4
        values.append(None if length < 0 else body[at : at + length])
        at += max(length, 0)
    assert at == len(body)
    return values


def _int16s(numbers: Sequence[int]) -> bytes:
    return struct.pack(f">h{len(numbers)}h", len(numbers), *numbers)


def _take(result: Result, message: Message, settings: dict[str, str]) -> None:
    body = message.body
    match message.kind:
        case "T":
            result.columns = columns_of(body)
        case "D":
            result.rows.append(_row(result.columns, values_of(body)))
        case "C":
            result.tags.append(body[:-1].decode())
        case "E":
            result.error = WireError(fields_of(body))
        case "N":
            result.notices.append(fields_of(body))
        case "S":
            name, value, _ = body.decode().split("\0")
            settings[name] = value
        case "d":
            result.copied.append(body)
        case "t":
            result.parameters = list(struct.unpack(f">{int.from_bytes(body[:2], 'big')}I", body[2:]))
        case "c" | "H" | "I" | "n" | "s" | "1" | "2" | "3":
            pass
        case other:
            raise AssertionError(f"a message of kind {other!r}")


def _row(columns: Sequence[Column], values: Sequence[bytes | None]) -> tuple[Any, ...]:
    """Return the values as text, or as bytes where the column is binary or not described."""
    formats = [column.format for column in columns] or [1] * len(values)
    return tuple(
        value if value is None or form else value.decode() for value, form in zip(values, formats, strict=True)
    )
