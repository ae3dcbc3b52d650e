"""PostgreSQL's catalogue twice: ours, and that of a real PostgreSQL 15 with the same objects; what both say of a query.

Numbers of objects differ, so those of the real one are exchanged for ours by their names.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from support.postgres_objects import same_objects
from support.real_postgres import client, running

import harvest_duck
from harvest_duck.servers.postgres import dialect
from harvest_duck.servers.postgres.pg_catalog.catalog import described, fill
from harvest_duck.servers.postgres.pg_catalog.column_types import REGISTERED
from harvest_duck.servers.postgres.pg_catalog.objects import relations
from harvest_duck.servers.postgres.session.query import query
from harvest_duck.servers.postgres.sql.tokens import tokens
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    from support.real_postgres import RealPostgres

    from harvest_duck.sandbox import Sandbox
    from harvest_duck.servers.postgres.pg_catalog.catalog import Catalogue
    from harvest_duck.servers.postgres.pg_catalog.objects import Relation

__all__ = ["Ours", "Pair", "Theirs", "opened", "pair"]

#: PostgreSQL gives objects of users numbers from here on.
_FIRST = 16384
_NAMED = (("pg_class", "relname"), ("pg_type", "typname"), ("pg_constraint", "conname"), ("pg_proc", "proname"))
_TEXTS = {duckdb: f"postgres.catalog.{name}_text" for name, duckdb in REGISTERED.items()}


def opened(sandbox: Sandbox) -> tuple[duckdb.DuckDBPyConnection, Catalogue]:
    """Return an instance with the tables of an account and the ready views, and the catalogue that is filled in it."""
    con = harvest_duck.connect(sandbox.connection_string(), name="harvest", only_attached=True)
    for name in views():
        con.execute(f"CREATE VIEW harvest.main.{name} AS FROM harvest.main.{name}()")
    catalogue = fill(con, "acme", lazily=True)
    for statement in dialect.statements():
        con.execute(statement)
    con.execute("SET search_path = 'postgres.catalog,harvest.main'")
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET VARIABLE postgres_user = 'ann'")
    return con, catalogue


@pytest.fixture(scope="session")
def pair(agency: Sandbox) -> Iterator[Pair]:
    """Our catalogue of the agency, and that of a real PostgreSQL with the same objects."""
    with running() as cluster:
        con, catalogue = opened(agency)
        with con, closing(Theirs(cluster, relations(described(con)))) as theirs:
            yield Pair(Ours(con, catalogue), theirs)


class Ours:
    """The catalogue in DuckDB, as the server asks it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
        self._con, self._catalogue = con, catalogue
        self.refused = catalogue.refused

    def names(self, sql: str) -> list[str]:
        """Return the names of the columns of a query."""
        asked = query(tokens(sql), (), self._catalogue)
        return asked.names(asked.relation(self._con).columns)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a client's query, names of objects as text."""
        relation = query(tokens(sql), (), self._catalogue).relation(self._con)
        shown = [_TEXTS.get(str(kind), "") for kind in relation.types]
        return relation.project(", ".join(f"{text}(#{n}) AS c{n}" for n, text in enumerate(shown, 1))).fetchall()


class Theirs:
    """The catalogue of a real PostgreSQL whose database `acme` has the same objects, as a user may ask it."""

    def __init__(self, cluster: RealPostgres, relations: Sequence[Relation]) -> None:
        psycopg = client("psycopg")
        where = f"host={cluster.host} port={cluster.port}"
        cluster.create("acme")
        with cluster.connect("acme") as con:
            for statement in same_objects(relations, "acme", "ann"):
                con.execute(statement)
            self.numbers = {(kind, name): oid for kind, name, oid in con.execute(_numbered()).fetchall()}
        self._con = psycopg.connect(f"{where} user=ann dbname=acme", autocommit=True, prepare_threshold=None)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return list(self._con.execute(sql).fetchall())

    def names(self, sql: str) -> list[str]:
        """Return the names of the columns of a query."""
        return [column.name for column in self._con.execute(sql).description]

    def close(self) -> None:
        """Close the connection."""
        self._con.close()


