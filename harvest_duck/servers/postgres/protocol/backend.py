"""The messages of the server, as bytes: "Message Formats" of PostgreSQL 15's documentation."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harvest_duck.servers.postgres.failure import Failure

__all__ = [
    "Field",
    "authentication_ok",
    "authentication_sasl",
    "authentication_sasl_continue",
    "authentication_sasl_final",
    "backend_key_data",
    "bind_complete",
    "close_complete",
    "command_complete",
    "copy_done",
    "copy_out_response",
    "empty_query_response",
    "error_response",
    "negotiate_protocol_version",
    "no_data",
    "notice_response",
    "parameter_description",
    "parameter_status",
    "parse_complete",
    "portal_suspended",
    "ready_for_query",
    "row_description",
]


_TEXT, _UNKNOWN = 25, 705


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an answer: `format` is 0 for text, 1 for binary; `table_oid` and `column` are 0 for an expression."""

    name: str
    type_oid: int
    type_size: int
    typmod: int
    format: int = 0
    table_oid: int = 0
    column: int = 0


def authentication_ok() -> bytes:
    """Return that the user is known."""
    return _authentication(0)


def authentication_sasl(mechanisms: Sequence[str]) -> bytes:
    """Return the ways in which the server would know a user."""
    return _authentication(10, b"".join(map(_string, mechanisms)) + b"\0")


def authentication_sasl_continue(data: bytes) -> bytes:
    """Return a question of SASL."""
    return _authentication(11, data)


def authentication_sasl_final(data: bytes) -> bytes:
    """Return the last word of SASL, by which the client knows the server."""
    return _authentication(12, data)


def parameter_status(name: str, value: str) -> bytes:
    """Return the value of a setting that clients keep an eye on."""
    return _message(b"S", _string(name) + _string(value))


def backend_key_data(process: int, key: bytes) -> bytes:
    """Return by what a client can cancel a statement of this session."""
    return _message(b"K", process.to_bytes(4, "big") + key)


def ready_for_query(status: Literal["I", "T", "E"]) -> bytes:
    """Return that a statement may come: outside a transaction (I), in one (T), or in one that failed (E)."""
    return _message(b"Z", status.encode())


def row_description(fields: Sequence[Field]) -> bytes:
    """Return the columns of the rows that follow."""
    return _message(b"T", len(fields).to_bytes(2, "big") + b"".join(map(_field, fields)))


def _field(field: Field) -> bytes:
    return _string(field.name) + struct.pack(
        ">IhIhih", field.table_oid, field.column, field.type_oid, field.type_size, field.typmod, field.format
    )


def no_data() -> bytes:
    """Return that a statement has no rows."""
    return _message(b"n")


def parameter_description(oids: Sequence[int]) -> bytes:
    """Return the types of a statement's parameters; one that is not known is told as text, as PostgreSQL does."""
    told = (_TEXT if oid == _UNKNOWN else oid for oid in oids)
    return _message(b"t", struct.pack(f">H{len(oids)}I", len(oids), *told))


def parse_complete() -> bytes:
    """Return that a statement is prepared."""
    return _message(b"1")


def bind_complete() -> bytes:
    """Return that a portal is open."""
    return _message(b"2")


def close_complete() -> bytes:
    """Return that a statement or a portal is closed, or was none."""
    return _message(b"3")


def command_complete(tag: str) -> bytes:
    """Return that a statement has ended, as in `SELECT 12`."""
    return _message(b"C", _string(tag))


def empty_query_response() -> bytes:
    """Return that there was no statement."""
    return _message(b"I")


def portal_suspended() -> bytes:
    """Return that a portal has given as many rows as were asked for, and may have more."""
    return _message(b"s")


def error_response(failure: Failure, severity: Literal["ERROR", "FATAL"] | None = None) -> bytes:
    """Return why a statement, or with FATAL the session, has ended."""
    shown = severity or ("FATAL" if failure.fatal else "ERROR")
    position = None if failure.position is None else str(failure.position)
    parts = (
        (b"S", shown), (b"V", shown), (b"C", failure.sqlstate), (b"M", failure.message),
        (b"D", failure.detail), (b"H", failure.hint), (b"P", position),
    )  # fmt: skip
    return _message(b"E", _reported(parts))


def notice_response(sqlstate: str, message: str, severity: Literal["WARNING", "NOTICE"] = "WARNING") -> bytes:
    """Return what a person may want to know, and no program needs to."""
    return _message(b"N", _reported(((b"S", severity), (b"V", severity), (b"C", sqlstate), (b"M", message))))


def _reported(parts: Iterable[tuple[bytes, str | None]]) -> bytes:
    return b"".join(kind + _string(text) for kind, text in parts if text is not None) + b"\0"


def copy_out_response(columns: int, *, binary: bool) -> bytes:
    """Return that rows of COPY follow."""
    form = int(binary)
    return _message(b"H", struct.pack(f">bH{columns}h", form, columns, *[form] * columns))


def copy_done() -> bytes:
    """Return that COPY has no more."""
    return _message(b"c")


def negotiate_protocol_version(minor: int, options: Sequence[str]) -> bytes:
    """Return the newest minor version that the server has, and the options that it does not know.

    PostgreSQL sends the whole version (SendNegotiateProtocolVersion), although the documentation of 15 says the minor.
    """
    return _message(b"v", struct.pack(">ii", 3 << 16 | minor, len(options)) + b"".join(map(_string, options)))


def _authentication(code: int, data: bytes = b"") -> bytes:
    return _message(b"R", code.to_bytes(4, "big") + data)


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def _string(text: str) -> bytes:
    # A text of the protocol cannot hold a byte 0, nor half of a surrogate pair.
    return text.replace("\0", "�").encode("utf-8", "replace") + b"\0"
