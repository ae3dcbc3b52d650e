"""EXPLAIN of what returns rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.cursor_statements import PARSERS, QUERIES, query
from harvest_duck.servers.postgres.sql.prepared_statements import execute
from harvest_duck.servers.postgres.sql.refused_statements import refused
from harvest_duck.servers.postgres.sql.statement_kinds import Declare, Explain, Refused
from harvest_duck.servers.postgres.sql.token_reader import TokenReader

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.sql.statement_kinds import ExecutePrepared, Select

__all__ = ["explain"]

_ON, _OFF = {"true", "on", "1"}, {"false", "off", "0"}
_SWITCHES = {"analyze", "verbose", "costs", "settings", "buffers", "wal", "timing", "summary"}


def explain(reader: TokenReader) -> Explain | Refused:
    """Take what follows EXPLAIN."""
    start = reader.tokens[0].start
    options = _options(reader)
    body = _body(reader)
    if isinstance(body, Refused):
        return body
    analyze = options.get("analyze", "off").lower() not in _OFF
    return Explain(body, analyze, options, start=start)


def _options(reader: TokenReader) -> dict[str, str]:
    """Options in parentheses, or the words ANALYZE and VERBOSE. A query may begin with a parenthesis too."""
    if reader.text() == "(" and reader.word(1) not in QUERIES and reader.text(1) != "(":
        options = {}
        for item in reader.inside():
            name, value = _option(TokenReader(item))
            options[name] = value
        return options
    options = {}
    if reader.one_of("analyze", "analyse"):
        options["analyze"] = "true"
    if reader.take("verbose"):
        options["verbose"] = "true"
    return options


def _option(reader: TokenReader) -> tuple[str, str]:
    """Take one option; raises a Failure for one that PostgreSQL 15 does not know, or that is neither on nor off."""
    name, position = reader.name(), reader.tokens[0].start + 1
    value = "".join(each.text for each in reader.rest()) or "true"
    if name == "analyse":
        name = "analyze"
    if name not in {*_SWITCHES, "format"}:
        raise Failure("42601", f'unrecognized EXPLAIN option "{name}"', position=position)
    if name in _SWITCHES and value.strip("'").lower() not in _ON | _OFF:
        raise Failure("42601", f"{name} requires a Boolean value", position=position)
    return name, value.strip("'")


def _body(reader: TokenReader) -> Select | ExecutePrepared | Declare | Refused:
    if reader.word() in QUERIES or reader.text() == "(":
        return query(reader)
    inner = TokenReader(reader.rest())
    word = inner.word()
    if word in {"execute", "declare"}:
        inner.at = 1
        found = execute(inner) if word == "execute" else PARSERS["declare"](inner)
        inner.finish()
        if not isinstance(found, Declare | Refused) and word == "declare":  # pragma: no cover
            raise AssertionError(found)
        return found  # type: ignore[return-value]
    return refused(inner)
