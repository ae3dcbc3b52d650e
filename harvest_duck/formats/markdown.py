"""A table of Markdown, as GitHub renders it: https://github.github.com/gfm/#tables-extension-."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.formats.lines import FRACTIONS, NUMBERS, UNQUOTED, Lines, between, concat
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb.sqltypes import DuckDBPyType

__all__ = ["markdown"]

#: What a backslash makes stand for itself: characters of Markdown and of HTML, which Markdown lets through.
_SPECIAL = r"([\\|<*_~`\[\]]|&#?\w+;)"
#: A name with no underscore but within, where it means nothing.
_WORD = re.compile(r"[^\W_](?:\w*[^\W_])?")
#: A backslash, and what was found; RE2 and Python write it alike.
_MARKED = r"\\\1"
_NEWLINE = r"\r\n|\n|\r"


def markdown(names: Sequence[str], types: Sequence[DuckDBPyType], columns: Sequence[str]) -> Lines:
    """Return how rows are written, with numbers to the right, and NULL as nothing.

    `columns` are the expressions of the columns that have these names and types.
    """
    cells = [_cell(column, kind) for column, kind in zip(columns, types, strict=True)]
    header = " | ".join(map(_head, names))
    rule = "|".join("---:" if kind.id in NUMBERS | FRACTIONS else "---" for kind in types)
    return Lines(f"| {header} |\n|{rule}|\n", concat(["'| '", *between(cells, " | "), "' |'", "chr(10)"]))


def _head(name: str) -> str:
    return name if _WORD.fullmatch(name) else re.sub(_NEWLINE, "<br>", re.sub(_SPECIAL, _MARKED, name))


def _cell(column: str, kind: DuckDBPyType) -> str:
    """Return the expression of a cell, in which each character stands for itself and a line break for a new line."""
    written = f"{column}::VARCHAR"
    if kind.id in UNQUOTED:
        return written
    marked = f"regexp_replace({written}, {text(_SPECIAL)}, {text(_MARKED)}, 'g')"
    return f"regexp_replace({marked}, {text(_NEWLINE)}, '<br>', 'g')"
