"""Prepared statements: those of Parse, and those of PREPARE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.parameters.parameter_types import parameter_types
from harvest_duck.servers.postgres.session.query import parameter_count
from harvest_duck.servers.postgres.sql.statement_kinds import Copy, Declare, Explain, Prepare, Select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harvest_duck.servers.postgres.sql.statement_kinds import Statement
    from harvest_duck.servers.postgres.sql.tokens import Token
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["Prepared", "parameter_oids", "query_of"]


@dataclass(eq=False, slots=True)
class Prepared:
    """A statement with the types of its parameters: their oids, or their names where PREPARE gave them.

    `columns` are the types of its columns, once a client was told of them.
    """

    statement: Statement
    types: tuple[int, ...] = ()
    type_names: tuple[str, ...] = ()
    columns: tuple[ColumnType, ...] | None = None


def parameter_oids(
    statement: Statement, declared: Sequence[int], type_of: Callable[[str], int | None]
) -> tuple[int, ...]:
    """Return a type for each parameter of a statement, those `declared` where these are not 0."""
    written = query_of(statement)
    count = max(parameter_count(written), len(declared))
    given = [*declared, *[0] * count][:count]
    return tuple(parameter_types(written, given, type_of)) if count else ()


def query_of(statement: Statement) -> tuple[Token, ...]:
    """Return the tokens of the query in a statement, where its parameters are."""
    match statement:
        case Select(tokens=tokens):
            return tokens
        case Explain(body=body) | Copy(body=body) | Declare(body=body) | Prepare(body=body):
            return query_of(body)
        case _:
            return ()
