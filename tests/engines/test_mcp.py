"""`harvest-duck mcp` with the official client over standard input and output, in a process of its own."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from security.test_one_door import Listener
from support.clients import client
from support.clocks import PATIENCE_S
from support.held import held
from support.secret_watch import KNOWN

from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

    from harvest_duck.sandbox import Sandbox

client("mcp")
import anyio  # noqa: E402 - only where the SDK is
from support.agent import Agent, agent, arguments  # noqa: E402 - only where the SDK is

#: The time entries of the agency have 25 pages of this size.
PAGE = 100
LIMIT = 40
#: What an agent may not do. {evil} is a connection string that names the listener, {euro} one of the other account,
#: {file} a file that is there.
ESCAPES = [
    "INSERT INTO clients VALUES (1)",
    "DELETE FROM harvest.clients",
    "UPDATE clients SET name = 'x'",
    "CREATE TABLE t AS SELECT 1",
    "CREATE MACRO f() AS TABLE FROM read_text('{file}')",
    "DROP VIEW harvest.clients",
    "WITH x AS (INSERT INTO clients VALUES (1) RETURNING *) SELECT * FROM x",
    "SELECT 1; DROP VIEW harvest.clients",
    "/* SELECT */ DROP VIEW harvest.clients",
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM parquet_metadata('{file}')",
    "SELECT * FROM glob('/*')",
    "SELECT getenv('HOME')",
    "SELECT list_transform(['HOME'], lambda x: getenv(x))",
    "COPY (SELECT 1) TO '{file}.csv'",
    "EXPORT DATABASE '{file}.d'",
    "ATTACH '{file}' AS other",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "CALL enable_logging()",
    "USE memory",
    "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_settings()",
    "SELECT sql FROM duckdb_views()",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM information_schema.tables",
    "SELECT current_setting('secret_directory')",
    "SELECT which_secret('x', 'http')",
    "SELECT getvariable('harvest_duck_session')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('clients')",
    "SELECT * FROM harvest._internal.account",
    "SELECT * FROM harvest_duck._internal.clients",
    "SELECT harvest_duck._internal.token()",
    "FROM harvest_scan('clients', '{evil}')",
    "FROM harvest_scan('clients', '{euro}')",
    "FROM harvest_raw('clients', '{evil}')",
    "FROM harvest_get('/clients', '{evil}')",
    "FROM harvest_access('{evil}')",
    "FROM harvest_access()",
    "FROM harvest_explain('FROM harvest_scan(''clients'', ''{evil}'')')",
    "FROM harvest_explain('FROM clients')",
    "SELECT (SELECT count(*) FROM harvest_scan('clients', '{evil}')) FROM range(2)",
    "PREPARE p AS SELECT 1",
    "SELECT * FROM python_map_function()",
    "",
    "SELECT FROM WHERE",
]


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


def connected(sandbox: Sandbox) -> str:
    return f"{sandbox.connection_string()};RateLimit=off;ReportsRateLimit=off;Pagesize={PAGE}"


@pytest.fixture(scope="module")
def running(agency: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """A session with a server whose calls may send 40 requests, and which keeps no answers."""
    folder = tmp_path_factory.mktemp("agent")
    with agent(folder, f"{connected(agency)};AutoCache=false", "--max-requests", f"{LIMIT}") as session:
        yield session


@pytest.fixture
def session(running: Agent, sandbox: Sandbox) -> Agent:
    """The session, before a test whose requests the sandbox logs."""
    assert sandbox.requests == []
    return running


def test_it_says_what_it_has_without_a_request(session: Agent, sandbox: Sandbox) -> None:
    tools = session.asked("list_tools").tools
    assert [each.name for each in tools] == ["tables", "columns", "views", "cost", "query", "report"]
    assert all(each.annotations.read_only_hint for each in tools)
    assert session.answer("tables").splitlines()[0] == f"complete: {len(TABLES)} rows"
    assert "spent_date,DATE," in session.answer("columns", table="time_entries")
    assert "utilization," in session.answer("views")
    assert "did you mean" in session.refusal("columns", table="time_entry")
    resources = session.asked("list_resources").resources
    assert len(resources) > len(TABLES)
    (read,) = session.asked("read_resource", "harvest://views/utilization").contents
    assert "billable_utilization" in read.text
    assert len(session.asked("list_prompts").prompts) == 4
    said = session.asked("get_prompt", "what_is_overdue", {"as_of": "2026-11-20"})
    assert "FROM harvest.receivables(as_of := '2026-11-20')" in said.messages[0].content.text
    assert sandbox.requests == []


def test_rows_are_csv_below_whether_they_are_all(session: Agent, sandbox: Sandbox) -> None:
    names = sorted(record["name"] for record in sandbox.records(MAIN_ID, "clients"))
    first, *lines = session.answer(
        "query", sql="SELECT name, NULL AS none, '' AS empty FROM clients ORDER BY 1"
    ).splitlines()
    assert first == f"complete: {len(names)} rows; 2 requests to Harvest"
    assert lines == ["name,none,empty", *(f'{name},,""' for name in names)]
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("cap", [200, 7])
def test_what_is_left_out_is_said_at_one_row_more_than_the_cap(session: Agent, cap: int) -> None:
    given = {} if cap == 200 else {"max_rows": cap}
    whole = session.answer("query", sql=f"SELECT * FROM range({cap})", **given).splitlines()
    assert (whole[0], len(whole)) == (f"complete: {cap} rows; 0 requests to Harvest", cap + 2)
    cut = session.answer("query", sql=f"SELECT * FROM range({cap + 1})", **given).splitlines()
    assert (cut[0], len(cut)) == (f"first {cap} of more: rows were left out; 0 requests to Harvest", cap + 2)


@pytest.mark.parametrize(
    ("tool", "sql"),
    [*(("query", sql) for sql in ESCAPES), *(("cost", sql) for sql in ESCAPES if "{evil}" in sql or "{file}" in sql)],
)
def test_there_is_one_door(  # noqa: PLR0917 - fixtures
    session: Agent, sandbox: Sandbox, listener: Listener, tmp_path: Path, tool: str, sql: str
) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")
    evil = f"AccountId=1;APIKey=x;BaseURL=http://127.0.0.1:{listener.port}"
    euro = sandbox.connection_string(role="administrator", account_id=EURO_ID)
    session.refusal(tool, sql=sql.format(evil=evil, euro=euro, file=file))
    assert listener.visitors() == 0
    assert sandbox.requests == []
    assert [each.name for each in tmp_path.iterdir()] == ["secret.csv"]
    assert "complete: 1 row" in session.answer("query", sql="SELECT 1")


def test_a_query_over_the_limit_is_refused_after_what_found_that_out(session: Agent, sandbox: Sandbox) -> None:
    said = session.refusal("query", sql="SELECT * FROM time_entries", max_requests=25)
    assert said.startswith("refused: the query needs 25 requests, and 1 found that out, and max_requests is 25; most")
    assert "spent_date" in said
    assert len(sandbox.requests) == 1
    assert "complete" in session.answer("query", sql="SELECT count(*), sum(hours) FROM time_entries", max_requests=26)
    assert len(sandbox.requests) == 27


def test_sizes_that_take_more_than_the_limit_are_not_asked_for(session: Agent, sandbox: Sandbox) -> None:
    said = session.refusal("query", sql="SELECT * FROM clients, projects", max_requests=1)
    assert said.startswith("refused: to count the lists of the query takes 2 requests, and max_requests leaves 1")
    assert sandbox.requests == []


def test_what_nobody_can_tell_is_refused(session: Agent, sandbox: Sandbox) -> None:
    said = session.refusal("query", sql="SELECT * FROM invoice_payments WHERE invoice_id > 1")
    assert said.startswith("refused: nobody can tell how many requests invoice_payments would take: add a condition")
    assert len(sandbox.requests) <= 2


def test_no_request_more_goes_out_than_the_limit_whatever_happens(session: Agent, sandbox: Sandbox) -> None:
    allowed = session.answer("cost", sql="SELECT sum(hours) FROM time_entries", max_requests=26)
    assert allowed.startswith("allowed: 25 requests beside 1 request that found the sizes")
    sandbox.clear_log()

    async def fail_once(request: web.BaseRequest) -> None:
        """Answer 503 to a request after the first page, so that one has to be sent again."""
        if request.query.get("page") == "2":
            sandbox.on_request = None
            sandbox.respond_next("/v2/time_entries", status=503, headers={"Retry-After": "0"})

    sandbox.on_request = fail_once
    said = session.refusal("query", sql="SELECT sum(hours) FROM time_entries", max_requests=26)
    assert said.startswith("ended without rows: max_requests is 26, they are sent, and time_entries needs more")
    assert len(sandbox.requests) == 26


def test_an_error_is_one_line_that_helps(session: Agent) -> None:
    assert 'Candidate bindings: "name"' in session.refusal("query", sql="SELECT nme FROM clients")
    assert 'Perhaps you meant the relation "clients"' in session.refusal("query", sql="SELECT * FROM client")
    assert "write FROM harvest.utilization()" in session.refusal("query", sql="SELECT * FROM utilization")
    assert "query has no argument SQL" in session.refusal("query", SQL="SELECT 1")
    for sql in ("SELECT 1; SELECT 2", "EXPLAIN SELECT 1", "DROP TABLE clients"):
        assert session.refusal("query", sql=sql).startswith("refused: send one SELECT alone; the tool cost stands for")


def test_a_subquery_is_to_be_a_query_of_its_own(session: Agent) -> None:
    said = session.answer(
        "cost", sql="SELECT sum(hours) FROM time_entries WHERE client_id = (SELECT min(id) FROM clients)"
    )
    assert "time_entries?client_id=…&per_page=100: query that first, and write what it returns" in said
    assert "SET VARIABLE" not in said


def test_a_view_takes_what_its_cost_says(session: Agent, sandbox: Sandbox) -> None:
    sql = "FROM harvest.budget_burn(as_of := '2026-11-20')"
    assert session.answer("cost", sql=sql).startswith("allowed: ")
    sandbox.clear_log()
    said = session.answer("query", sql=sql).partition("\n")[0]
    assert said.endswith(f"; {len(sandbox.requests)} requests to Harvest")


def test_the_report_is_figures_or_refused(session: Agent, sandbox: Sandbox) -> None:
    given = {"from_date": "2026-11-01", "to_date": "2026-11-20", "as_of": "2026-11-20"}
    assert session.refusal("report", **given, max_requests=20).startswith("refused: ")
    assert len(sandbox.requests) <= 20
    sandbox.clear_log()
    said = session.answer("report", **given)
    assert "| Hours worked | " in said
    assert f"\n- {len(sandbox.requests)} requests to Harvest\n" in said
    assert 10 < len(sandbox.requests) <= LIMIT
    assert "no day" in session.refusal("report", as_of="yesterday")


def test_what_a_client_cancels_sends_no_more(session: Agent, sandbox: Sandbox) -> None:
    with held(sandbox, page=2) as holding:

        async def cancelled() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(session.session.call_tool, "query", {"sql": "SELECT sum(hours) FROM time_entries"})
                await anyio.to_thread.run_sync(holding.arrived.wait, PATIENCE_S)
                group.cancel_scope.cancel()

        session.portal.call(cancelled)
        assert holding.all_gone()
    sent = len(sandbox.requests)
    assert "complete: 1 row" in session.answer("query", sql="SELECT 1")
    assert len(sandbox.requests) == sent < 26


def test_no_secret_was_told(session: Agent) -> None:
    told = [*session.texts, session.errors.read_text("utf-8", errors="replace")]
    assert len(told) > 10
    assert not [text for text in told if KNOWN.search(text)]
    assert "Traceback" not in told[-1]


def test_standard_output_has_the_protocol_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    lines = [
        {
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "x", "version": "1"},
            },
        },
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "query", "arguments": {"sql": "SELECT 1 FROM clients"}}},
    ]
    command = arguments(connected(sandbox))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in lines:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **line}) + "\n")
        process.stdin.flush()
        said = [json.loads(process.stdout.readline()) for _ in range(2)]
        rest, errors = process.communicate(timeout=PATIENCE_S)
    assert [each["id"] for each in said] == [1, 2]
    assert "complete: " in said[1]["result"]["content"][0]["text"]
    assert (rest, errors, process.returncode) == ("", "", 0)
