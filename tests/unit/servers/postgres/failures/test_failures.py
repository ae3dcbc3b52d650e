"""What PostgreSQL would say of an error: its code, one line, the place in the client's text, and a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from harvest_duck import errors
from harvest_duck.servers.gate.refusal import Refusal
from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.failures.failures import HARVEST, failure_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Shifted:
    """The client wrote the statement behind ten other characters."""

    def client(self, offset: int) -> int:
        """Return the offset in the client's text."""
        return offset + 10


@pytest.fixture(scope="module", params=["as text", "as JSON"])
def con(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("CREATE TABLE t (id INTEGER, name VARCHAR); CREATE TABLE u (id INTEGER)")
        opened.execute("CREATE MACRO refusing(x) AS error('0A000: not for ' || x)")
        opened.execute("SET enable_external_access = false")
        if request.param == "as JSON":
            opened.execute("SET errors_as_json = true")
        yield opened


def failure(con: duckdb.DuckDBPyConnection, sql: str) -> Failure:
    with pytest.raises(duckdb.Error) as raised:
        con.execute(sql).fetchall()
    return failure_of(raised.value, positions=Shifted(), sql=sql)


@pytest.mark.parametrize(
    ("sql", "sqlstate", "message", "near", "hint"),
    [
        ("SELECT nme FROM t", "42703", 'column "nme" does not exist', "nme", 'reference the column "name"'),
        ("SELECT 'äöü', nme\nFROM t", "42703", 'column "nme" does not exist', "nme", None),
        ("SELECT 1,\n\n  t.nme FROM t", "42703", "column t.nme does not exist", "t.nme", None),
        ("SELECT * FROM tt", "42P01", 'relation "tt" does not exist', "tt", None),
        ("SELECT lowwer('a')", "42883", "function lowwer does not exist", "lowwer", '"lower"'),
        ("SELECT * FROM rage(1)", "42883", "function rage does not exist", "rage", None),
        ("SELECT sum(name) FROM t", "42883", "function sum(text) does not exist", "sum", "explicit type casts"),
        ("SELECT DATE '2026-01-01' + DATE '2026-01-01'", "42883", "operator does not exist: date + date", None, None),
        ("SELECT 1::inteher", "42704", 'type "inteher" does not exist', None, None),
        ("SELECT 1 FRM x y", "42601", 'syntax error at or near "x"', None, None),
        ("SELECT x.id FROM t", "42P01", 'missing FROM-clause entry for table "x"', "x.id", None),
        ("SELECT id FROM t, u", "42702", 'column reference "id" is ambiguous', None, None),
        ("SELECT * FROM t, t", "42712", 'table name "t" specified more than once', None, None),
        ("SELECT name, count(*) FROM t", "42803", 'column "name" must appear in the GROUP BY clause or be', None, None),
        ("SELECT * FROM t WHERE sum(id) > 1", "42803", "WHERE clause cannot contain aggregates", "sum", None),
        ("SELECT 'x'::int", "22P02", 'invalid input syntax for type integer: "x"', None, None),
        ("SELECT '99999999999'::int", "22003", "99999999999", None, None),
        ("SELECT 300::tinyint", "22003", "out of range", None, None),
        ("SELECT 9223372036854775807 + 1", "22003", "Overflow", None, None),
        ("SELECT '2026-13-01'::date", "22008", "out of range", None, None),
        ("SELECT 'x'::timestamp", "22007", "timestamp field format", None, None),
        ("SELECT (SELECT * FROM range(2))", "21000", "more than one row returned by a subquery", None, None),
        ("SELECT 1 ORDER BY 2", "42P10", "out of range", None, None),
        ("SELECT 1 UNION SELECT 1, 2", "42601", "each UNION query must have the same number of columns", None, None),
        ("SELECT 1 LIMIT -1", "2201W", "LIMIT must not be negative", None, None),
        ("SELECT regexp_matches('a', '(')", "2201B", "invalid regular expression", None, None),
        ("SELECT json('{')", "22P02", "Malformed JSON", None, None),
        ("SELECT refusing('you')", "0A000", "not for you", None, None),
        ("SELECT error('hello')", "22023", "hello", None, None),
        ("FROM 'file.csv'", "42501", "this server reads and writes no files", None, None),
        ("SELECT repeat('x', 100000000000)", "54000", "string", None, None),
    ],
)
def test_errors_of_duckdb(  # noqa: PLR0917 - the columns of the table above
    con: duckdb.DuckDBPyConnection, sql: str, sqlstate: str, message: str, near: str | None, hint: str | None
) -> None:
    found = failure(con, sql)
    assert (found.sqlstate, "\n" in found.message) == (sqlstate, False)
    assert message in found.message
    if near is not None:
        assert found.position == sql.index(near) + 11
    if hint is not None:
        assert hint in (found.hint or "")


def test_a_place_far_along_a_long_line(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT 1, " + "'äää', " * 40 + "nosuch + 1, " + "2, " * 60 + "3"
    assert failure(con, sql).position == sql.index("nosuch") + 11


def test_candidates_are_not_told_where_they_may_hold_a_handle(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE MACRO kept(a, conn := '@0123') AS TABLE SELECT a, conn")
    found = failure(con, "FROM kept()")
    assert (found.sqlstate, found.message) == ("42883", "function kept does not take these arguments")
    assert "@0123" not in f"{found.message}{found.detail}{found.hint}"


def test_every_error_of_harvest_duck_has_a_code() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert any(base in HARVEST for base in kind.__mro__)
    assert not any(code.startswith("08") for code in HARVEST.values()), "pools give connections up at class 08"


@pytest.mark.parametrize(
    ("error", "sqlstate"),
    [
        (errors.Unauthorized("GET /v2/clients: 401", status=401), "28000"),
        (errors.LoginRequired("sign in first"), "28000"),
        (errors.Forbidden("GET /v2/users: 403", status=403), "42501"),
        (errors.RateLimited("GET /v2/clients: 429", status=429), "53400"),
        (errors.ServerError("GET /v2/clients: 500", status=500), "58000"),
        (errors.TransportError("no answer"), "HV00N"),
        (errors.QueryError("no request can"), "0A000"),
        (errors.MirrorBusy("another sync"), "55P03"),
    ],
)
def test_an_error_of_harvest_duck_keeps_its_line(error: errors.HarvestDuckError, sqlstate: str) -> None:
    told = duckdb.InvalidInputException(f"Invalid Input Error: reading the Arrow source failed: {error}")
    for found in (failure_of(error), failure_of(told, harvest=error)):
        assert (found.sqlstate, found.message) == (sqlstate, str(error))


def test_an_earlier_error_of_harvest_duck_does_not_count() -> None:
    found = failure_of(duckdb.BinderException("Binder Error: something else"), harvest=errors.QueryError("before"))
    assert (found.sqlstate, found.message) == ("42000", "something else")


def test_the_one_door_names_no_option_of_python() -> None:
    error = errors.QueryError("this database was opened with only_attached=True, and reads no other connection")
    found = failure_of(duckdb.InvalidInputException(f"Invalid Input Error: {error}"))
    assert (found.sqlstate, "only_attached" in found.message) == ("42501", False)


@pytest.mark.parametrize(
    ("error", "sqlstate", "message"),
    [
        (
            duckdb.InterruptException("INTERRUPT Error: Interrupted!"),
            "57014",
            "canceling statement due to user request",
        ),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate 1 GiB\n\nmore"), "53200", "1 GiB"),
        (duckdb.IOException("IO Error: Cannot read /home/me/secret"), "58030", "DuckDB could not read or write"),
        (duckdb.InternalException("INTERNAL Error: at /build/x.cpp\nStack"), "XX000", "internal error of DuckDB"),
        (duckdb.NotImplementedException("Not implemented Error: x"), "0A000", "x"),
        (RecursionError(), "54001", "nested too deeply"),
        (MemoryError(), "53200", "out of memory"),
        (
            KeyError("/home/me token"),
            "XX000",
            "internal error of harvest_duck: KeyError: report it with this statement",
        ),
    ],
)
def test_other_errors_tell_no_path_and_no_secret(error: BaseException, sqlstate: str, message: str) -> None:
    found = failure_of(error)
    assert found.sqlstate == sqlstate
    assert message in found.message
    assert not {"/home", "/build", "token", "\n"} & set(found.message.split())


def test_a_failure_stays_what_it_is_but_for_its_place() -> None:
    own = Failure("22023", "so", position=3)
    assert failure_of(own) is own
    found = failure_of(Refusal("42501", "no", offset=4, hint="ask"), positions=Shifted())
    assert (found.sqlstate, found.message, found.position, found.hint) == ("42501", "no", 15, "ask")
