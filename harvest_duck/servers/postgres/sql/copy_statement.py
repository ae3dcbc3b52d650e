"""COPY … TO STDOUT, with its options in PostgreSQL's present form and in that of 7.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.cursor_statements import query_or_write
from harvest_duck.servers.postgres.sql.refused_statements import read_only
from harvest_duck.servers.postgres.sql.statement_kinds import Copy, Refused, Select
from harvest_duck.servers.postgres.sql.token_reader import TokenReader
from harvest_duck.servers.postgres.sql.tokens import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["copy"]

Options = dict[str, str | tuple[str, ...]]
_TEXTS = {"delimiter", "null", "quote", "escape", "encoding", "format"}


def copy(reader: TokenReader) -> Copy | Refused:
    """Take what follows COPY."""
    start = reader.tokens[0].start
    options: Options = {}
    if reader.text() == "(":
        body: Select | Refused = _query(reader)
    else:
        if reader.take("binary"):
            options["format"] = "binary"
        body = _table(reader)
    if isinstance(body, Refused):
        reader.rest()
        return body
    direction = reader.one_of("to", "from")
    if direction is None:
        raise reader.refusal()
    if direction == "from":
        reader.rest()
        return Refused("COPY FROM", read_only("COPY FROM"), start=start)
    if reader.one_of("stdout", "stdin") is None:
        reader.rest()
        failure = Failure("42501", "COPY TO STDOUT alone is possible: this server writes no files and runs no programs")
        return Refused("COPY", failure, start=start)
    options |= _options(reader)
    return Copy(body, options, start=start)


def _query(reader: TokenReader) -> Select | Refused:
    """Take a query in parentheses."""
    before = reader.at
    reader.inside()
    return query_or_write(TokenReader(reader.between(before + 1, reader.at - 1)))


def _table(reader: TokenReader) -> Select:
    """Take a table and perhaps its columns, and return the query that reads them."""
    start = reader.at
    reader.name()
    while reader.mark("."):
        reader.name()
    table = reader.tokens[start : reader.at]
    items = reader.inside() if reader.text() == "(" else ()
    columns = [each for item in items for each in (*item, _made(Kind.PUNCTUATION, ",", item[-1]))][:-1]
    first = table[0]
    chosen = columns or [_made(Kind.OPERATOR, "*", first)]
    made = (_made(Kind.NAME, "SELECT", first), *chosen, _made(Kind.NAME, "FROM", first), *table)
    return Select(tuple(_spaced(made)), start=first.start)


def _made(kind: Kind, text: str, near: Token) -> Token:
    """A token that the client did not write; it stands where one is that he wrote."""
    return Token(kind, text, near.start)


def _spaced(made: Sequence[Token]) -> list[Token]:
    found: list[Token] = []
    for each in made:
        found += [each, _made(Kind.SPACE, " ", each)]
    return found[:-1]


def _options(reader: TokenReader) -> Options:
    """Take the options: in parentheses, or each with words of its own."""
    reader.take("with")
    if reader.text() != "(":
        return _old_options(reader)
    options: Options = {}
    for item in reader.inside():
        inner = TokenReader(item)
        name = inner.name()
        if name in options:
            raise Failure("42601", "conflicting or redundant options", position=item[0].start + 1)
        options[name] = _names(inner) if name.startswith("force_") else _option(inner)
        inner.finish()
    return options


def _option(reader: TokenReader) -> str:
    token = reader.peek()
    if token is None:
        return "true"
    reader.at += 1
    return token.value if token.value is not None else token.name if token.name is not None else token.text


def _names(reader: TokenReader) -> tuple[str, ...]:
    if reader.mark("*"):
        return ("*",)
    return tuple(TokenReader(item).name() for item in reader.inside())


def _old_options(reader: TokenReader) -> Options:
    """Take options as COPY had them before PostgreSQL 9.0."""
    options: Options = {}
    while (word := reader.one_of("binary", "csv", "header", "force", "delimiters", *_TEXTS)) is not None:
        if word in {"binary", "csv"}:
            options["format"] = word
        elif word == "header":
            options["header"] = "true"
        elif word == "force":
            reader.need("quote")
            options["force_quote"] = _plain_names(reader)
        else:
            reader.take("as")
            options[word.removesuffix("s") if word == "delimiters" else word] = reader.string()
    return options


def _plain_names(reader: TokenReader) -> tuple[str, ...]:
    if reader.mark("*"):
        return ("*",)
    names = [reader.name()]
    while reader.mark(","):
        names.append(reader.name())
    return tuple(names)
