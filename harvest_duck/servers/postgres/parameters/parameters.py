"""The values that a client gives for the parameters of its statement, as literals of DuckDB.

A statement runs with its values inlined, because DuckDB's parameters have no type before they have a value, and because
only constants travel to Harvest. Each literal is one expression that has the value and the type, and nothing else: what
a client sends ends no string and begins no other one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.parameters.parameter_arrays import binary_elements, list_literal, text_elements
from harvest_duck.servers.postgres.parameters.parameter_failures import unreadable, wrong_bytes
from harvest_duck.servers.postgres.parameters.parameter_intervals import binary_interval, text_of_interval
from harvest_duck.servers.postgres.parameters.parameter_numbers import (
    Whole,
    binary_float,
    binary_numeric,
    binary_whole,
    float_text,
    numeric_text,
    whole_text,
)
from harvest_duck.servers.postgres.parameters.parameter_times import (
    binary_date,
    binary_time,
    binary_timestamp,
    binary_timetz,
    text_of_date,
    text_of_time,
    text_of_timestamp,
    text_of_timetz,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ARRAY_OF", "literal"]

_UUID = re.compile(r"(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}", re.IGNORECASE)
_HEX = re.compile(r"(?:[0-9a-f]{2}\s*)*+", re.IGNORECASE | re.ASCII)
_ESCAPED = re.compile(r"(?P<plain>[^\\]+)|\\(?:(?P<octal>[0-3][0-7]{2})|(?P<backslash>\\))", re.DOTALL)
#: pgJDBC sends a date without a type as `2026-01-01 +00`, so that it fits a date and a timestamp.
_JDBC_DATE = re.compile(r"(?P<date>[0-9]{4,}-[0-9]{2}-[0-9]{2}) [+-][0-9]{2}(?::?[0-9]{2})?")
#: A word may be cut short where only one can be meant (parse_bool).
_TRUE = {"1", "on", *("true"[:length] for length in range(1, 5)), *("yes"[:length] for length in range(1, 4))}
_FALSE = {"0", "of", "off", "n", "no", *("false"[:length] for length in range(1, 6))}
_SPACE = " \t\n\r\f\v"
_JSONB_VERSION = b"\x01"


@dataclass(frozen=True, slots=True)
class _Type:
    """How the values of a type are read, and their type in DuckDB, which is empty where it depends on the value."""

    duckdb: str
    text: Callable[[str], str]
    binary: Callable[[bytes], str]


def literal(oid: int, form: int, raw: bytes | None) -> str:
    """Return a value as an expression of DuckDB; `oid` is its type, 0 where nobody said it, and `form` 1 for binary.

    Raises a Failure for what is no value of the type (22P02, 22P03, 22007), does not fit (22003, 22008) or is of a type
    that is not known here (0A000).
    """
    if oid in ARRAY_OF:
        return _array(ARRAY_OF[oid], form, raw)
    known = _TYPES.get(oid)
    if known is None:
        raise Failure(
            "0A000", f"parameters of the type {oid} are not supported: cast them in the statement, as in $1::text"
        )
    if raw is None:
        duckdb = _OF_HARVEST if oid == _NUMERIC else known.duckdb
        return f"CAST(NULL AS {duckdb})" if duckdb else "NULL"
    return known.binary(raw) if form else known.text(_decoded(raw))


def _array(element: int, form: int, raw: bytes | None) -> str:
    """Return a list. What DuckDB makes of several numerics in it is a DECIMAL that holds all of them."""
    duckdb = _TYPES[element].duckdb or ("VARCHAR" if element != _NUMERIC else "")
    if raw is None:
        return f"CAST(NULL AS {duckdb or _OF_HARVEST}[])"
    elements = binary_elements(raw, element) if form else text_elements(_decoded(raw))
    depth, inner = 1, elements
    while inner and isinstance(inner[0], list):
        depth, inner = depth + 1, inner[0]
    shown = list_literal(elements, partial(_element, element, form))
    if element == _NUMERIC and "AS DOUBLE" in shown and "AS DECIMAL" in shown:
        raise Failure("0A000", "an array of numerics with NaN or infinity is not supported")
    return f"CAST({shown} AS {duckdb}{'[]' * depth})" if duckdb else shown


def _element(oid: int, form: int, value: Any) -> str:  # noqa: ANN401 - text or bytes, as the array was
    """Return an element; a whole number without its type, which that of the list gives it, because lists are long."""
    made = literal(oid, form, value.encode() if isinstance(value, str) else value)
    return made[len("CAST(") : made.index(" AS ")] if oid in _WHOLE else made


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        wrong = f"0x{raw[error.start]:02x}"
        raise Failure("22021", f'invalid byte sequence for encoding "UTF8": {wrong}') from None
    if "\0" in text:
        raise Failure("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _untyped(text: str) -> str:
    date = _JDBC_DATE.fullmatch(text)
    return _quoted(date["date"] if date else text)


def _boolean(text: str) -> str:
    word = text.strip(_SPACE).lower()
    if word not in _TRUE | _FALSE:
        raise unreadable("boolean", text)
    return "true" if word in _TRUE else "false"


def _binary_boolean(raw: bytes) -> str:
    if len(raw) != 1:
        raise wrong_bytes("boolean")
    return "true" if raw != b"\0" else "false"


def _bytea(text: str) -> str:
    """Return bytes, given in hexadecimal after a backslash and an x, or with octal numbers after backslashes."""
    if text.startswith("\\x"):
        if not _HEX.fullmatch(text, 2):
            raise unreadable("bytea", text)
        return _blob(bytes.fromhex(text[2:]))
    parts, at = [], 0
    while at < len(text):
        part = _ESCAPED.match(text, at)
        if part is None:
            raise unreadable("bytea", text)
        parts.append(bytes([int(part["octal"], 8)]) if part["octal"] else (part["plain"] or "\\").encode())
        at = part.end()
    return _blob(b"".join(parts))


def _blob(raw: bytes) -> str:
    digits = raw.hex("-").upper().replace("-", r"\x")
    return rf"CAST('\x{digits}' AS BLOB)" if raw else "CAST('' AS BLOB)"


def _uuid(text: str) -> str:
    inner = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    if not _UUID.fullmatch(inner):
        raise unreadable("uuid", text)
    return f"CAST('{inner.replace('-', '').lower()}' AS UUID)"


def _binary_uuid(raw: bytes) -> str:
    if len(raw) != 16:  # noqa: PLR2004
        raise wrong_bytes("uuid")
    return _uuid(raw.hex())


def _json(text: str) -> str:
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise unreadable("json", text) from None
    return f"CAST({_quoted(text)} AS JSON)"


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _jsonb(raw: bytes) -> str:
    if raw[:1] != _JSONB_VERSION:
        raise wrong_bytes("jsonb")
    return _json(_decoded(raw[1:]))


def _timestamps(duckdb: str, *, zoned: bool) -> _Type:
    return _Type(duckdb, _trimmed(partial(text_of_timestamp, zoned=zoned)), partial(binary_timestamp, zoned=zoned))


def _trimmed(read: Callable[[str], str]) -> Callable[[str], str]:
    """Return `read` for a text between white space, which PostgreSQL passes over."""
    return lambda text: read(text.strip(_SPACE))


def _whole(name: str, duckdb: str, size: int, *, signed: bool = True) -> _Type:
    kind = Whole(name, duckdb, size, signed)
    return _Type(duckdb, _trimmed(partial(whole_text, kind=kind)), partial(binary_whole, kind=kind))


def _float(name: str, duckdb: str) -> _Type:
    read = partial(float_text, name=name, duckdb=duckdb)
    return _Type(duckdb, _trimmed(read), partial(binary_float, name=name, duckdb=duckdb))


_NUMERIC, _WHOLE = 1700, frozenset({20, 21, 23, 26, 28})
#: What a numeric without a value is, as all of Harvest's are.
_OF_HARVEST = "DECIMAL(18, 4)"
_TEXT = _Type("VARCHAR", _quoted, lambda raw: _quoted(_decoded(raw)))
_JSON_TYPE = _Type("JSON", _json, lambda raw: _json(_decoded(raw)))
_OID = _whole("oid", "UINTEGER", 4, signed=False)
#: The types that a client may give, by their numbers in PostgreSQL 15's pg_type.dat.
_TYPES: Mapping[int, _Type] = {
    0: _Type("", _untyped, lambda raw: _untyped(_decoded(raw))),
    16: _Type("BOOLEAN", _boolean, _binary_boolean),
    17: _Type("BLOB", _bytea, _blob),
    18: _TEXT,
    19: _TEXT,
    20: _whole("bigint", "BIGINT", 8),
    21: _whole("smallint", "SMALLINT", 2),
    23: _whole("integer", "INTEGER", 4),
    25: _TEXT,
    26: _OID,
    28: _OID,
    114: _JSON_TYPE,
    700: _float("real", "REAL"),
    701: _float("double precision", "DOUBLE"),
    705: _Type("", _untyped, lambda raw: _untyped(_decoded(raw))),
    1042: _TEXT,
    1043: _TEXT,
    1082: _Type("DATE", _trimmed(text_of_date), binary_date),
    1083: _Type("TIME", _trimmed(text_of_time), binary_time),
    1114: _timestamps("TIMESTAMP", zoned=False),
    1184: _timestamps("TIMESTAMPTZ", zoned=True),
    1186: _Type("INTERVAL", text_of_interval, binary_interval),
    1266: _Type("TIMETZ", _trimmed(text_of_timetz), binary_timetz),
    _NUMERIC: _Type("", _trimmed(numeric_text), binary_numeric),
    2950: _Type("UUID", _uuid, _binary_uuid),
    3802: _Type("JSON", _json, _jsonb),
}
#: The type of the elements, by the type of an array.
ARRAY_OF: Mapping[int, int] = {
    199: 114, 1000: 16, 1001: 17, 1002: 18, 1003: 19, 1005: 21, 1007: 23, 1009: 25, 1014: 1042, 1015: 1043, 1016: 20,
    1021: 700, 1022: 701, 1028: 26, 1115: 1114, 1182: 1082, 1183: 1083, 1185: 1184, 1187: 1186, 1231: _NUMERIC,
    1270: 1266, 2951: 2950, 3807: 3802,
}  # fmt: skip
