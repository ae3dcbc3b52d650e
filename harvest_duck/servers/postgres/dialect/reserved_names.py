"""Names that DuckDB reserves and PostgreSQL does not: they are written in quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.dialect.edited_tokens import EditedTokens

__all__ = ["edit"]


def edit(edited: EditedTokens, at: int) -> None:
    """Put the name `at` in quotes; `AT TIME ZONE`, and DuckDB's `AT (VERSION => 3)`, stay as they are."""
    if edited.word(at) == "at" and edited.word(at + 1) not in {"time", "local"} and edited.text(at + 1) != "(":
        edited.put(at, at + 1, '"at"')
