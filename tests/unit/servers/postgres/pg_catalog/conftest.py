"""A catalogue that the tests of its modules share: to fill it takes half a second of CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from harvest_duck.servers.postgres import dialect
from harvest_duck.servers.postgres.dialect.rewrite import spelled
from harvest_duck.servers.postgres.pg_catalog.catalog import Catalogue, fill
from harvest_duck.servers.postgres.pg_catalog.rewrite import rewritten
from harvest_duck.servers.postgres.sql.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator


class Database:
    """An instance with three of Harvest's tables and a ready view, and what its catalogue answers."""

    def __init__(self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
        self.con, self.catalogue = con, catalogue

    def answer(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a client's query."""
        asked = rewritten(spelled(tokens(sql)), self.catalogue)
        self.catalogue.provide(self.con, asked.relations)
        return self.con.execute(asked.sql).fetchall()


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    with duckdb.connect() as con:
        con.execute("ATTACH ':memory:' AS harvest")
        con.execute("CREATE TABLE harvest.clients (id BIGINT, name VARCHAR)")
        con.execute("CREATE TABLE harvest.projects (id BIGINT, client_id BIGINT)")
        con.execute("CREATE TABLE harvest.lock_up (as_of DATE, due DECIMAL(18,4))")
        con.execute("INSERT INTO harvest.clients VALUES (1, 'Acme')")
        catalogue = fill(con, "acme", lazily=True)
        for statement in dialect.statements():
            con.execute(statement)
        con.execute("SET search_path = 'postgres.catalog,harvest.main'")
        yield Database(con, catalogue)