class Pair:
    """Both of them."""

    def __init__(self, ours: Ours, theirs: Theirs) -> None:
        self.ours, self.theirs = ours, theirs
        mine = {(kind, name): int(oid) for kind, name, oid in ours.rows(_numbered())}
        #: The numbers of the real one, and ours for them.
        self._numbers = {oid: mine[key] for key, oid in theirs.numbers.items() if key in mine}

    def differences(self, sql: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Return the rows that only the real one has, and those that only we have.

        `{clients}` in the query is the number of a relation; `{utilization()}` is that of a function.
        """
        theirs = Counter(self._plain(row, self._numbers) for row in self.theirs.rows(self._asked(sql, real=True)))
        ours = Counter(self._plain(row, {}) for row in self.ours.rows(self._asked(sql, real=False)))
        only = (list((theirs - ours).elements()), list((ours - theirs).elements()))
        return [row for row in only[0] if not _of_toast(row)], only[1]

    def names(self, sql: str) -> tuple[list[str], list[str]]:
        """Return the names of the columns of a query, those of the real one first."""
        return self.theirs.names(self._asked(sql, real=True)), self.ours.names(self._asked(sql, real=False))

    def _asked(self, sql: str, *, real: bool) -> str:
        back = {mine: oid for oid, mine in self._numbers.items()}
        by_name = {key: self._numbers[oid] for key, oid in self.theirs.numbers.items() if oid in self._numbers}

        def number(found: re.Match[str]) -> str:
            mine = by_name.get(("pg_proc" if found[2] else "pg_class", found[1]))
            return found[0] if mine is None else str(back[mine] if real else mine)

        return re.sub(r"\{(\w+)(\(\))?\}", number, sql)

    def _plain(self, row: tuple[Any, ...], numbers: dict[int, int]) -> tuple[Any, ...]:
        return tuple(_plain(value, numbers) for value in row)


def _of_toast(row: tuple[Any, ...]) -> bool:
    """Whether a row is about a table that PostgreSQL makes for long values; we have none for those of Harvest."""
    return any(isinstance(value, str) and re.fullmatch(r"pg_toast_\d{5,}(_index)?", value) for value in row)


def _numbered() -> str:
    """The query that tells kind, name and number of all objects of users."""
    parts = [
        f"SELECT '{relation}', {column}::text, oid::int8 FROM pg_catalog.{relation} WHERE oid >= {_FIRST}"
        for relation, column in _NAMED
    ]
    parts += [
        "SELECT 'pg_namespace', nspname::text, oid::int8 FROM pg_catalog.pg_namespace WHERE nspname = 'harvest'",
        "SELECT 'pg_database', datname::text, oid::int8 FROM pg_catalog.pg_database WHERE datname = 'acme'",
        "SELECT 'pg_roles', rolname::text, oid::int8 FROM pg_catalog.pg_roles WHERE rolname IN ('ann', 'harvest')",
        (
            "SELECT 'pg_rewrite', c.relname::text, r.oid::int8 FROM pg_catalog.pg_rewrite r "
            f"JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE r.oid >= {_FIRST}"
        ),
    ]
    return " UNION ALL ".join(parts)


def _plain(value: Any, numbers: dict[int, int]) -> Any:
    """A value in a form that both have: numbers as int, lists and vectors as text, digits as numbers."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (list, tuple)):
        return _plain(" ".join(str(_plain(item, numbers)) for item in value), {})
    if isinstance(value, (int, float, Decimal)):
        return numbers.get(int(value), int(value)) if value == int(value) else round(float(value), 4)
    text = str(value)
    return numbers.get(int(text), int(text)) if text.isascii() and text.isdigit() else text.rstrip(" ")
