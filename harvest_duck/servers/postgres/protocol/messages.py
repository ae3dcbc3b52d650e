"""What clients send, as values: "Message Formats" of PostgreSQL 15's documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Bind",
    "CancelRequest",
    "Close",
    "CopyData",
    "CopyDone",
    "CopyFail",
    "Describe",
    "Execute",
    "Flush",
    "FunctionCall",
    "GSSEncryptionRequest",
    "Message",
    "Opening",
    "Parse",
    "Password",
    "Query",
    "SSLRequest",
    "Startup",
    "Sync",
    "Terminate",
]


@dataclass(frozen=True, slots=True)
class Startup:
    """The first message of a session: `version` is the major one times 65536 and the minor one."""

    version: int
    parameters: Mapping[str, str]

    @property
    def minor(self) -> int:
        """The minor version that the client asks for."""
        return self.version & 0xFFFF

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the protocol's own options; a server names those that it does not know."""
        return tuple(name for name in self.parameters if name.startswith("_pq_."))


@dataclass(frozen=True, slots=True)
class SSLRequest:
    """A client asks whether it may go on in TLS."""


@dataclass(frozen=True, slots=True)
class GSSEncryptionRequest:
    """A client asks whether it may go on in GSSAPI encryption."""


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """A client asks, by a connection of its own, that the statement of a session ends."""

    process: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Query:
    """Any number of statements, to be run one after the other."""

    sql: str


@dataclass(frozen=True, slots=True)
class Parse:
    """A statement to prepare; the type of a parameter is 0 where the client leaves it to the server."""

    name: str
    sql: str
    types: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bind:
    """Values for the parameters of a prepared statement. `formats` has one for each value; None is NULL."""

    portal: str
    statement: str
    formats: tuple[int, ...]
    values: tuple[bytes | None, ...]
    result_formats: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Describe:
    """Asks for the columns of a statement (S) or a portal (P)."""

    kind: Literal["S", "P"]
    name: str


@dataclass(frozen=True, slots=True)
class Execute:
    """Asks for the rows of a portal: at most `limit`, or all where it is 0."""

    portal: str
    limit: int


@dataclass(frozen=True, slots=True)
class Close:
    """Ends a statement (S) or a portal (P)."""

    kind: Literal["S", "P"]
    name: str


@dataclass(frozen=True, slots=True)
class Flush:
    """Asks for what the server still keeps back."""


@dataclass(frozen=True, slots=True)
class Sync:
    """Ends a series of messages of the extended protocol."""


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ends the session."""


@dataclass(frozen=True, slots=True)
class Password:
    """An answer to what the server asked for to know the user."""

    body: bytes


@dataclass(frozen=True, slots=True)
class CopyData:
    """Rows for a COPY FROM STDIN."""

    body: bytes


@dataclass(frozen=True, slots=True)
class CopyDone:
    """The end of a COPY FROM STDIN."""


@dataclass(frozen=True, slots=True)
class CopyFail:
    """The end of a COPY FROM STDIN that failed at the client."""

    reason: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a function by its number, from before prepared statements."""


Opening = Startup | SSLRequest | GSSEncryptionRequest | CancelRequest
Message = (
    Query | Parse | Bind | Describe | Execute | Close | Flush | Sync | Terminate | Password
    | CopyData | CopyDone | CopyFail | FunctionCall
)  # fmt: skip
