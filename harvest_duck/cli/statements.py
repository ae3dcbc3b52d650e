"""The SQL of a command: where it is read from, its statements, and the values of its parameters."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import duckdb
from duckdb import StatementType

from harvest_duck.cli import standard_input
from harvest_duck.errors import QueryError
from harvest_duck.formats.results import WITH_ROWS
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Script", "Step", "argument", "parameters", "read", "script", "text_of", "with_values"]

_STANDARD_INPUT = "-"
_PARAMETER = re.compile(rb"\?|\$([\w\x80-\xff]+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One statement; `place` says which of several it is, and is empty for the only one."""

    statement: duckdb.Statement
    place: str

    @property
    def has_rows(self) -> bool:
        """Whether it certainly has rows."""
        return self.statement.type in WITH_ROWS


@dataclass(frozen=True, slots=True)
class Script:
    """The statements of a command, with the values for their parameters, by their names in lower case."""

    steps: tuple[Step, ...]
    values: Mapping[str, str | None]

    def values_of(self, step: Step) -> dict[str, str | None]:
        """Return the values of the parameters that a statement has."""
        return {name: self.values[name.lower()] for name in step.statement.named_parameters}


def read(sql: str | None, file: Path | None) -> str:
    """Return the SQL that is given, or is in the file, where `-` is standard input, which it is also by default.

    Raises `click.UsageError` where both or neither are given, `QueryError` for text that is not UTF-8, and OSError.
    """
    if sql is not None and file is not None:
        raise click.UsageError("Give the SQL or -f FILE, not both.")
    if file is not None and str(file) != _STANDARD_INPUT:
        return _decoded(file.read_bytes(), str(file))
    if sql is not None and sql != _STANDARD_INPUT:
        return argument(sql, "the SQL")
    if sql is None and file is None and standard_input.is_terminal():
        raise click.UsageError("Give the SQL, or -f FILE, or pipe it in.")
    return _decoded(standard_input.whole_text("the SQL"), "standard input")


def argument(text: str, where: str) -> str:
    """Return an argument of the command, read as UTF-8 where it has bytes that the locale does not know.

    Raises `QueryError` for bytes that are no UTF-8 either.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return _decoded(os.fsencode(text), where)
    return text


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QueryError(f"{where}: byte {error.start:,} is no UTF-8: write it in UTF-8") from None


def parameters(given: Iterable[str]) -> dict[str, str | None]:
    """Return the parameters that options `NAME=VALUE` give, and NULL to each `NAME` alone, by names in lower case.

    The case of a parameter means nothing to DuckDB.

    Raises `click.UsageError` for a name that is missing or given twice, `QueryError` for a value that is not UTF-8.
    """
    found: dict[str, str | None] = {}
    for each in given:
        name, equals, value = each.partition("=")
        name = name.strip().removeprefix("$").lower()
        if not name:
            raise click.UsageError("-p: the name is missing: write NAME=VALUE.")
        if name in found:
            # Without the value, which may be a secret.
            raise click.UsageError(f"-p {name}: it is given twice.")
        found[name] = argument(value, f"-p {name}") if equals else None
    return found


def script(con: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, str | None], source: str = "") -> Script:
    """Return the statements of `sql`, which the parser of `con` has read to the end; `source` is the file's name.

    Raises `QueryError` if there is none, if a parameter has no value, or a value no parameter.
    """
    steps = _placed(_parsed(con, sql, source), sql, source)
    if not steps:
        raise QueryError("there is no statement in the SQL: give one, such as FROM harvest.clients")
    wanted = {name.lower() for step in steps for name in step.statement.named_parameters}
    for name in sorted(wanted - set(values)):
        raise QueryError(f"the parameter ${name} has no value: add -p {name}=VALUE")
    for name in values:
        if name not in wanted:
            known = ", ".join(f"${each}" for each in sorted(wanted))
            raise QueryError(
                f"-p {name}: the SQL has no parameter ${name}; {f'it has {known}' if known else 'it has none'}"
            )
    return Script(tuple(steps), values)


def _parsed(con: duckdb.DuckDBPyConnection, sql: str, source: str) -> list[duckdb.Statement]:
    try:
        return con.extract_statements(sql)
    except duckdb.Error as error:
        if not source:
            raise
        raise QueryError(f"{source}: {error}") from error


def _placed(statements: list[duckdb.Statement], sql: str, source: str) -> list[Step]:
    """Return the statements with the number and the line of each.

    DuckDB 1.x makes several statements of a PIVOT, and has the text of none of them: they count as one.
    """
    places, number, at = [], 1, 0
    for statement in statements:
        own = text_of(statement)
        found = sql.find(own, at) if own else -1
        line = f", line {sql.count(chr(10), 0, found) + 1}" if found >= 0 else ""
        places.append(f"{source and f'{source}, '}statement {number}{line}")
        at = found + len(own) if found >= 0 else at
        number += bool(own) or statement.type != StatementType.CREATE
    several = number > 2  # noqa: PLR2004 - it is the number of the next one
    return [Step(each, place if several else "") for each, place in zip(statements, places, strict=True)]


def text_of(statement: duckdb.Statement) -> str:
    """Return the SQL of a statement; empty for the parts that DuckDB 1.x makes of a PIVOT."""
    try:
        return statement.query.strip()
    except IndexError:
        return ""


def with_values(sql: str, values: Mapping[str, str | None]) -> str:
    """Return the SQL with literals in the place of its parameters, for what takes a text alone."""
    content = sql.encode()
    pieces, at, unnamed = [], 0, 0
    # DuckDB counts bytes here.
    for position, kind in duckdb.tokenize(sql):
        found = _PARAMETER.match(content, position)
        if found and kind == duckdb.token_type.operator:
            unnamed += not found[1]
            value = values[found[1].decode().lower() if found[1] else str(unnamed)]
            pieces += [content[at:position], b"NULL" if value is None else text(value).encode()]
            at = found.end()
    return b"".join([*pieces, content[at:]]).decode()
