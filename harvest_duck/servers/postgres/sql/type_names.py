"""The names of types in SQL, as numbers of PostgreSQL's types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.sql.tokens import Kind
from harvest_duck.servers.postgres.values.types import (
    ARRAYS,
    BOOL,
    BYTEA,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    JSON,
    NUMERIC,
    OID,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UUID,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["array_of", "named_type", "starts_with_type"]

_VARCHAR, _BPCHAR, _NAME, _CHAR, _JSONB = 1043, 1042, 19, 18, 3802
_OIDS: Mapping[str, int] = {
    "bool": BOOL, "boolean": BOOL, "bytea": BYTEA, "blob": BYTEA,
    "int2": INT2, "smallint": INT2, "int4": INT4, "int": INT4, "integer": INT4, "int8": INT8, "bigint": INT8,
    "float4": FLOAT4, "real": FLOAT4, "float8": FLOAT8, "float": FLOAT8, "double": FLOAT8, "double precision": FLOAT8,
    "numeric": NUMERIC, "decimal": NUMERIC, "dec": NUMERIC, "hugeint": NUMERIC, "ubigint": NUMERIC,
    "text": TEXT, "string": TEXT, "varchar": _VARCHAR, "character varying": _VARCHAR,
    "char": _BPCHAR, "character": _BPCHAR, "bpchar": _BPCHAR, "name": _NAME, '"char"': _CHAR,
    "date": DATE, "time": TIME, "timetz": TIMETZ, "timestamp": TIMESTAMP, "datetime": TIMESTAMP,
    "timestamptz": TIMESTAMPTZ, "time with time zone": TIMETZ, "time without time zone": TIME,
    "timestamp with time zone": TIMESTAMPTZ, "timestamp without time zone": TIMESTAMP, "interval": INTERVAL,
    "uuid": UUID, "json": JSON, "jsonb": _JSONB, "oid": OID, "xid": OID, "uinteger": INT8,
    # What names an object is its text, which the rewriting of statements turns into a number.
    "regclass": TEXT, "regproc": TEXT, "regprocedure": TEXT, "regtype": TEXT, "regnamespace": TEXT, "regrole": TEXT,
}  # fmt: skip
_MORE_ARRAYS = {_VARCHAR: 1015, _BPCHAR: 1014, _NAME: 1003, _CHAR: 1002, _JSONB: 3807}
_CONTINUED = ("precision", "varying", "with", "without", "time", "zone")


def array_of(oid: int) -> int | None:
    """Return the type of arrays whose elements have a type, None where there is none."""
    return ARRAYS.get(oid) or _MORE_ARRAYS.get(oid)


def starts_with_type(tokens: Sequence[Token], at: int) -> tuple[int | None, int]:
    """Return the type that the tokens from `at` on name, None for one that is not known, and where its name ends."""
    while at + 1 < len(tokens) and tokens[at + 1].text == ".":
        at += 2
    words, end = [_word(tokens[at])] if at < len(tokens) else [], at + 1
    end = _after_modifier(tokens, end)
    while end < len(tokens) and tokens[end].word in _CONTINUED:
        words.append(str(tokens[end].word))
        end = _after_modifier(tokens, end + 1)
    oid = named_type(" ".join(words))
    while end < len(tokens) and (tokens[end].text == "[" or tokens[end].word == "array"):
        bracketed = tokens[end].text == "["
        end += 1
        while bracketed and end < len(tokens) and tokens[end - 1].text != "]":
            end += 1
        oid = _array(oid)
    return oid, end


def named_type(name: str) -> int | None:
    """Return the type of a name in small letters; one that begins with `_` is an array."""
    if name in _OIDS:
        return _OIDS[name]
    if name.endswith("[]"):
        return _array(named_type(name[:-2]))
    return _array(_OIDS.get(name[1:])) if name.startswith("_") else None


def _array(oid: int | None) -> int | None:
    """Return the type of arrays; those of several dimensions have the same one."""
    return oid if oid in ARRAYS.values() else None if oid is None else array_of(oid)


def _word(token: Token) -> str:
    if token.kind is Kind.QUOTED and token.name == "char":
        return '"char"'
    return token.name or ""


def _after_modifier(tokens: Sequence[Token], at: int) -> int:
    """Return where the tokens go on after `(10, 2)`."""
    if at < len(tokens) and tokens[at].text == "(":
        while at < len(tokens) and tokens[at].text != ")":
            at += 1
        return at + 1
    return at
