"""The command line: what each command prints and writes, in this process, and each once in a process of its own."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from support import program
from support.clocks import PATIENCE_S
from support.command import run, run_process, start, write, write_from

from harvest_duck.catalog.tables import TABLES
from harvest_duck.cli import demo, failures
from harvest_duck.cli.demo import QUERIES
from harvest_duck.sandbox import MAIN_ID, TODAY

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from harvest_duck.sandbox import Sandbox


@pytest.mark.thorough
def test_the_demo_shows_each_query_and_its_rows_and_writes_its_report(tmp_path: Path) -> None:
    ended = run("demo", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    for title, sql in QUERIES:
        assert title in ended.stdout
        assert sql in ended.stdout
    assert "(0 rows)" not in ended.stdout
    assert "NULL" not in ended.stdout
    assert f"Its today is {TODAY};" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "report.html is written" in ended.stdout
    assert "20\u00a0November 2026" in page
    assert '<p class="story">' in page


@pytest.mark.thorough
def test_the_demo_replaces_its_own_report_alone(
    attached: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "report.html"
    assert demo._report(attached) == "report.html is written: open it in a browser."
    first = page.read_bytes()
    page.write_bytes(first + b"older")
    assert demo._report(attached) == "report.html is written: open it in a browser."
    assert page.read_bytes() == first
    for other in (b"precious", first.replace(b'content="demo"', b'content="0123456789abcdef"')):
        page.write_bytes(other)
        assert "stays as it is" in demo._report(attached)
        assert page.read_bytes() == other
    assert [*tmp_path.iterdir()] == [page]


def test_a_query_prints_a_table(connection: str, sandbox: Sandbox) -> None:
    ended = run("query", "SELECT count(*) AS clients FROM harvest.clients", connection=connection)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == [
        "clients",
        ended.stdout.split()[1],
        str(len(sandbox.records(MAIN_ID, "clients"))),
        "(1",
        "row)",
    ]


def test_a_query_prints_csv_and_json(lasting: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT id, name, is_active, address, [1, 2] AS l FROM harvest_scan('clients') ORDER BY id LIMIT 3"
    as_csv = write_from(lasting, sql, form="csv")
    as_json = write_from(lasting, sql, form="json")
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    records = json.loads(as_json.stdout)
    assert [row["id"] for row in rows] == [str(record["id"]) for record in records]
    assert [row["name"] for row in rows] == [record["name"] for record in records]
    assert records[0]["l"] == [1, 2]


@pytest.mark.parametrize("ending", ["parquet", "csv", "json"])
def test_a_query_writes_a_file_by_its_ending(ending: str, lasting: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    target = tmp_path / f"out.{ending}"
    ended = write_from(lasting, "SELECT id, name FROM harvest.clients;", target)
    assert "rows written to" in ended.stderr
    assert [file.name for file in tmp_path.iterdir()] == [target.name]


def test_export_writes_a_table_with_a_condition(connection: str, sandbox: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "te.parquet"
    ended = run(
        "export", "time_entries", "-o", str(target), "--where", "spent_date >= '2026-01-01'", connection=connection
    )
    assert ended.returncode == 0, ended.stderr
    entries = sandbox.records(MAIN_ID, "time_entries")
    assert pq.read_metadata(target).num_rows == sum(entry["spent_date"] >= "2026-01-01" for entry in entries)
    assert all(request.query.get("from") == "2026-01-01" for request in sandbox.requests)


@pytest.mark.parametrize("arguments", [["--format", "json"], []])
def test_export_names_its_file_by_the_format(arguments: list[str], connection: str, tmp_path: Path) -> None:
    ended = run("export", "tasks", *arguments, connection=connection, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == [f"tasks.{arguments[1] if arguments else 'parquet'}"]


def test_a_file_keeps_its_mode_and_a_link_its_target(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    write("SELECT 1 AS one -- with a comment", link)
    assert link.is_symlink()
    assert real.read_text() == "one\n1\n"
    assert real.stat().st_mode & 0o777 == 0o600


def test_json_keeps_numbers_and_every_column() -> None:
    sql = "SELECT 1.25::DECIMAL(18,4) AS h, 1 AS id, 2 AS id, TIME '14:59' AS t"
    (record,) = json.loads(write(sql, form="json").stdout)
    assert record["h"] == 1.25
    assert len(record) == 4


@pytest.mark.thorough
def test_a_reader_that_has_seen_enough_is_no_error(connection: str) -> None:
    command = f"{sys.executable} -m harvest_duck query 'SELECT range FROM range(200000)' --format csv -c '{connection}'"
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{command} | head -n 2"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("range\n0\n", "")


def test_a_failed_export_leaves_the_file_as_it_was(sandbox: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "te.parquet"
    target.write_text("precious")
    ended = run("export", "invoices", "-o", str(target), connection=sandbox.connection_string(role="member"))
    assert ended.returncode == 1
    assert ended.stderr.startswith("harvest-duck: invoices page 1: Harvest answered 403")
    assert len(ended.stderr.splitlines()) == 1
    assert target.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("FROM harvest_scan('tme_entries')", 'no Harvest table "tme_entries"; did you mean "time_entries"?'),
        ("FROM harvest_scan('clients', NULL)", "harvest_scan: the connection string is NULL"),
        (
            "SELECT sum(total_hours) FROM harvest.report_time_tasks",
            "report_time_tasks: the report needs from_date as a constant: ",
        ),
        ("FROM harvest_explain('SELEC 1')", "harvest_explain: "),
    ],
)
def test_an_error_is_our_sentence_alone(sql: str, sentence: str, lasting: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(failures.TOLD) as raised:
        write_from(lasting, sql)
    said = failures.sentence(raised.value)
    assert said.startswith(sentence)
    assert len(said.splitlines()) == 1


def test_an_error_is_one_line_after_the_name_of_the_command(connection: str) -> None:
    ended = run("query", "FROM harvest_scan('tme_entries')", connection=connection)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith('harvest-duck: no Harvest table "tme_entries"; did you mean "time_entries"?')
    assert len(ended.stderr.splitlines()) == 1


def test_tables_and_describe_list_everything() -> None:
    listed = run("tables", "--format", "json")
    assert [row["table_name"] for row in json.loads(listed.stdout)] == list(TABLES)
    described = run("describe", "time_entries", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(described.stdout)))
    assert [row["column_name"] for row in rows] == [column.name for column in TABLES["time_entries"].columns]
    assert next(row for row in rows if row["column_name"] == "user_id")["pushed_down"] == "= IN"
    assert "time_entries" in run("tables").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["describe", "tme_entries"], 'no Harvest table "tme_entries"; did you mean "time_entries"?'),
        (["query", "FROM harvest.clients", "--connection", "AcountId=1"], "did you mean AccountId?"),
        (["query", "SELECT 1", "-o", "out.xls"], "choose --format csv, tsv, "),
        (["query", "SELECT 1", "--format", "table", "-o", "a.txt"], "table is for the terminal"),
        (["query", "SELECT 1", "-o", "a.parquet.gz"], "parquet is compressed inside: leave out .gz"),
        (["query", "SELECT 1", "-o", "nodir/a.csv"], "nodir: make it"),
        (["query", "SELECT 1", "-o", "."], "choose --format"),
        (["query", "SELECT 1", "--format", "csv", "-o", "."], ". is a folder: name a file in it"),
        (["export", "tasks", "-o", "-"], "Choose --format for standard output"),
        (["query", "FROM harvest.clients", "-c", "DSN=none"], "there are: sandbox"),
        (["query", "SELEC 1"], "syntax error"),
        (["nothing"], "No such command"),
    ],
)
def test_a_mistake_is_reported_without_a_traceback(
    arguments: list[str], says: str, connection: str, tmp_path: Path
) -> None:
    ended = run(*arguments, connection=connection, cwd=tmp_path)
    assert ended.returncode != 0
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.thorough
def test_a_query_runs_in_a_process_of_its_own(connection: str) -> None:
    sql = "SELECT count(*) > 0 AS found FROM harvest.tasks"
    ended = run_process("query", sql, "--format", "csv", connection=connection)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "found\ntrue\n", "")


def test_commands_run_in_a_process_of_their_own_where_those_that_ask_nothing_load_no_http(connection: str) -> None:
    shown = {
        ("tables",): "time_entries,",
        ("connections", "list"): "name,account_id,signs_in,where\n",
        ("whoami",): "name,email,user_id,accounts\n",
        ("accounts",): "account_id,name,product\n",
    }
    code = (
        "import sys\n"
        "from harvest_duck.cli import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        f"for words in {[*shown]!r}:\n"
        "    if words == ('whoami',):\n"
        "        print(sorted({'aiohttp', 'authlib'} & set(sys.modules)), file=sys.stderr)\n"
        "    cli([*words, '--format', 'csv'], standalone_mode=False)\n"
    )
    ended = program.run(code, connection=connection)
    assert (ended.returncode, ended.stderr) == (0, "[]\n")
    for each in shown.values():
        assert each in ended.stdout


@pytest.mark.thorough
def test_export_runs_in_a_process_of_its_own(connection: str, tmp_path: Path) -> None:
    target = tmp_path / "tasks.csv"
    ended = run_process("export", "tasks", "-o", str(target), connection=connection)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert re.search(rf"rows written to {target}, [\d.]+ (bytes|kB)\n$", ended.stderr)
    assert target.read_text().partition("\n")[0] == ",".join(column.name for column in TABLES["tasks"].columns)


@pytest.mark.filterwarnings("always:without effect yet")
def test_a_warning_is_one_line(connection: str) -> None:
    ended = run("query", "SELECT 1", "--format", "csv", "-c", f"{connection};CacheMetadata=true")
    assert (ended.returncode, ended.stderr) == (0, "harvest-duck: warning: without effect yet: CacheMetadata\n")


def test_a_process_ends_with_the_status_of_its_error() -> None:
    ended = run_process("describe", "tme_entries")
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
    assert ended.stderr.startswith('harvest-duck: no Harvest table "tme_entries"')


@pytest.mark.thorough
def test_the_sandbox_serves_until_it_is_interrupted() -> None:
    settings = ("--today", "2026-03-31", "--currency", "GBP", "--rounding", "none", "--weekly-hours", "38")
    sql = "SELECT max(spent_date) AS day, bool_and(rounded_hours = hours) AS exact FROM harvest.time_entries"
    with start("sandbox", "--port", "0", "--scale", "0.05", *settings) as serving:
        assert serving.stdout is not None
        assert "2026-03-31" in next(iter(serving.stdout))
        line = next(line for line in serving.stdout if "AccountId=" in line)
        connection = line.strip().split()[-1]
        ended = run("query", sql, "--format", "csv", connection=connection)
        serving.send_signal(signal.SIGINT)
        assert serving.wait(PATIENCE_S) in (0, 130)
    assert ended.stdout.split()[1] == "2026-03-31,true"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--today", "1999-12-31", "from 2000-01-01 to 2099-12-31"),
        ("--today", "2026-02-30", "does not match the format"),
        ("--currency", "usd", "three letters such as USD"),
        ("--rounding-minutes", "10", "'6', '15', '30'"),
    ],
)
def test_a_setting_that_harvest_cannot_have_is_refused(option: str, value: str, said: str) -> None:
    ended = run("sandbox", option, value)
    assert ended.returncode == 2
    assert said in ended.stderr
