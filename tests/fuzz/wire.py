"""The fuzz targets of the PostgreSQL server: any bytes of a client are read, or refused by a Failure of one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.parameters.parameter_types import parameter_types
from harvest_duck.servers.postgres.parameters.parameters import ARRAY_OF, literal
from harvest_duck.servers.postgres.protocol import frontend
from harvest_duck.servers.postgres.protocol.backend import error_response
from harvest_duck.servers.postgres.protocol.messages import Bind, Parse, Query
from harvest_duck.servers.postgres.sign_in.scram import Exchange, verifier
from harvest_duck.servers.postgres.sql.statements import statements
from harvest_duck.servers.postgres.sql.tokens import Kind, significant, tokens

if TYPE_CHECKING:
    from collections.abc import Callable

_Of = TypeVar("_Of")
_VERIFIER = verifier("secret", iterations=1, salt=b"salt")
_OIDS = sorted({*ARRAY_OF, *ARRAY_OF.values(), 0, 18, 705, 28, 600, 2205})


def _read(read: Callable[[], _Of]) -> _Of | None:
    """Return what is read, None where it is refused in a fit way."""
    try:
        return read()
    except Failure as failure:
        _require_fit(failure)
        return None


def _require_fit(failure: Failure) -> None:
    assert failure.message.isprintable()
    assert len(failure.message) < 2100
    assert len(failure.sqlstate) == 5
    assert error_response(failure)[:1] == b"E"


def messages(fuzzed: bytes) -> None:
    """Read a first message, then the rest as messages one after the other."""
    _read(lambda: frontend.startup(fuzzed))
    _read(lambda: frontend.startup_length(fuzzed[:4]))
    at = 0
    while at + 5 <= len(fuzzed):
        head = fuzzed[at : at + 5]
        _read(lambda head=head: frontend.password_length(head))  # type: ignore[misc]
        told = _read(lambda head=head: frontend.header(head))  # type: ignore[misc]
        if told is None:
            return
        kind, length = told
        body = fuzzed[at + 5 : at + 5 + length]
        made = _read(lambda kind=kind, body=body: frontend.message(kind, body))  # type: ignore[misc]
        assert not isinstance(made, Bind) or len(made.formats) == len(made.values)
        assert not isinstance(made, (Query, Parse)) or "\0" not in made.sql
        at += 5 + length


def sign_in(fuzzed: bytes) -> None:
    """Take two messages of SCRAM, of which the first byte tells the length: nobody gets in without the password."""
    length = fuzzed[0] if fuzzed else 0
    for binding in (None, b"c" * 32):
        exchange = Exchange(_VERIFIER, user="ada", channel_binding=binding)
        challenge = _read(lambda exchange=exchange: exchange.first(fuzzed[1 : 1 + length]))  # type: ignore[misc]
        if challenge is not None:
            final = fuzzed[1 + length :].replace(b"$nonce", challenge.split(b",")[0])
            assert _read(lambda exchange=exchange, final=final: exchange.final(final)) is None  # type: ignore[misc]


def parameters(fuzzed: bytes) -> None:
    """Take a value of the type and the form that the first two bytes choose: its literal is one closed expression."""
    if len(fuzzed) < 2:
        return
    oid, form, raw = _OIDS[fuzzed[0] % len(_OIDS)], fuzzed[1] % 2, fuzzed[2:]
    made = _read(lambda: literal(oid, form, raw))
    if made is None:
        return
    depth = 0
    for token in significant(tokens(made)):
        assert token.kind in (Kind.NAME, Kind.STRING, Kind.NUMBER, Kind.PUNCTUATION, Kind.OPERATOR), token
        assert token.kind is not Kind.OPERATOR or token.text == "-", token
        assert token.kind is not Kind.PUNCTUATION or token.text in "(),[]", token
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        assert depth >= 0
    assert depth == 0
    assert "".join(token.text for token in tokens(made)) == made


def sql(fuzzed: bytes) -> None:
    """Read SQL as tokens that lose nothing, as statements, and as places of parameters."""
    text = fuzzed.decode("utf-8", "replace")
    read = _read(lambda: tokens(text))
    if read is not None:
        assert "".join(token.text for token in read) == text
        types = parameter_types(read, (0, 25, 0), {"id": 20, "a": 1082}.get)
        assert 0 not in types
    _read(lambda: statements(text))
