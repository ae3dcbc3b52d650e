"""PostgreSQL's functions and spellings that DuckDB lacks or means otherwise.

Functions that DuckDB lacks are macros of `functions.sql` under their own names. One that DuckDB has with another
meaning is a macro whose name begins with `_`, which `spelled` writes in its place: a macro of the same name would also
change the ready views, whose SQL DuckDB binds with the search path of the session.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.dialect.rewrite import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["spelled", "statements"]


def statements() -> Iterator[str]:
    """Yield the statements that make the macros in the schema `postgres.catalog`, in the order that they need."""
    text = files(__package__).joinpath("functions.sql").read_text(encoding="utf-8")
    for statement in text.split(";\n"):
        lines = [line for line in statement.splitlines() if not line.startswith("--")]
        if any(lines):
            yield "\n".join(lines)
