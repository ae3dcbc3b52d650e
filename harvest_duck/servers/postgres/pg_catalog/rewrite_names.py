"""Names of PostgreSQL's two schemas and of the database, as DuckDB finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.pg_catalog.column_types import SCHEMAS

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.pg_catalog.catalog import Catalogue
    from harvest_duck.servers.postgres.pg_catalog.pieces import Pieces

__all__ = ["reads_catalogue", "refuse", "rewrite", "rewrite_system_columns"]

#: The schema of Harvest's tables, as clients see it.
_HARVEST = "harvest"
#: Each relation of pg_catalog begins so.
_PREFIX = "pg_"


def reads_catalogue(pieces: Pieces, catalogue: Catalogue) -> bool:
    """Return whether a statement names a relation or a function of PostgreSQL's catalogue."""
    return any(
        piece.name in SCHEMAS
        or (_found_without_schema(piece.name, catalogue) and pieces.text(at - 1) != ".")
        or (piece.name is not None and piece.name.startswith("pg_") and pieces.called(at))
        for at, piece in enumerate(pieces.all)
    )


def _found_without_schema(name: str | None, catalogue: Catalogue) -> bool:
    """Whether a name without a schema is that of a relation: those of information_schema are not on the search path."""
    return name is not None and name.startswith(_PREFIX) and name in catalogue.relations


def refuse(pieces: Pieces, catalogue: Catalogue) -> None:
    """Raise Failure for a relation of PostgreSQL's catalogue that a client cannot read."""
    for at, piece in enumerate(pieces.all):
        if piece.name in catalogue.refused and pieces.clause[at] == "from" and _is_relation(pieces, at):
            code, message = catalogue.refused[piece.name]
            raise Failure(code, message, position=piece.start + 1)


def _is_relation(pieces: Pieces, at: int) -> bool:
    """Whether a name in FROM is that of a relation, and not an alias or that of a column."""
    first = at
    while pieces.text(first - 1) == "." and first > 1:
        first -= 2
    if first == at and not str(pieces.name(at)).startswith(_PREFIX):
        return False
    if first < at and pieces.name(at - 2) not in SCHEMAS:
        return False
    return pieces.text(at + 1) not in {".", "("} and (
        pieces.word(first - 1) in {"from", "join", "lateral"} or pieces.text(first - 1) in {",", "("}
    )


def rewrite_system_columns(pieces: Pieces, catalogue: Catalogue) -> None:
    """Write the columns that each table of PostgreSQL has beside its own as what they say of a row."""
    relations = _aliases(pieces, catalogue)
    for at, piece in enumerate(pieces.all):
        if piece.name not in {"tableoid", "xmin"} or pieces.text(at - 1) != "." or pieces.text(at + 1) == "(":
            continue
        relation = relations.get(pieces.name(at - 2) or "")
        number = None if relation is None else catalogue.number("regclass", relation)
        if number is None:
            continue
        pieces.drop(pieces.start_of(at), at - 1)
        piece.text = "postgres.catalog.xmin()" if piece.name == "xmin" else f"postgres.catalog.tableoid({number})"


def _aliases(pieces: Pieces, catalogue: Catalogue) -> dict[str, str]:
    """The relations of the catalogue in FROM, by the names that a statement gives them."""
    found = {}
    for at, piece in enumerate(pieces.all):
        if piece.name in catalogue.relations and pieces.clause[at] == "from" and _is_relation(pieces, at):
            alias = at + 2 if pieces.word(at + 1) == "as" else at + 1
            found[pieces.name(alias) or piece.name] = piece.name
            found.setdefault(piece.name, piece.name)
    return found


def rewrite(pieces: Pieces, catalogue: Catalogue) -> None:
    """Say where DuckDB has each name that has a schema before it."""
    at = 0
    while at < len(pieces):
        if pieces.text(at + 1) == "." and pieces.text(at - 1) != "." and pieces[at].text:
            _qualified(pieces, at, catalogue)
        at += 1


def _qualified(pieces: Pieces, at: int, catalogue: Catalogue) -> None:
    name, second, third = pieces.name(at), pieces.name(at + 2), pieces.text(at + 3) == "."
    if name == catalogue.database and third and second in {*SCHEMAS, _HARVEST}:
        pieces.drop(at, at + 1)
        at += 2
        name, second = second, pieces.name(at + 2)
    if name not in SCHEMAS or second is None:
        return
    if pieces.called(at + 2) or (name == "pg_catalog" and second not in catalogue.relations and _is_keyword(second)):
        pieces.drop(at, at + 1)
        return
    pieces[at].text = SCHEMAS[name]
    pieces[at + 2].text = '"' + second.replace('"', '""') + '"'


def _is_keyword(name: str) -> bool:
    """Whether it is a type, which DuckDB knows without a schema."""
    return not name.startswith("pg_")
