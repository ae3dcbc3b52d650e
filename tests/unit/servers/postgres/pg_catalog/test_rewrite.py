from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.pg_catalog.rewrite import rewritten
from harvest_duck.servers.postgres.sql.tokens import tokens

if TYPE_CHECKING:
    from conftest import Database


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT relname FROM pg_catalog.pg_class WHERE oid = 'pg_catalog.pg_type'::regclass", [("pg_type",)]),
        ("SELECT c.oid::regclass::text FROM pg_class c WHERE relname = 'clients'", [("clients",)]),
        (
            "SELECT conrelid::pg_catalog.regclass || '' FROM pg_constraint WHERE contype = 'f' AND conrelid > 16384",
            [("projects",)],
        ),
        ("SELECT CAST('pg_proc' AS regclass)::oid, regclass 'pg_proc'", [(1255, 1255)]),
        ("SELECT typreceive::text FROM pg_type WHERE typinput = 'boolin'::regproc", [("boolrecv",)]),
        ("SELECT acme.harvest.clients.name FROM acme.harvest.clients", [("Acme",)]),
        ("SELECT C.Name FROM Harvest.Clients AS C", [("Acme",)]),
        (
            "SELECT '{a,\"b c\",NULL}'::text[], 'r' = ANY ('{r,v}'), 2 = ANY('{1,2}')",
            [(["a", "b c", None], True, True)],
        ),
        (
            "SELECT 'abc' ~ 'b', 'abc' !~ '^b', 'abc' ~* 'B', 'abc' !~* 'B', 'a\nb' ~ 'b$'",
            [(True, True, True, False, True)],
        ),
        ("SELECT 'x' OPERATOR(pg_catalog.~) ('x' || '') COLLATE pg_catalog.default", [(True,)]),
        ("SELECT indkey[0], indkey::text FROM pg_index WHERE indrelid = 'clients'::regclass", [(1, "1")]),
        ("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pg\\_t%'", [("pg_toast",)]),
        ("SELECT c.tableoid::regclass::text, c.xmin FROM pg_class c WHERE relname = 'clients'", [("pg_class", 1)]),
        ("SELECT s FROM string_to_array('a,b', ',') s", [(["a", "b"],)]),
        ("SELECT proargtypes::regtype[] FROM pg_proc WHERE proname = 'booleq'", [(["boolean", "boolean"],)]),
        ("SELECT generate_series(1, 2), s FROM generate_series(5, 5) s", [(1, 5), (2, 5)]),
        (
            "SELECT n FROM pg_index, information_schema._pg_expandarray(indkey) WHERE indrelid = 'clients'::regclass",
            [(1,)],
        ),
        (
            "SELECT format_type(1700, 1179656), format_type(1043, 14), format_type(1007, NULL)",
            [("numeric(18,4)", "character varying(10)", "integer[]")],
        ),
    ],
)
def test_a_statement_means_what_it_means_in_postgresql(
    database: Database,
    sql: str,
    rows: list[tuple[object, ...]],
) -> None:
    assert database.answer(sql) == rows


@pytest.mark.parametrize(
    ("sql", "code", "position"),
    [
        ("SELECT 'nix'::regclass", "42P01", 8),
        ("SELECT 'nix'::regtype", "42704", 8),
        ("SELECT 'nix'::regproc", "42883", 8),
    ],
)
def test_an_object_that_is_not_there_is_named(database: Database, sql: str, code: str, position: int) -> None:
    with pytest.raises(Failure, match='"nix" does not exist') as caught:
        database.answer(sql)
    assert (caught.value.sqlstate, caught.value.position) == (code, position)


def test_a_place_of_duckdbs_text_is_one_of_the_clients(database: Database) -> None:
    sql = "SELECT 'pg_class'::regclass,\n  /* a /* nested */ comment */ nonsense FROM pg_catalog.pg_class"
    done = rewritten(tokens(sql), database.catalogue)
    assert done.positions.client(done.sql.index("nonsense")) == sql.index("nonsense")
    assert done.positions.client(done.sql.index("postgres.catalog")) == sql.index("pg_catalog")


def test_what_reads_the_catalogue_is_known(database: Database) -> None:
    def reads(sql: str) -> bool:
        return rewritten(tokens(sql), database.catalogue).reads_catalogue

    assert reads("SELECT 1 FROM pg_class")
    assert reads("SELECT pg_catalog.version()")
    assert reads("SELECT * FROM information_schema.tables")
    assert not reads("SELECT id FROM clients")
    assert not reads("WITH transforms AS (SELECT 1 AS columns) SELECT columns FROM transforms")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT '{\"a}'::text[]", "22P02"),
        ("SELECT a" + ".b" * 5000 + "::regclass", "54001"),
        ("SELECT a" + "[1]" * 5000 + "::regtype", "54001"),
    ],
)
def test_what_no_client_writes_ends_with_a_code(database: Database, sql: str, code: str) -> None:
    with pytest.raises(Failure) as caught:
        rewritten(tokens(sql), database.catalogue)
    assert caught.value.sqlstate == code


def test_long_and_deep_statements_are_read(database: Database) -> None:
    for sql in (
        "SELECT x" + "::oid" * 5000,
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT a ~ " + "- " * 5000 + "1",
    ):
        assert rewritten(tokens(sql), database.catalogue).sql
