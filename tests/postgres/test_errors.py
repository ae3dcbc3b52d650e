"""Errors have the code, the words and the place that a real PostgreSQL 15 gives them, where it has the same error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.real_postgres import USER, real_postgres
from support.wire_client import WireClient, WireError

if TYPE_CHECKING:
    from support.real_postgres import RealPostgres

__all__ = ["real_postgres"]

#: A table of the client's own.
T = "(SELECT 1 AS id, 'x'::text AS name) t"
#: A statement, the code of its error, and its message where that is PostgreSQL's to the letter.
SAME = [
    ("SELECT 1 FRM x y", "42601", None),
    ("SELECT 'abc", "42601", 'unterminated quoted string at or near "\'abc"'),
    ('SELECT "" FROM t', "42601", 'zero-length delimited identifier at or near """"'),
    ("SELECT /* 1", "42601", None),
    ("FOO", "42601", 'syntax error at or near "FOO"'),
    ("FETCH", "42601", None),
    (f"SELECT nosuch FROM {T}", "42703", 'column "nosuch" does not exist'),
    (f"SELECT t.nosuch FROM {T}", "42703", "column t.nosuch does not exist"),
    (f"SELECT u.id FROM {T}", "42P01", 'missing FROM-clause entry for table "u"'),
    ("SELECT * FROM nosuch", "42P01", 'relation "nosuch" does not exist'),
    ("SELECT *\nFROM clients, \n  nosuch", "42P01", None),
    ("SELECT * FROM information_schema.nosuch", "42P01", 'relation "information_schema.nosuch" does not exist'),
    ("SELECT * FROM pg_catalog.pg_nosuch", "42P01", 'relation "pg_catalog.pg_nosuch" does not exist'),
    ("SELECT nosuch(1)", "42883", None),
    ("SELECT 'äöü', nosuch(1)", "42883", None),
    ("SELECT date '2026-01-01' + date '2026-01-01'", "42883", "operator does not exist: date + date"),
    ("SELECT 1::nosuch", "42704", 'type "nosuch" does not exist'),
    (f"SELECT id FROM {T}, {T.replace(' t', ' u')}", "42702", 'column reference "id" is ambiguous'),
    (f"SELECT * FROM {T}, {T}", "42712", 'table name "t" specified more than once'),
    (f"SELECT * FROM {T} WHERE sum(id) > 1", "42803", None),
    (f"SELECT sum(sum(id)) FROM {T}", "42803", None),
    ("SELECT 'x'::int", "22P02", 'invalid input syntax for type integer: "x"'),
    ("SELECT '2026-13-01'::date", "22008", None),
    ("SELECT 'x'::date", "22007", None),
    ("SELECT 40000::smallint", "22003", None),
    ("SELECT 9223372036854775807 + 1", "22003", None),
    (
        "SELECT (SELECT * FROM generate_series(1, 2))",
        "21000",
        "more than one row returned by a subquery used as an expression",
    ),
    ("SELECT 1 UNION SELECT 1, 2", "42601", "each UNION query must have the same number of columns"),
    ("SELECT 1 ORDER BY 2", "42P10", None),
    ("SELECT 1 LIMIT -1", "2201W", "LIMIT must not be negative"),
    ("SELECT div(1, 0)", "22012", "division by zero"),
    ("SELECT 'a' ~ '('", "2201B", None),
    ("SELECT substring('abc', 1, -1)", "22011", "negative substring length not allowed"),
    ("BEGIN READ ONLY; CREATE TABLE t (a int)", "25006", "cannot execute CREATE TABLE in a read-only transaction"),
    ("EXECUTE nosuch", "26000", 'prepared statement "nosuch" does not exist'),
    ("CLOSE nosuch", "34000", 'cursor "nosuch" does not exist'),
    ("SHOW nosuch", "42704", 'unrecognized configuration parameter "nosuch"'),
    ("SELECT $1", "42P02", "there is no parameter $1"),
]
#: Those whose place PostgreSQL tells too, and the token at which it is.
PLACES = {
    "SELECT 'abc": "'abc",
    "FOO": "FOO",
    f"SELECT nosuch FROM {T}": "nosuch",
    f"SELECT t.nosuch FROM {T}": "t.nosuch",
    f"SELECT u.id FROM {T}": "u.id",
    "SELECT * FROM nosuch": "nosuch",
    "SELECT 'äöü', nosuch(1)": "nosuch",
}


def error(client: WireClient, sql: str) -> WireError:
    """The error of a statement, after which the client is in no transaction."""
    with pytest.raises(WireError) as raised:
        client.query(sql)
    client.query("ROLLBACK")
    return raised.value


def check(client: WireClient) -> None:
    """Check the errors that a client is told."""
    told = {sql: error(client, sql) for sql, _, _ in SAME}
    assert {sql: found.sqlstate for sql, found in told.items()} == {sql: code for sql, code, _ in SAME}
    messages = {sql: message for sql, _, message in SAME if message is not None}
    assert {sql: told[sql].message for sql in messages} == messages
    assert {sql: told[sql].position for sql in PLACES} == {sql: sql.index(near) + 1 for sql, near in PLACES.items()}


def test_errors_are_postgresql_s(client: WireClient) -> None:
    check(client)


def test_postgresql_has_these_errors(real_postgres: RealPostgres) -> None:
    with WireClient(real_postgres.port, USER, "postgres") as real:
        real.query("CREATE TEMP TABLE clients (id bigint)")
        check(real)


@pytest.mark.parametrize(
    ("sql", "hint"),
    [
        ("SELECT nme FROM clients", 'Perhaps you meant to reference the column "name'),
        ("SELECT * FROM client", 'Perhaps you meant the relation "clients".'),
        ("SELECT sum(name) FROM clients", "You might need to add explicit type casts."),
    ],
)
def test_what_may_have_been_meant_is_a_hint(client: WireClient, sql: str, hint: str) -> None:
    assert error(client, sql).fields["H"].startswith(hint)


def test_an_error_in_a_prepared_statement_has_its_place_too(client: WireClient) -> None:
    sql = "SELECT id FROM clients WHERE extract(second FROM created_at) = $1 AND nosuch = 1"
    with pytest.raises(WireError) as raised:
        client.run(sql, ["1"])
    assert (raised.value.sqlstate, raised.value.position) == ("42703", sql.index("nosuch") + 1)
