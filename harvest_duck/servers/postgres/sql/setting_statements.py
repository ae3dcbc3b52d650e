"""SET, RESET, SHOW and DISCARD."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.statement_kinds import Discard, Refused, Reset, Set, SetTransaction, Show
from harvest_duck.servers.postgres.sql.tokens import Kind, folded, quoted
from harvest_duck.servers.postgres.sql.transactions import modes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harvest_duck.servers.postgres.sql.statement_kinds import Statement
    from harvest_duck.servers.postgres.sql.token_reader import TokenReader

__all__ = ["PARSERS"]

#: An interval of whole hours.
_HOURS = re.compile(r"\s*([+-]?\d{1,2})(?::00){1,2}\s*")


def _set(reader: TokenReader) -> Statement:
    start = reader.tokens[0].start
    if reader.take("transaction"):
        if reader.take("snapshot"):
            reader.string()
            failure = Failure("0A000", "SET TRANSACTION SNAPSHOT is not supported: Harvest keeps no snapshots")
            return Refused("SET TRANSACTION SNAPSHOT", failure, start=start)
        return SetTransaction(modes(reader), start=start)
    if reader.take("session", "characteristics", "as", "transaction"):
        return SetTransaction(modes(reader), session=True, start=start)
    if reader.take("constraints"):
        reader.rest()
        failure = Failure("0A000", "SET CONSTRAINTS is not supported: nothing is written")
        return Refused("SET CONSTRAINTS", failure, start=start)
    local = reader.word(1) not in {"to", None} and reader.one_of("local", "session") == "local"
    return _assignment(reader, start=start, local=local)


def _assignment(reader: TokenReader, *, start: int, local: bool) -> Set:
    """What SET [LOCAL] says after that word."""
    if reader.take("time", "zone"):
        return Set("timezone", _time_zone(reader), local, start=start)
    for words, name in _SPECIAL.items():
        if reader.text(len(words)).lower() not in {"=", "to", "."} and reader.take(*words):
            return Set(name, _one_value(reader), local, start=start)
    name = _setting(reader)
    if not reader.mark("="):
        reader.need("to")
    if reader.take("default"):
        return Set(name, None, local, start=start)
    of_names = name in _LISTS_OF_NAMES
    values = [_value(reader, of_names=of_names)]
    while reader.mark(","):
        values.append(_value(reader, of_names=of_names))
    return Set(name, ", ".join(values), local, start=start)


#: Spellings of their own, and the setting that each means.
_SPECIAL = {
    ("names",): "client_encoding",
    ("schema",): "search_path",
    ("role",): "role",
    ("authorization",): "session_authorization",
    ("session", "authorization"): "session_authorization",
    ("xml", "option"): "xmloption",
}


#: Settings whose values are names (GUC_LIST_QUOTE of PostgreSQL 15, src/backend/utils/misc/guc.c).
_LISTS_OF_NAMES = frozenset(
    {"search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"}
    | {"shared_preload_libraries", "unix_socket_directories"}
)


def _one_value(reader: TokenReader) -> str | None:
    return None if reader.peek() is None or reader.take("default") else _value(reader)


def _setting(reader: TokenReader) -> str:
    """Take the name of a setting, perhaps with a prefix."""
    parts = [reader.name()]
    while reader.mark("."):
        parts.append(reader.name())
    return folded(".".join(parts))


def _value(reader: TokenReader, *, of_names: bool = False) -> str:
    """Take one value: a string, a number, or a word; in a list `of_names` a name keeps the quotes that it needs."""
    token = reader.next()
    if token.kind is Kind.STRING:
        return token.value or ""
    if token.kind is Kind.NUMBER:
        return token.text
    if token.kind is Kind.OPERATOR and token.text in {"-", "+"}:
        number = reader.next()
        if number.kind is Kind.NUMBER:
            return token.text.strip("+") + number.text
        reader.at -= 1
    if token.kind is Kind.QUOTED:
        name = token.name or ""
        return quoted(name) if of_names and not (name == folded(name) and name.isidentifier()) else name
    if token.name is not None:
        return token.name
    reader.at -= 1
    raise reader.refusal()


def _time_zone(reader: TokenReader) -> str | None:
    """Take what SET TIME ZONE names: an interval is its hours, which count to the east as a number does."""
    if reader.one_of("default"):
        return None
    if reader.take("interval"):
        value = reader.string()
        if reader.take("hour"):
            reader.take("to", "minute")
        hours = _HOURS.fullmatch(value)
        return value if hours is None else hours[1]
    return _value(reader)


def _reset(reader: TokenReader) -> Reset:
    start = reader.tokens[0].start
    name = _known(reader) or _setting(reader)
    return Reset(None if name == "all" else name, start=start)


def _show(reader: TokenReader) -> Show:
    return Show(_known(reader) or _setting(reader), start=reader.tokens[0].start)


def _known(reader: TokenReader) -> str | None:
    """Take a setting that has words of its own."""
    if reader.take("time", "zone"):
        return "timezone"
    if reader.take("transaction", "isolation", "level"):
        return "transaction_isolation"
    if reader.take("session", "authorization"):
        return "session_authorization"
    return None


def _discard(reader: TokenReader) -> Discard:
    kinds: dict[str, Literal["all", "plans", "sequences", "temp"]] = {
        "all": "all",
        "plans": "plans",
        "sequences": "sequences",
        "temp": "temp",
        "temporary": "temp",
    }
    word = reader.one_of(*kinds)
    if word is None:
        raise reader.refusal()
    return Discard(kinds[word], start=reader.tokens[0].start)


PARSERS: Mapping[str, Callable[[TokenReader], Statement]] = {
    "set": _set,
    "reset": _reset,
    "show": _show,
    "discard": _discard,
}
