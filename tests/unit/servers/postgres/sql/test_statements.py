"""The statements of a client's text: which they are, and that what writes is refused when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.statement_kinds import (
    Begin,
    CloseCursor,
    Commit,
    Copy,
    Deallocate,
    Declare,
    Discard,
    Empty,
    ExecutePrepared,
    Explain,
    Fetch,
    Listen,
    Modes,
    Move,
    Prepare,
    Refused,
    Release,
    Reset,
    Rollback,
    Savepoint,
    Select,
    Set,
    SetTransaction,
    Show,
    Statement,
)
from harvest_duck.servers.postgres.sql.statements import statements
from harvest_duck.servers.postgres.sql.tokens import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable


def text(found: Iterable[Token]) -> str:
    return "".join(each.text for each in found)


def one(sql: str) -> Statement:
    (found,) = statements(sql)
    return found


def test_a_text_is_parted_at_its_semicolons_alone() -> None:
    sql = "select ';' ; ;\n/* ; */ values (1) -- ;\n; TABLE \";\";"
    found = statements(sql)
    assert [type(each) for each in found] == [Select] * 3
    assert [text(each.tokens).strip() for each in found if isinstance(each, Select)] == [
        "select ';'",
        "/* ; */ values (1) -- ;",
        'TABLE ";"',
    ]
    assert [each.start for each in found] == [0, sql.index("values"), sql.index("TABLE")]


@pytest.mark.parametrize("sql", ["", ";;", " -- only this", "/* ; */"])
def test_nothing_is_one_empty_statement(sql: str) -> None:
    assert statements(sql) == (Empty(),)


FULL = Modes("serializable", read_only=True, deferrable=True)


@pytest.mark.parametrize(
    ("sql", "meant"),
    [
        ("BEGIN", Begin()),
        ("begin work isolation level serializable, read only deferrable", Begin(FULL)),
        ("START TRANSACTION READ WRITE", Begin(Modes(read_only=False), "START TRANSACTION")),
        ("begin transaction not deferrable", Begin(Modes(deferrable=False))),
        ("COMMIT", Commit()),
        ("end transaction and chain", Commit(chain=True)),
        ("ABORT", Rollback()),
        ("rollback work and no chain", Rollback()),
        ("rollback to savepoint a", Rollback("a")),
        ("ROLLBACK TRANSACTION TO savepoint", Rollback("savepoint")),
        ('SAVEPOINT "A"', Savepoint("A")),
        ("release savepoint A", Release("a")),
        ("release savepoint", Release("savepoint")),
        ("set TimeZone = 'UTC'", Set("timezone", "UTC")),
        ("SET LOCAL work_mem TO DEFAULT", Set("work_mem", None, local=True)),
        ('set search_path to "$user", Public, "A b"', Set("search_path", '"$user", public, "A b"')),
        ("set session time zone 'Europe/Berlin'", Set("timezone", "Europe/Berlin")),
        ('set time zone "Etc/UTC"', Set("timezone", "Etc/UTC")),
        ('set application_name to "My App"', Set("application_name", "My App")),
        ("set time zone local", Set("timezone", "local")),
        ("set time zone -8", Set("timezone", "-8")),
        ("set time zone interval '-08:00' hour to minute", Set("timezone", "-08")),
        ("set time zone interval '+02:00:00'", Set("timezone", "+02")),
        ("set time zone '+02:00'", Set("timezone", "+02:00")),
        ("set time zone default", Set("timezone", None)),
        ("set extra_float_digits = +3", Set("extra_float_digits", "3")),
        ("set harvest.x to on", Set("harvest.x", "on")),
        ("set names 'utf8'", Set("client_encoding", "utf8")),
        ("set schema 'x'", Set("search_path", "x")),
        ("set role none", Set("role", "none")),
        ("set session authorization default", Set("session_authorization", None)),
        ("set session to x", Set("session", "x")),
        ("set transaction read only", SetTransaction(Modes(read_only=True))),
        (
            "set session characteristics as transaction isolation level read committed",
            SetTransaction(Modes("read committed"), session=True),
        ),
        ("reset all", Reset(None)),
        ("RESET TimeZone", Reset("timezone")),
        ("show all", Show("all")),
        ("show time zone", Show("timezone")),
        ("SHOW TRANSACTION ISOLATION LEVEL", Show("transaction_isolation")),
        ("show harvest.cache", Show("harvest.cache")),
        ("discard temporary", Discard("temp")),
        ("DISCARD ALL", Discard("all")),
        ("deallocate all", Deallocate(None)),
        ('deallocate prepare "P"', Deallocate("P")),
        ("fetch c", Fetch("c")),
        ("fetch next", Fetch("next")),
        ("fetch 10 from c", Fetch("c", count=10)),
        ("fetch -3 in c", Fetch("c", "backward", 3)),
        ("fetch all c", Fetch("c", count=None)),
        ("fetch prior from c", Fetch("c", "backward", 1)),
        ("fetch last from c", Fetch("c", "absolute", -1)),
        ("fetch absolute -2 from c", Fetch("c", "absolute", -2)),
        ("fetch 2147483647 from c", Fetch("c", count=2147483647)),
        ("fetch relative 0 from c", Fetch("c", "relative", 0)),
        ("fetch backward all from c", Fetch("c", "backward", None)),
        ("fetch forward -5 c", Fetch("c", "backward", 5)),
        ("MOVE FORWARD ALL IN c", Move("c", "forward", None)),
        ("close c", CloseCursor("c")),
        ("close all", CloseCursor(None)),
        ("LISTEN x", Listen("x")),
        ("unlisten *", Listen("*", "UNLISTEN")),
    ],
)
def test_commands_of_a_session(sql: str, meant: Statement) -> None:
    assert one(sql) == meant
    assert one(f"/* ; */ {sql} ;").start == len("/* ; */ ")


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("discard plans", "DISCARD PLANS"),
        ("start transaction", "START TRANSACTION"),
        ("close all", "CLOSE CURSOR ALL"),
        ("close c", "CLOSE CURSOR"),
        ("deallocate p", "DEALLOCATE"),
        ("deallocate all", "DEALLOCATE ALL"),
        ("declare c cursor for select 1", "DECLARE CURSOR"),
    ],
)
def test_tags(sql: str, tag: str) -> None:
    assert one(sql).tag == tag


def test_what_holds_a_query_keeps_its_text_and_its_place() -> None:
    for before, sql, after in [
        ("PREPARE p(int, numeric(3,2)) AS ", "select $1 /* a */ + $2", ""),
        ("DECLARE c NO SCROLL BINARY CURSOR WITH HOLD FOR ", "values (1), (2)", ""),
        ("EXPLAIN (analyze, FORMAT json) ", "(select 1) limit 1", ""),
        ("explain analyse verbose ", "with a as (select 1) select * from a", ""),
        ("COPY (", "select 1 , ')' ", ") TO STDOUT"),
    ]:
        found = one(before + sql + after)
        assert isinstance(found, Prepare | Declare | Explain | Copy)
        assert isinstance(found.body, Select)
        assert text(found.body.tokens) == sql.rstrip()
        assert found.body.start == len(before)


def test_prepared_statements() -> None:
    found = one("prepare P(int, numeric(3, 2)) as select 1")
    assert isinstance(found, Prepare)
    assert (found.name, found.types) == ("p", ("int", "numeric ( 3 , 2 )"))
    found = one("execute p(1, f(2, array[3, 4]), 'a,b')")
    assert isinstance(found, ExecutePrepared)
    assert [text(each) for each in found.arguments] == ["1", "f(2, array[3, 4])", "'a,b'"]
    assert one("execute p") == ExecutePrepared("p", ())


def test_cursors_say_what_they_can() -> None:
    found = one("declare c insensitive scroll cursor for select 1")
    assert isinstance(found, Declare)
    assert (found.scroll, found.hold, found.binary) == (True, False, False)
    found = one("declare c binary no scroll cursor with hold for select 1")
    assert isinstance(found, Declare)
    assert (found.scroll, found.hold, found.binary) == (False, True, True)


@pytest.mark.parametrize(
    ("sql", "analyze"),
    [
        ("explain select 1", False),
        ("explain analyze select 1", True),
        ("explain (analyze) select 1", True),
        ("explain (analyze off, verbose) select 1", False),
        ("explain (analyse 'off', costs on, timing false, format json) select 1", False),
        ("explain (select 1)", False),
        ("explain ((select 1))", False),
        ("explain execute p(1)", False),
        ("explain analyze declare c cursor for select 1", True),
    ],
)
def test_explain(sql: str, *, analyze: bool) -> None:
    found = one(sql)
    assert isinstance(found, Explain)
    assert found.analyze == analyze


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("nonsense", 'unrecognized EXPLAIN option "nonsense"'),
        ("verbose, generic_plan", 'unrecognized EXPLAIN option "generic_plan"'),
        ("analyze maybe", "analyze requires a Boolean value"),
        ("costs 2", "costs requires a Boolean value"),
    ],
)
def test_explain_refuses_an_option_that_postgresql_does_not_know(options: str, said: str) -> None:
    with pytest.raises(Failure) as raised:
        one(f"explain ({options}) select 1")
    assert (raised.value.sqlstate, raised.value.message) == ("42601", said)


@pytest.mark.parametrize(
    ("sql", "query", "options"),
    [
        ("copy t to stdout", "SELECT * FROM t", {}),
        ('copy h.t (a, "B") to stdout binary', 'SELECT a , "B" FROM h . t', {"format": "binary"}),
        (
            "copy (select 1) to stdout (format csv, header, delimiter E'\\t', force_quote (a, \"B\"), header_x match)",
            "select 1",
            {"format": "csv", "header": "true", "delimiter": "\t", "force_quote": ("a", "B"), "header_x": "match"},
        ),
        (
            "COPY (values (1)) TO STDOUT WITH CSV HEADER QUOTE AS '\"' DELIMITERS ';' FORCE QUOTE a, b",
            "values (1)",
            {"format": "csv", "header": "true", "quote": '"', "delimiter": ";", "force_quote": ("a", "b")},
        ),
        ("copy (select 1) to stdout (force_quote *)", "select 1", {"force_quote": ("*",)}),
    ],
)
def test_copy(sql: str, query: str, options: dict[str, object]) -> None:
    found = one(sql)
    assert isinstance(found, Copy)
    assert (text(found.body.tokens), found.options) == (query, options)


@pytest.mark.parametrize(
    ("sql", "command"),
    [
        ("insert into t values (1)", "INSERT"),
        ("create table t (a int)", "CREATE TABLE"),
        ("drop view v", "DROP VIEW"),
        ("attach 'x' as y", "ATTACH"),
        ("call pragma_version()", "CALL"),
        ("pragma x", "PRAGMA"),
        ("vacuum", "VACUUM"),
        ("notify a", "NOTIFY"),
        ("select 1 into t", "SELECT INTO"),
        ("with a as (select 1) select * into t from a", "SELECT INTO"),
        ("select * from t for update", "SELECT FOR UPDATE"),
        ("select * from (select * from t for no key update of t) a", "SELECT FOR NO KEY UPDATE"),
        ("explain analyze create table t as select 1", "CREATE TABLE"),
        ("explain delete from t", "DELETE"),
        ("prepare p as insert into t values (1)", "INSERT"),
        ("declare c cursor for select 1 for share", "SELECT FOR SHARE"),
        ("copy t from stdin", "COPY FROM"),
        ("copy (delete from t returning *) to stdout", "DELETE"),
    ],
)
def test_what_writes_is_refused_when_it_runs(sql: str, command: str) -> None:
    select, found = statements(f"select 1; {sql}")
    assert isinstance(select, Select)
    assert isinstance(found, Refused)
    assert (found.word, found.failure.sqlstate) == (command, "25006")
    assert found.failure.message == f"cannot execute {command} in a read-only transaction"


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("copy t to '/tmp/x'", "42501"),
        ("copy (select 1) to program 'x'", "42501"),
        ("commit prepared 'x'", "0A000"),
        ("prepare transaction 'x'", "0A000"),
        ("set constraints all deferred", "0A000"),
        ("set transaction snapshot 'x'", "0A000"),
    ],
)
def test_what_this_server_does_not_do_says_so(sql: str, sqlstate: str) -> None:
    found = one(sql)
    assert isinstance(found, Refused)
    assert found.failure.sqlstate == sqlstate


@pytest.mark.parametrize(
    "sql", ["select substring(a from 1 for share) from t", "select a as for_update from t", "(select 1)"]
)
def test_what_only_looks_like_writing(sql: str) -> None:
    assert isinstance(one(sql), Select)


@pytest.mark.parametrize(
    ("sql", "near"),
    [
        ("foo bar", "foo"),
        ("select 1; begin foo", "foo"),
        ("copy t", ""),
        ("fetch", ""),
        ("fetch absolute from c", "from"),
        ("fetch 2147483648 from c", "2147483648"),
        pytest.param("fetch -" + "9" * 5000 + " from c", "9" * 5000, id="fetch 5000 digits"),
        ("set x 1", "1"),
        ("declare c cursor for insert into t values (1)", "insert"),
        ("prepare p() as foo", "foo"),
        ("execute p(1,)", ")"),
        ("execute p(1", ""),
        ("discard x", "x"),
        ("begin isolation level chaos", "chaos"),
        ("copy (select 1) to stdout (format)x", "x"),
        ("1", "1"),
    ],
)
def test_what_is_no_sql_fails_as_a_whole(sql: str, near: str) -> None:
    with pytest.raises(Failure, match=r"syntax error at (or near|end)") as raised:
        statements(sql)
    assert raised.value.sqlstate == "42601"
    assert raised.value.position == (sql.rindex(near) if near else len(sql)) + 1


def test_positions_count_in_the_client_s_text() -> None:
    sql = "select 1; select * from t for update"
    found = statements(sql)[1]
    assert isinstance(found, Refused)
    assert found.failure.position == sql.index("for") + 1
    assert [each.start for each in tokens(sql)][-1] == sql.index("update")
