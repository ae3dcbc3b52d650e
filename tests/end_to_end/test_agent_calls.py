"""The calls of agents in this process, without the SDK: what they send, and what ends them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.run_size import usually

import harvest_duck
from harvest_duck.errors import QueryError
from harvest_duck.servers import served
from harvest_duck.servers.mcp.estimate import Estimate
from harvest_duck.servers.mcp.plan import steps
from harvest_duck.servers.mcp.work import Work
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from harvest_duck.sandbox import Sandbox
    from harvest_duck.servers.mcp.call import Call

#: The time entries of the agency have 25 pages of this size.
PAGE = 100
SUM = "SELECT sum(hours) FROM time_entries"
#: Queries whose requests the plan has to know, beside those of the tables alone.
PLANNED = [
    "SELECT count(*) FROM time_entries",
    "SELECT * FROM billable_rates",
    "SELECT * FROM project_assignments WHERE user_id IN (SELECT id FROM users WHERE is_active)",
    "SELECT max(spent_date) FROM time_entries WHERE spent_date >= (SELECT max(issue_date) FROM invoices)",
    "FROM harvest_get('/clients?is_active=true')",
    "FROM harvest.receivables()",
]


def connected(sandbox: Sandbox) -> str:
    return f"{sandbox.connection_string()};RateLimit=off;ReportsRateLimit=off;Pagesize={PAGE}"


@pytest.fixture(scope="module")
def work(agency: Sandbox) -> Iterator[Work]:
    """The work of a server that keeps no answers."""
    found = Work(f"{connected(agency)};AutoCache=false")
    yield found
    found.database.close()


def asked(work: Work, sql: str, max_requests: int = 100, longest_s: float = PATIENCE_S) -> str:
    """The first line of the answer to a query."""
    call = work.call(longest_s, max_requests=max_requests)
    given: dict[str, Any] = {"sql": sql, "max_rows": 3, "max_requests": max_requests}
    return work.asked(call, "query", **given).partition("\n")[0]


def planned(work: Work, sql: str) -> int:
    """How many requests a query takes with those that find the sizes, by its plan."""
    found = []

    def told(cursor: duckdb.DuckDBPyConnection, call: Call) -> str:
        found.append(Estimate.of(steps(cursor, sql, call)).total + call.allowance.sent)
        return ""

    work.call(PATIENCE_S, max_requests=1_000).run(told)
    return found[0]


@pytest.mark.parametrize("sql", usually(PLANNED, every=3))
def test_a_query_runs_within_the_requests_of_its_plan_and_not_with_one_less(
    work: Work, sandbox: Sandbox, sql: str
) -> None:
    needed = planned(work, sql)
    sandbox.clear_log()
    with pytest.raises(QueryError, match=r"^refused: "):
        asked(work, sql, needed - 1)
    sandbox.clear_log()
    asked(work, sql, needed)
    assert len(sandbox.requests) <= needed


def test_sizes_that_take_more_requests_than_allowed_are_not_asked_for(work: Work, sandbox: Sandbox) -> None:
    with pytest.raises(QueryError, match="to count the lists of the query takes 2 requests, and max_requests leaves 1"):
        asked(work, "SELECT * FROM clients, projects", 1)
    assert sandbox.requests == []


@pytest.mark.thorough
@pytest.mark.parametrize("view", views())
def test_a_view_runs_within_the_requests_of_its_plan(work: Work, sandbox: Sandbox, view: str) -> None:
    needed = planned(work, f"FROM harvest.{view}()")
    sandbox.clear_log()
    asked(work, f"FROM harvest.{view}()", needed)
    assert len(sandbox.requests) <= needed


def test_a_time_limit_ends_the_requests(work: Work, sandbox: Sandbox) -> None:
    with held(sandbox, page=2) as holding:
        with pytest.raises(QueryError, match=r"ended after 0\.5 s without rows: narrow the query by days or ids"):
            asked(work, SUM, longest_s=0.5)
        assert not holding.arrived.is_set() or holding.all_gone()
    assert asked(work, "SELECT 1") == "complete: 1 row; 0 requests to Harvest"


def test_a_time_limit_ends_what_only_computes(work: Work) -> None:
    with pytest.raises(QueryError, match=r"even without rows of Harvest|ended after"):
        asked(work, "SELECT sum(sqrt(a.range)) FROM range(1000000000000) a", longest_s=0.2)


def test_a_call_that_is_ended_sends_nothing_more(work: Work, sandbox: Sandbox) -> None:
    call = work.call(PATIENCE_S, max_requests=100)
    with held(sandbox, page=2) as holding, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lambda: work.asked(call, "query", sql=SUM, max_rows=3, max_requests=100))
        assert holding.arrived.wait(PATIENCE_S)
        call.end("cancelled")
        assert holding.all_gone()
        with pytest.raises(QueryError, match="cancelled"):
            answer.result(PATIENCE_S)
    assert call.allowance.sent < 26


def test_calls_at_the_same_time_have_allowances_of_their_own(work: Work, sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(3) as pool:
        found = [*pool.map(lambda _: asked(work, "SELECT count(DISTINCT user_id) FROM time_entries", 26), range(3))]
    assert found == ["complete: 1 row; 26 requests to Harvest"] * 3
    assert len(sandbox.requests) == 78


def test_memory_answers_for_ten_minutes(sandbox: Sandbox) -> None:
    (found,) = served.served([("harvest", connected(sandbox))], cache_s=None, mirrors=())
    work = Work(found.connection)
    assert asked(work, SUM) == "complete: 1 row; 26 requests to Harvest"
    assert asked(work, SUM, 0) == "complete: 1 row; 0 requests to Harvest"
    harvest_duck.clear_cache()
    work.database.close()


def test_the_file_of_a_copy_answers_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "acme.duckdb"
    harvest_duck.sync(connected(sandbox), file, tables=["clients"])
    sandbox.clear_log()
    work = Work(served.offline(connected(sandbox), file))
    assert asked(work, "SELECT * FROM clients", 0).endswith("; 0 requests to Harvest")
    with pytest.raises(QueryError, match="invoices"):
        asked(work, "SELECT * FROM invoices")
    with pytest.raises(QueryError, match=r"this server reads no files|permission denied"):
        asked(work, f"SELECT * FROM '{file}'")
    assert sandbox.requests == []
    work.database.close()
