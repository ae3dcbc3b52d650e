"""A client's query as DuckDB's: with the values of its parameters, and PostgreSQL's spellings rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.servers.gate.gate import refuse_unfit
from harvest_duck.servers.postgres.dialect.rewrite import spelled
from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.failures.failures import failure_of
from harvest_duck.servers.postgres.failures.stream_errors import with_place
from harvest_duck.servers.postgres.parameters.array_conditions import with_lists
from harvest_duck.servers.postgres.pg_catalog.rewrite import rewritten
from harvest_duck.servers.postgres.sql.column_names import column_names
from harvest_duck.servers.postgres.sql.tokens import Kind, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from harvest_duck.errors import HarvestDuckError
    from harvest_duck.servers.postgres.pg_catalog.catalog import Catalogue
    from harvest_duck.servers.postgres.pg_catalog.rewrite import Positions

__all__ = ["Query", "TableQuery", "parameter_count", "query"]


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT as the client wrote it, in DuckDB's SQL, and where each place of this is in the client's."""

    written: str
    sql: str
    positions: Positions
    reads_catalogue: bool
    #: The relations of PostgreSQL's catalogue that it names, which are made when they are first named.
    relations: frozenset[str]
    catalogue: Catalogue

    def relation(self, cursor: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """Return the query, bound; raise a Refusal for what is none, or reaches more than a client may."""
        self.catalogue.provide(cursor, self.relations)
        refuse_unfit(cursor, self.sql)
        try:
            return cursor.sql(self.sql)
        except duckdb.Error as error:
            raise with_place(error, cursor, self.sql) from error

    def names(self, names: Sequence[str]) -> list[str]:
        """Return the names of the columns as PostgreSQL gives them, where DuckDB gives these."""
        return column_names(self.written, names)

    def failure(self, error: Exception, harvest: HarvestDuckError | None) -> Failure:
        """Return the failure for an error of the query, where `harvest` is the last one of its scans."""
        return failure_of(error, harvest=harvest, positions=self.positions, sql=self.sql)


@dataclass(frozen=True, slots=True)
class TableQuery:
    """Rows that the server has itself, in the place of a query."""

    table: pa.Table
    #: There is none.
    sql: str = ""
    reads_catalogue: bool = False

    def relation(self, cursor: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """Return the rows."""
        return cursor.from_arrow(self.table)

    def names(self, names: Sequence[str]) -> list[str]:
        """Return the names of the columns."""
        return list(names)

    def failure(self, error: Exception, harvest: HarvestDuckError | None) -> Failure:
        """Return the failure for an error."""
        return failure_of(error, harvest=harvest)


def query(
    written: Sequence[Token], values: Sequence[str], catalogue: Catalogue, *, shown: Sequence[Token] | None = None
) -> Query:
    """Return the query that a client wrote, with these literals for its parameters.

    Its columns are named by `shown` where that is given.
    """
    made = rewritten(with_lists(tuple(spelled(tuple(_with_values(written, values))))), catalogue)
    text = "".join(token.text for token in shown or written)
    return Query(text, made.sql, made.positions, made.reads_catalogue, made.relations, catalogue)


def parameter_count(written: Sequence[Token]) -> int:
    """Return the largest number of a parameter."""
    return max((int(token.text[1:]) for token in written if token.kind is Kind.PARAMETER), default=0)


def _with_values(written: Sequence[Token], values: Sequence[str]) -> Iterator[Token]:
    for token in written:
        if token.kind is not Kind.PARAMETER:
            yield token
            continue
        number = int(token.text[1:])
        if not 1 <= number <= len(values):
            raise Failure("42P02", f"there is no parameter {token.text}", position=token.start + 1)
        for piece in tokens(values[number - 1]):
            yield Token(piece.kind, piece.text, token.start)
