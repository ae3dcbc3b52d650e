"""PostgreSQL's spellings of what DuckDB writes otherwise, or would read with another meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.dialect import (
    derived_names,
    function_calls,
    patterns,
    reserved_names,
    typed_values,
    written_bytes,
)
from harvest_duck.servers.postgres.dialect.edited_tokens import EditedTokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["spelled"]


def spelled(written: Sequence[Token]) -> tuple[Token, ...]:
    """Return a statement's tokens with what has to be spelled otherwise for DuckDB.

    Raises Failure 0A000 for a template, pattern or unit that has no exact meaning there. The tokens that come from one
    of the client's have its place.
    """
    edited = EditedTokens(written)
    # From the last to the first, so that what an expression holds is edited before it is moved.
    for at in range(len(edited.tokens) - 1, -1, -1):
        patterns.edit(edited, at)
        typed_values.edit(edited, at)
        written_bytes.edit(edited, at)
        function_calls.edit(edited, at)
        derived_names.edit(edited, at)
        reserved_names.edit(edited, at)
    return edited.written()
