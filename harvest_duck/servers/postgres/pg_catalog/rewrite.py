"""A client's SQL as DuckDB reads it: PostgreSQL's spellings become DuckDB's, and nothing else changes.

What is not known passes through, so that DuckDB says what is wrong with it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.pg_catalog import rewrite_casts, rewrite_functions, rewrite_names, rewrite_operators
from harvest_duck.servers.postgres.pg_catalog.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.servers.postgres.pg_catalog.catalog import Catalogue
    from harvest_duck.servers.postgres.sql.tokens import Token

__all__ = ["Positions", "Rewritten", "rewritten"]


@dataclass(frozen=True, slots=True)
class Positions:
    """Where in the client's text each place of DuckDB's text was written."""

    places: tuple[tuple[int, int], ...]

    def client(self, offset: int) -> int:
        """Return the offset in the client's text of an offset in DuckDB's."""
        if not self.places:
            return 0
        return self.places[max(0, bisect_right(self.places, (offset, 1 << 62)) - 1)][1]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A statement for DuckDB. `reads_catalogue` says that its lists are arrays and vectors of PostgreSQL.

    `Catalogue.provide` makes the `relations` of the catalogue that it names.
    """

    sql: str
    positions: Positions
    reads_catalogue: bool
    relations: frozenset[str]


def rewritten(tokens: Sequence[Token], catalogue: Catalogue) -> Rewritten:
    """Return a client's statement for DuckDB; raise Failure for an object named by text that is not there."""
    pieces = Pieces(tokens)
    rewrite_names.refuse(pieces, catalogue)
    reads = rewrite_names.reads_catalogue(pieces, catalogue)
    if reads:
        rewrite_names.rewrite_system_columns(pieces, catalogue)
    rewrite_operators.rewrite(pieces)
    rewrite_casts.rewrite(pieces, catalogue)
    rewrite_functions.rewrite(pieces)
    rewrite_names.rewrite(pieces, catalogue)
    sql, places = pieces.written()
    named = frozenset(piece.name for piece in pieces.all if piece.name is not None)
    return Rewritten(sql, Positions(tuple(places)), reads, named & catalogue.relations if reads else frozenset())
