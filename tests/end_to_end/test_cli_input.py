"""The SQL of `harvest-duck query`: where it comes from, its statements, and its parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pytest
from aiohttp import web
from support.command import run, write, write_from

import harvest_duck
from harvest_duck.cli import failures, statements
from harvest_duck.errors import QueryError
from harvest_duck.formats import targets

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox


@pytest.fixture
def con(lasting: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> duckdb.DuckDBPyConnection:
    """The shared connection, with an empty request log."""
    return lasting


@pytest.mark.parametrize(
    "way",
    [
        ["-f", "größe.sql"],
        [],
        # As the others, which are named and not named.
        pytest.param(["-f", "-"], marks=pytest.mark.thorough),
    ],
)
def test_sql_is_read_from_a_file_and_from_standard_input(way: list[str], connection: str, tmp_path: Path) -> None:
    file = tmp_path / "größe.sql"
    file.write_bytes("\ufeffSELECT 'ä€😀' AS t -- the end".encode())
    ended = run("query", *way, "--format", "csv", connection=connection, cwd=tmp_path, stdin=file.read_bytes())
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "t\nä€😀\n", "")


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["SELECT 1", "-f", "a.sql"], b"", "Give the SQL or -f FILE, not both."),
        (["-f", "missing.sql"], b"", "harvest-duck: missing.sql: No such file or directory\n"),
        (["-", "-f", "a.sql"], b"SELECT 1", "Give the SQL or -f FILE, not both."),
        (["-"], b"SELECT '\xff'", "standard input: byte 8 is no UTF-8: write it in UTF-8"),
        (["SELECT '\udcff'"], b"", "the SQL: byte 8 is no UTF-8"),
        (["SELECT $a", "-p", "a=\udcff"], b"", "-p a: byte 0 is no UTF-8"),
        (["-f", "none\n.sql"], b"", "harvest-duck: 'none\\n.sql': No such file or directory\n"),
        (["-", "-c", "-"], b"DSN=sandbox\nSELECT 1", "cannot be both the connection string and the SQL"),
        (["SELECT $a", "-p", "a=1", "-p", "$A=2"], b"", "Error: -p a: it is given twice.\n"),
        (["SELECT $a", "-p", "=1"], b"", "-p: the name is missing: write NAME=VALUE."),
        (["SELECT 1 AS a;\n\nSELECT 'x'::INT"], b"", "harvest-duck: statement 2, line 3: Conversion Error: "),
    ],
)
def test_a_mistake_in_the_input_is_one_clear_line(
    arguments: list[str], stdin: bytes, says: str, connection: str, tmp_path: Path
) -> None:
    ended = run("query", *arguments, connection=connection, cwd=tmp_path, stdin=stdin)
    assert ended.returncode in (1, 2)
    assert says in ended.stderr
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("sql", "given", "target", "says"),
    [
        ("FROM harvest.tasks WHERE nothing = 'KeyboardInterrupt'", [], "", 'Referenced column "nothing" not found'),
        (" -- nothing", [], "", "there is no statement in the SQL"),
        ("SELECT $a", [], "", "the parameter $a has no value: add -p a=VALUE"),
        ("SELECT $a", ["a=1", "b=2"], "", "-p b: the SQL has no parameter $b; it has $a"),
        ("SET VARIABLE a = 1", [], "a.csv", "a.csv: nothing is written, because no statement has rows"),
        ("SELECT 1; SELECT 2", [], "a.csv", "a.csv: csv in a file is for one result"),
        (
            "SELECT 1 AS a;\nFROM harvest.report_uninvoiced",
            [],
            "",
            "statement 2, line 2: report_uninvoiced: the report needs",
        ),
        ("SELECT 1;\nSELEC 2", [], "", 'syntax error at or near "SELEC"'),
    ],
)
def test_a_mistake_that_the_connection_finds_is_one_clear_sentence(
    sql: str, given: list[str], target: str, says: str, *, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    place = tmp_path / target if target else targets.STANDARD_OUTPUT
    with pytest.raises(failures.TOLD) as raised:
        write_from(con, sql, place, **statements.parameters(given))
    assert says in failures.sentence(raised.value)
    assert not [*tmp_path.iterdir()]


def test_an_argument_that_the_locale_does_not_know_is_utf8(connection: str) -> None:
    umlaut = "\udcc3\udcbc"  # ü, as Python reads it where LC_ALL is C and PYTHONUTF8 is 0
    ended = run("query", f"SELECT '{umlaut}' AS a, $b AS b", "-p", f"b={umlaut}", "--format", "csv", "-c", connection)
    assert ended.stdout == "a,b\nü,ü\n", ended.stderr


@pytest.mark.parametrize(
    "options", [["-o", "out.parquet"], pytest.param(["--format", "csv"], marks=pytest.mark.thorough)]
)
def test_an_error_after_many_rows_is_one_line(
    options: list[str], connection: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    async def refuse(request: web.BaseRequest) -> None:
        if request.query.get("page") == "4":
            raise web.HTTPForbidden

    sandbox.on_request = refuse
    pages = f"{connection};Pagesize=500;MaxConnections=1"
    try:
        ended = run("query", "FROM harvest.time_entries", *options, "-c", pages, cwd=tmp_path)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
        assert ended.stderr.startswith("harvest-duck: time_entries page 4: Harvest answered 403")
    finally:
        sandbox.on_request = None
    assert not [*tmp_path.iterdir()]


def test_an_error_names_the_file(connection: str, tmp_path: Path) -> None:
    (tmp_path / "report.sql").write_text("SET threads = 2;\nPIVOT (SELECT 1 AS a) ON a USING count(*);\nFROM nothing")
    ended = run("query", "-f", "report.sql", "--format", "csv", connection=connection, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "1\n1\n")
    assert ended.stderr.startswith("harvest-duck: report.sql, statement 3, line 3: Catalog Error: ")
    with duckdb.connect() as con, pytest.raises(QueryError, match=r"^report.sql: Parser Error: ") as raised:
        statements.script(con, "SELECT 1;\nSELEC 2", {}, "report.sql")
    assert "LINE 2: SELEC 2" in str(raised.value)


def test_every_result_of_several_statements_is_printed(connection: str, sandbox: Sandbox) -> None:
    sql = """
        SET VARIABLE day = DATE '2026-11-01';
        CREATE TEMP TABLE kept AS
            SELECT id, spent_date FROM harvest.time_entries WHERE spent_date >= getvariable('day');
        SELECT count(*) > 0 AS some FROM kept;
        INSERT INTO kept VALUES (1, NULL);
        INSERT INTO kept VALUES (2, NULL) RETURNING id;
        PIVOT (SELECT 'x' AS k) ON k USING count(*);
        DESCRIBE kept;
    """
    ended = run("query", sql, "--format", "csv", connection=connection)
    assert ended.returncode == 0, ended.stderr
    *first, described = ended.stdout.split("\n\n")
    assert first == ["some\ntrue", "id\n2", "x\n1"]
    assert described.startswith("column_name,column_type,null,key,default,extra\nid,BIGINT,")
    assert {request.query.get("from") for request in sandbox.requests} == {"2026-11-01"}
    as_json = write("SELECT 1 AS a; SELECT 2 AS b", form="ndjson")
    assert as_json.stdout == '{"a":1}\n{"b":2}\n'


@pytest.mark.parametrize(
    ("condition", "values", "sent"),
    [
        ("spent_date >= $from", ["from=2026-11-01"], {"from": "2026-11-01"}),
        (
            "spent_date BETWEEN $1 AND $2",
            ["1=2026-11-01", "2=2026-11-05"],
            {"from": "2026-11-01", "to": "2026-11-05"},
        ),
        ("user_id = $user", ["user={user}"], {"user_id": "{user}"}),
        ("user_id = $User AND user_id = $USER", ["uSER={user}"], {"user_id": "{user}"}),
        ("spent_date BETWEEN ? AND ?", ["1=2026-11-01", "2=2026-11-05"], {"from": "2026-11-01", "to": "2026-11-05"}),
        ("is_running = $running", ["running=true"], {"is_running": "true"}),
        ("updated_at > $when", ["when=2026-11-19 12:00:00+00"], {"updated_since": "2026-11-19T11:59:59Z"}),
        ("notes = $text", ["text=it's 1=1"], {}),
        ("hours > $hours", ["hours=7.25"], {}),
    ],
)
def test_a_parameter_reaches_harvest_as_a_literal_would(
    condition: str, values: list[str], sent: dict[str, str], con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    user = str(sandbox.records(1000001, "users")[0]["id"])
    given = statements.parameters(value.replace("{user}", user) for value in values)
    sql = f"SELECT id, spent_date FROM harvest.time_entries WHERE {condition}"
    write_from(con, sql, form="json", **given)
    wanted = {name: value.replace("{user}", user) for name, value in sent.items()}
    for request in sandbox.requests:
        assert {
            name: value for name, value in request.query.items() if name not in {"page", "per_page", "cursor"}
        } == wanted
    explained = harvest_duck.explain(statements.with_values(sql, given), con, probe=False).to_pylist()
    assert all(f"{name}=" in explained[0]["request"] for name in sent)


def test_a_parameter_of_the_command_reaches_harvest_and_its_explanation(connection: str, sandbox: Sandbox) -> None:
    sql = "SELECT id FROM harvest.time_entries WHERE spent_date BETWEEN ? AND $2"
    command = ["query", sql, "-p", "1=2026-11-01", "-p", "2=2026-11-05", "--format", "json"]
    assert run(*command, connection=connection).returncode == 0
    assert {(request.query.get("from"), request.query.get("to")) for request in sandbox.requests} == {
        ("2026-11-01", "2026-11-05")
    }
    explained = run(*command, "--explain", "--no-probe", connection=connection)
    assert "from=2026-11-01&to=2026-11-05" in json.loads(explained.stdout)[0]["request"]


def test_a_parameter_without_a_value_is_null() -> None:
    sql = "SELECT $a IS NULL AS a, $b = '' AS b, $c || '!' AS c, $d::INT + 1 AS d"
    ended = write(sql, form="csv", **statements.parameters(["a", "b=", "c=o'x", "d=41"]))
    assert ended.stdout == "a,b,c,d\ntrue,true,o'x!,42\n"
