"""A query sends what `harvest_explain` says that it will."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import re
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import duckdb
import pytest
from support.command import run
from support.paths import DOCS
from support.run_size import some_of

import harvest_duck
from harvest_duck.engine import dry_run
from harvest_duck.engine.shared_catalog import binding_of
from harvest_duck.errors import CredentialsError, Forbidden, QueryError
from harvest_duck.introspection.explain import EXPLAINED, Purpose
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = re.compile(r"```python\n(?P<code>[^`]*)```\n\n```text\n(?P<output>[^`]*)```")
REPORT = "from_date = '2026-01-01' AND to_date = '2026-06-30'"
IDS = ", ".join(map(str, range(1, 31)))

#: DuckDB 1.x narrows the one table by the rows of the other, which has none while the query is explained.
JOINS = [
    "SELECT p.name FROM harvest.projects p JOIN harvest.clients c ON c.id = p.client_id WHERE c.is_active = true",
    "SELECT a.id FROM harvest.clients a JOIN harvest.clients b USING (id)",
]

#: Every kind of plan, over pages of ten records.
QUERIES = [
    "SELECT id FROM harvest.clients",
    "SELECT * FROM harvest.clients WHERE is_active = true",
    "SELECT count(*) FROM harvest.time_entries",
    "SELECT sum(hours), count(*) FROM harvest.time_entries",
    "SELECT 1 FROM harvest.time_entries WHERE is_billed = true",
    "SELECT count(*) FROM harvest.time_entries WHERE spent_date >= '2026-03-01' AND is_billed = true",
    "SELECT count(*) FROM harvest.time_entries WHERE spent_date >= '2026-03-01' AND hours > 2",
    "SELECT count(*) FROM harvest.time_entries WHERE user_id IN (1, 2)",
    "SELECT count(*) FROM harvest.time_entries WHERE user_id IN ({users})",
    "SELECT count(*) FROM harvest.time_entries a, harvest.clients b",
    "SELECT count(*) FROM harvest.invoices WHERE state IN ('open', 'draft')",
    "SELECT id FROM harvest.time_entries WHERE spent_date BETWEEN '2026-03-01' AND '2026-03-31'",
    "SELECT id FROM harvest.time_entries WHERE spent_date > '2026-03-01' AND notes LIKE '%a%'",
    "SELECT id FROM harvest.time_entries WHERE updated_at >= '2026-03-01'",
    "SELECT id FROM harvest.time_entries WHERE hours > 2",
    "SELECT id FROM harvest.time_entries WHERE user_id = (SELECT min(id) FROM people)",
    "SELECT id FROM harvest.time_entries WHERE user_id IN (SELECT id FROM people)",
    "SELECT id FROM harvest.time_entries WHERE user_id IN (1, 2)",
    "SELECT id FROM harvest.time_entries WHERE user_id IN ({users})",
    "SELECT id FROM harvest.time_entries WHERE user_id IN ({users}) AND is_billed = true",
    "SELECT id FROM harvest.time_entries WHERE user_id = 7 OR project_id = 8",
    "SELECT id FROM harvest.time_entries WHERE spent_date = '2026-03-02' OR spent_date = '2025-03-03'",
    (
        "SELECT id FROM harvest.time_entries WHERE spent_date BETWEEN '2026-01-01' AND '2026-01-10' "
        "OR spent_date BETWEEN '2025-01-01' AND '2025-01-10' OR spent_date BETWEEN '2024-01-01' AND '2024-01-10' "
        "OR spent_date BETWEEN '2023-01-01' AND '2023-01-10' OR spent_date BETWEEN '2022-01-01' AND '2022-01-10'"
    ),
    "SELECT id FROM harvest.time_entries WHERE account_id = 1",
    "SELECT id FROM harvest.time_entries WHERE external_reference_id = ''",
    "SELECT id FROM harvest.time_entries WHERE approval_status = 'no such status'",
    "SELECT name FROM harvest.clients WHERE id = 1",
    "SELECT name FROM harvest.clients WHERE id IN ({clients})",
    f"SELECT name FROM harvest.clients WHERE id IN ({IDS})",
    f"SELECT hours FROM harvest.time_entries WHERE id IN ({IDS})",
    "SELECT state FROM harvest.invoices WHERE state IN ('open', 'draft')",
    "SELECT state FROM harvest.invoices WHERE state IN ('open', 'draft', 'paid', 'closed')",
    "SELECT count(*) FROM harvest.invoice_line_items WHERE invoice_state = 'paid'",
    "SELECT count(*) FROM harvest.invoice_line_items WHERE invoice_id IN ({invoices})",
    "SELECT count(*) FROM harvest.invoice_payments",
    "SELECT count(*) FROM harvest.invoice_payments WHERE invoice_id = {invoice}",
    "SELECT count(*) FROM harvest.invoice_payments WHERE invoice_id = 1",
    "SELECT count(*) FROM harvest.invoice_payments WHERE invoice_id IN ({invoices})",
    f"SELECT count(*) FROM harvest.invoice_payments WHERE invoice_id IN ({IDS})",
    "SELECT count(*) FROM harvest.invoice_payments WHERE invoice_id > 5",
    "SELECT count(*) FROM harvest.invoice_messages",
    "SELECT count(*) FROM harvest.invoice_message_templates WHERE invoice_id = {invoice}",
    "SELECT count(*) FROM harvest.invoice_message_templates WHERE reminder = true",
    "SELECT count(*) FROM harvest.billable_rates",
    "SELECT count(*) FROM harvest.billable_rates WHERE user_id = {user} AND id = 5",
    "SELECT count(*) FROM harvest.teammates",
    "SELECT count(*) FROM harvest.teammates WHERE user_id IN ({users})",
    "SELECT count(*) FROM harvest.project_assignment_task_assignments",
    "SELECT count(*) FROM harvest.task_assignments",
    "SELECT count(*) FROM harvest.task_assignments WHERE project_id = {project}",
    "SELECT count(*) FROM harvest.task_assignments WHERE project_id = {project} AND id = 3",
    "SELECT count(*) FROM harvest.task_assignments WHERE project_id IN ({projects})",
    "SELECT count(*) FROM harvest.user_assignments WHERE user_id = {user} AND is_active = false",
    "SELECT name FROM harvest.company",
    "FROM harvest.me",
    "FROM harvest.accounts",
    "FROM harvest.my_project_assignments",
    "FROM harvest.report_project_budget",
    f"FROM harvest.report_time_projects WHERE {REPORT}",
    f"SELECT total_hours FROM harvest.report_time_team WHERE {REPORT} AND include_fixed_fee IN (true, false)",
    "FROM harvest.report_expenses_team WHERE from_date = '2023-01-01' AND to_date = '2026-06-30'",
    "FROM harvest.report_expenses_team WHERE from_date = '2006-01-01' AND to_date = '2026-06-30'",
    *JOINS,
    "SELECT id FROM harvest.clients UNION ALL SELECT id FROM harvest.roles",
    "WITH c AS (FROM harvest.clients) SELECT count(*) FROM harvest.roles",
    "SELECT count(*) FROM harvest.clients WHERE id = 1 AND id = 2",
    "SELECT count(*) FROM harvest_scan('tasks')",
    "SELECT count(*) FROM harvest_tables()",
    "SELECT count(*) FROM people",
]


PAGES_OF_TEN = "RateLimit=off;ReportsRateLimit=off;Pagesize=10"


@pytest.fixture(scope="module")
def long() -> Iterator[Sandbox]:
    """An account with many pages of a few records each."""
    with Sandbox(seed=7, scale=0.1, time_entries=320, limits=False) as running:
        yield running


#: Which queries SQL explains too in a usual run.
TURNS = {sql: turn for turn, sql in enumerate(QUERIES)}


@contextlib.contextmanager
def opened(long: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the agency in it, in pages of ten records, beside a table of its own."""
    with harvest_duck.connect(f"{long.connection_string()};{PAGES_OF_TEN}") as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("CREATE TABLE people AS SELECT id FROM harvest.users ORDER BY id LIMIT 2")
        yield con


@pytest.fixture(scope="module")
def lasting(long: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that tests share and do not change."""
    with opened(long) as con:
        yield con


@pytest.fixture
def con(lasting: duckdb.DuckDBPyConnection, long: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor with requests and errors of its own."""
    with lasting.cursor() as con:
        harvest_duck.register(con, f"{long.connection_string()};{PAGES_OF_TEN}")
        con.execute("SET TimeZone = 'UTC'")
        long.clear_log()
        yield con


@pytest.fixture
def kept(lasting: duckdb.DuckDBPyConnection, long: Sandbox) -> duckdb.DuckDBPyConnection:
    """The shared connection, with an empty request log."""
    long.clear_log()
    return lasting


def filled(sql: str, sandbox: Sandbox) -> str:
    """The query with ids of the account in its places: {invoice} is one of them, {invoices} are several."""

    def ids(found: re.Match[str]) -> str:
        name = found[1].removesuffix("s")
        records = sandbox.records(MAIN_ID, f"{name}s")[: 1 if name == found[1] else 6]
        return ", ".join(str(record["id"]) for record in records)

    return re.sub(r"{(\w+)}", ids, sql)


def sent(sandbox: Sandbox) -> list[str]:
    """Return the requests that were sent, each without its page number or cursor."""
    texts = []
    for request in sandbox.requests:
        query = {name: text for name, text in request.query.items() if name not in {"page", "cursor", "ref"}}
        texts.append(f"{request.path}?{urlencode(query)}" if query else request.path)
    return texts


def matching(path: str) -> re.Pattern[str]:
    """Return the pattern of the requests that one of an explanation stands for."""
    return re.compile(re.sub(r"…|\\{\w+\\}", "[^/&?]+", re.escape(path)))


class Observed(NamedTuple):
    """A query of the corpus: two explanations, the requests of each and of the query, and the records it read."""

    informed: list[dict[str, Any]]
    blind: list[dict[str, Any]]
    counted: list[tuple[str, dict[str, str]]]
    sent: list[str]
    records: int


def observed(sql: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox, *, in_sql: bool) -> Observed:
    """Explain a query without count requests, perhaps in SQL too, and with them, then run it."""
    logged = con.execute("SELECT count(*), coalesce(max(scan), 0) FROM harvest_requests()").fetchone()
    assert logged is not None
    blind = harvest_duck.explain(sql, con, probe=False).to_pylist()
    if in_sql:
        con.execute("FROM harvest_explain(?, probe := false)", [sql]).fetchall()
    assert sandbox.requests == []
    informed = harvest_duck.explain(sql, con).to_pylist()
    counted = [(request.path, request.query) for request in sandbox.requests]
    assert con.execute("SELECT count(*) FROM harvest_requests()").fetchone() == logged[:1]
    sandbox.clear_log()
    con.execute(sql).fetchall()
    records = con.execute(
        "SELECT coalesce(sum(records), 0) FROM harvest_requests() WHERE scan > ? AND request NOT LIKE '%=1'", logged[1:]
    ).fetchone()
    assert records is not None
    return Observed(informed, blind, counted, sent(sandbox), records[0])


@pytest.mark.takes_a_share
@pytest.mark.parametrize("sql", some_of(QUERIES, 0, every=4))
def test_a_query_sends_what_its_explanation_says(sql: str, kept: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    """A usual run takes a quarter of the queries, and explains every third of these in SQL too."""
    found = observed(filled(sql, long), kept, long, in_sql=bool(some_of([sql], TURNS[sql])))
    check_counts(found)
    check_blind(found)
    if sql not in JOINS or not duckdb.__version__.startswith("1."):
        check_requests(found)
    if "harvest.time_entries" in sql or "harvest.clients" in sql:
        check_records(found)


def check_requests(found: Observed) -> None:
    """The query sends the requests of its explanation and no others, as often as it says."""
    for path, requests in {(row["request"], row["requests"]) for row in found.informed if row["request"]}:
        came = [text for text in found.sent if matching(path).fullmatch(text)]
        assert requests is None or len(came) == requests * sum(row["request"] == path for row in found.informed), path
    explained = [matching(row["request"] or "") for row in found.informed]
    assert [text for text in found.sent if not any(each.fullmatch(text) for each in explained)] == []
    if all(row["requests"] is not None for row in found.informed):
        assert sum(row["requests"] for row in found.informed) == len(found.sent)


def check_counts(found: Observed) -> None:
    """An explanation sends count requests alone, each once, and no more than the query would send."""
    assert all(query["per_page"] == "1" for _, query in found.counted)
    assert len({str(each) for each in found.counted}) == len(found.counted)
    assert len(found.counted) <= sum(row["requests"] or 0 for row in found.informed)


def check_blind(found: Observed) -> None:
    """An explanation without count requests says no more than one with them, and nothing else."""
    informed = {row["request"]: row for row in found.informed}
    blind = {row["request"]: row for row in found.blind}
    assert informed.keys() <= blind.keys()
    for path, row in informed.items():
        assert blind[path]["requests"] in (None, row["requests"])
        assert set(blind[path]["pushed"]) <= set(row["pushed"])


def check_records(found: Observed) -> None:
    """Where no condition is left to the scan, it reads as many records as its explanation says."""
    lists = [row for row in found.informed if row["step"] == "list"]
    others = [row for row in found.informed if row["step"] not in ("list", "look")]
    if not others and not any(row["rechecked"] for row in found.informed):
        assert found.records == sum(row["records"] for row in lists)


def test_explaining_harvest_access_sends_nothing(kept: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    long.clear_log()
    assert harvest_duck.explain("FROM harvest_access()", kept, probe=False).num_rows == 0
    assert long.requests == []


@pytest.mark.parametrize(
    ("sql", "pushed", "rechecked"),
    [
        ("user_id = 7 AND notes LIKE '%a%'", ["user_id = 7"], []),
        ("spent_date > '2026-03-01' AND client_id > 2", ["spent_date > '2026-03-01'"], ["client_id > 2"]),
        ("spent_date >= '2026-03-01' AND spent_date <= '2026-03-05'", None, []),
        ("updated_at > '2026-03-01 12:00:00'", [], ["updated_at > '2026-03-01 12:00:00+00:00'"]),
        ("approval_status = 'no such status'", [], ["approval_status = 'no such status'"]),
        ("is_billed = true", ["is_billed = true"], []),
        ("notes <> ''", [], ["notes <> ''"]),
        (f"account_id = {MAIN_ID}", [f"account_id = {MAIN_ID}"], []),
        ("id = 5", ["id = 5"], []),
        ("user_id IN (1, 5, 9)", None, []),
        ("spent_date = '2026-03-02' OR spent_date = '2025-03-03'", None, []),
    ],
)
def test_a_condition_is_pushed_or_rechecked(
    sql: str, pushed: list[str] | None, rechecked: list[str], kept: duckdb.DuckDBPyConnection
) -> None:
    told = harvest_duck.explain(f"SELECT id FROM harvest.time_entries WHERE {sql}", kept).to_pylist()
    assert told
    for row in told:
        assert row["rechecked"] == rechecked
        assert row["pushed"] == pushed or (pushed is None and row["pushed"])


def test_the_conditions_of_a_report_and_of_its_rows(con: duckdb.DuckDBPyConnection) -> None:
    (told,) = harvest_duck.explain(
        f"FROM harvest.report_time_projects WHERE {REPORT} AND client_id = 7", con
    ).to_pylist()
    assert told["pushed"] == ["from_date = '2026-01-01'", "to_date = '2026-06-30'"]
    assert told["rechecked"] == ["client_id = 7"]
    assert (told["step"], told["rate_limit"], told["requests"]) == ("report", "reports", 1)


def steps(sql: str, con: duckdb.DuckDBPyConnection, **options: bool) -> list[tuple[Any, ...]]:
    """The steps of a query, each with its requests and its records."""
    rows = harvest_duck.explain(sql, con, **options).to_pylist()
    return [(row["table_name"], row["step"], row["requests"], row["records"]) for row in rows]


def test_the_steps_of_children(con: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    invoices, users = (len(long.records(MAIN_ID, name)) for name in ("invoices", "users"))
    pages = -(-invoices // 10)
    payments = "SELECT sum(amount) FROM harvest.invoice_payments"
    assert steps(payments, con) == [
        ("invoices", "parents", pages, invoices),
        ("invoice_payments", "children", invoices, None),
    ]
    assert steps(payments, con, probe=False) == [
        ("invoices", "parents", None, None),
        ("invoice_payments", "children", None, None),
    ]
    assert steps(f"{payments} WHERE invoice_id > 5", con)[1] == ("invoice_payments", "children", None, None)
    assert steps("FROM harvest.teammates", con) == [
        ("users", "parents", -(-users // 10), users),
        ("teammates", "children", None, None),
    ]


def test_the_steps_of_a_count(con: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    """The answer to the probe is that of the query; on DuckDB 1.x a filter has columns that are read."""
    entries, invoices = (len(long.records(MAIN_ID, name)) for name in ("time_entries", "invoices"))
    count = "SELECT count(*) FROM harvest.time_entries"
    assert steps(count, con) == [("time_entries", "count", 1, entries)]
    assert steps(count, con, probe=False) == [("time_entries", "count", 1, None)]
    assert steps(f"{count} WHERE hours > 2", con) == [("time_entries", "list", -(-entries // 10), entries)]
    assert steps("SELECT count(*) FROM harvest.invoice_payments", con) == [
        ("invoices", "parents", -(-invoices // 10), invoices),
        ("invoice_payments", "count", invoices, None),
    ]
    assert harvest_duck.explain(count, con).column("request").to_pylist() == ["/v2/time_entries?per_page=1"]


@pytest.mark.skipif(duckdb.__version__.startswith("1."), reason="DuckDB 1.x reads the columns of a filter")
def test_the_steps_of_a_count_with_conditions(con: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    entries = long.records(MAIN_ID, "time_entries")
    people = sorted(user["id"] for user in long.records(MAIN_ID, "users"))[:6]
    of_each = [sum(entry["user"]["id"] == person for entry in entries) for person in people]
    count = "SELECT count(*) FROM harvest.time_entries WHERE user_id"
    first, second, *_ = each = [("time_entries", "count", 1, number) for number in of_each]
    sweep = ("time_entries", "sweep", 1, None)
    assert steps(f"{count} = {people[0]}", con) == [first]
    assert steps(f"{count} IN ({people[0]}, {people[1]})", con) == [first, second, sweep]
    assert steps(f"{count} IN ({', '.join(map(str, people))})", con) == [
        ("time_entries", "look", 1, len(entries)),
        *each,
        sweep,
    ]
    requests = harvest_duck.explain(f"{count} IN (1, 2)", con).column("request").to_pylist()
    assert requests[-1] == "/v2/time_entries?updated_since=…&per_page=1"


def test_a_list_without_a_total_is_counted_and_read(con: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    entry = {"id": 1, "updated_at": "2026-01-01T00:00:00Z"}
    long.respond_next("/v2/time_entries", body={"time_entries": [entry]})
    assert steps("SELECT count(*) FROM harvest.time_entries", con) == [
        ("time_entries", "count", 1, None),
        ("time_entries", "list", None, None),
    ]


def test_a_count_request_decides_between_two_ways(con: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    entries = long.records(MAIN_ID, "time_entries")
    sql = f"SELECT id FROM harvest.time_entries WHERE id IN ({IDS})"
    assert steps(sql, con) == [
        ("time_entries", "look", 1, len(entries)),
        ("time_entries", "record", 30, None),
    ]
    assert steps(sql, con, probe=False) == [
        ("time_entries", "look", 1, None),
        ("time_entries", "list", None, None),
        ("time_entries", "record", None, None),
    ]
    found = harvest_duck.explain(sql, con).column("request").to_pylist()
    assert found == ["/v2/time_entries?per_page=1", "/v2/time_entries/…"]


def test_a_scan_that_sends_nothing_is_shown(con: duckdb.DuckDBPyConnection) -> None:
    assert steps("SELECT id FROM harvest.clients WHERE account_id = 1", con) == [("clients", "nothing", 0, None)]
    assert steps("SELECT id FROM harvest.clients WHERE id = 1 AND id = 2", con) == []


def test_the_rate_limits_of_the_connection_tell_when_the_last_request_goes(long: Sandbox) -> None:
    limited = f"{long.connection_string()};RateLimit=2/10;ReportsRateLimit=1/60;Pagesize=10"
    company = f"SELECT name FROM harvest_scan('company', '{limited}')"
    report = f"SELECT currency FROM harvest_scan('report_expenses_team', '{limited}') WHERE {REPORT}"
    with duckdb.connect() as con:
        harvest_duck.register(con)
        told = harvest_duck.explain(" UNION ALL ".join([*[company] * 5, report]), con)
        assert told.column("earliest_s").to_pylist() == [0.0, 0.0, 10.0, 10.0, 20.0, 0.0]
        told = harvest_duck.explain(f"{company} UNION ALL {report}", con, probe=False)
        assert told.column("earliest_s").to_pylist() == [0.0, None]


def test_several_accounts_are_listed_one_by_one(long: Sandbox) -> None:
    one = long.connection_string()
    with duckdb.connect() as con:
        harvest_duck.register(con)
        every = one.replace(f"AccountId={MAIN_ID}", "AccountId=*")
        sql = f"SELECT name FROM harvest_scan('company', '{every}')"
        found = harvest_duck.explain(sql, con).to_pylist()
        assert [(row["step"], row["account_id"]) for row in found] == [
            ("accounts", None),
            ("list", MAIN_ID),
            ("list", EURO_ID),
        ]
        long.clear_log()
        con.execute(sql).fetchall()
        assert len(long.requests) == sum(row["requests"] for row in found)
        long.clear_log()
        with pytest.raises(QueryError, match=r"company: AccountId is \*, .* name them in AccountId, or allow requests"):
            harvest_duck.explain(sql, con, probe=False)
        assert long.requests == []


def test_the_same_list_is_counted_with_each_of_two_tokens(long: Sandbox) -> None:
    scans = " UNION ALL ".join(
        f"SELECT id FROM harvest_scan('time_entries', '{long.connection_string(role=role)};RateLimit=off')"
        for role in ("administrator", "member")
    )
    with duckdb.connect() as con:
        harvest_duck.register(con)
        one, other = harvest_duck.explain(scans, con).column("records").to_pylist()
    assert one == len(long.records(MAIN_ID, "time_entries"))
    assert 0 < other < one


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1; SELECT 2", "takes one SELECT"),
        ("", "takes one SELECT"),
        ("DELETE FROM people", "takes one SELECT"),
        ("CREATE TABLE x AS SELECT 1", "takes one SELECT"),
        ("SELECT nope FROM harvest.clients", "nope"),
        ("SELEC", "syntax error"),
        ("FROM harvest.no_such_table", "no_such_table does not exist"),
        ("FROM harvest_scan('tme_entries')", 'did you mean "time_entries"'),
        ("FROM own", "own does not exist.*does not see temporary tables"),
        ("FROM frame", "frame does not exist.*data frames"),
        ("FROM harvest.clients WHERE id = $1", "parameters"),
        ("FROM harvest.report_time_team", "write from_date = '2026-01-01' AND to_date = '2026-12-31'"),
        ("FROM harvest_scan('clients', 'AccountId=1')", "APIKey"),
    ],
)
def test_a_statement_that_cannot_be_explained_is_refused_in_one_line(
    sql: str, message: str, con: duckdb.DuckDBPyConnection, long: Sandbox
) -> None:
    frame = harvest_duck.tables()
    con.execute("CREATE TEMP TABLE own AS SELECT 1")
    with pytest.raises((QueryError, CredentialsError), match=message) as raised:
        harvest_duck.explain(sql, con)
    assert len(str(raised.value).splitlines()) == 1
    with pytest.raises(duckdb.Error, match=message):
        con.execute("FROM harvest_explain(?)", [sql]).fetchall()
    assert type(harvest_duck.last_error(con)) is raised.type
    assert str(harvest_duck.last_error(con)) == str(raised.value)
    assert con.execute("SELECT count(*) FROM people").fetchone() == (2,)
    assert frame.num_rows
    assert long.requests == []


def test_null_is_no_query_and_the_default(con: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    with pytest.raises(duckdb.Error, match="takes one SELECT"):
        con.execute("FROM harvest_explain(NULL)").fetchall()
    con.execute("FROM harvest_explain('FROM harvest.clients', probe := NULL)").fetchall()
    assert len(long.requests) == 1


def test_a_list_that_the_token_may_not_read_is_an_error(long: Sandbox) -> None:
    with harvest_duck.connect(long.connection_string(role="member") + ";RateLimit=off") as con:
        with pytest.raises(Forbidden, match="clients page 1: Harvest answered 403"):
            harvest_duck.explain("FROM harvest.clients", con)
        with pytest.raises(duckdb.Error, match="clients page 1: Harvest answered 403"):
            con.execute("FROM harvest_explain('FROM harvest.clients')").fetchall()
        assert isinstance(harvest_duck.last_error(con), Forbidden)


def test_a_query_without_an_end_is_given_up(con: duckdb.DuckDBPyConnection) -> None:
    endless = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT count(*) FROM r"
    with pytest.raises(QueryError, match=r"takes longer than 0\.05 s even without rows of Harvest"):
        dry_run.recorded(con, binding_of(con), endless, {}, patience_s=0.05)
    assert con.execute("SELECT 1").fetchone() == (1,)


def test_explaining_an_explanation_sends_nothing(con: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    assert harvest_duck.explain("FROM harvest_explain('FROM harvest.clients')", con).num_rows == 0
    assert long.requests == []


def test_explaining_changes_nothing(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE SEQUENCE numbers")
    with pytest.raises(QueryError, match="read-only"):
        harvest_duck.explain("SELECT nextval('numbers')", con)
    assert con.execute("SELECT nextval('numbers')").fetchone() == (1,)


def test_the_settings_of_the_connection_hold(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT id FROM harvest.clients WHERE updated_at >= '2026-03-01 00:00:00'"
    assert "updated_since=2026-02-28T23%3A59%3A59Z" in harvest_duck.explain(sql, con).column("request")[0].as_py()
    con.execute("SET TimeZone = 'America/New_York'")
    con.execute("USE harvest")
    wanted = "updated_since=2026-03-01T04%3A59%3A59Z"
    assert wanted in harvest_duck.explain(sql.replace("harvest.", ""), con).column("request")[0].as_py()
    found = con.execute("SELECT request FROM harvest_explain(?)", [sql.replace("harvest.", "")]).fetchone()
    assert found is not None
    assert wanted in found[0]


def test_it_joins_and_is_kept_like_a_table(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE kept AS FROM harvest_explain('FROM harvest.clients')")
    assert con.execute(
        "SELECT a.table_name, b.table_name FROM kept a JOIN harvest_explain('FROM harvest.roles') b USING (scan) "
        "JOIN harvest.company ON true WHERE b.requests > 0"
    ).fetchall() == [("clients", "roles")]
    assert (
        con.execute("SELECT * FROM kept").fetchall()
        == con.execute("FROM harvest_explain('FROM harvest.clients')").fetchall()
    )


def test_the_default_connection_can_be_asked(connection: str) -> None:
    harvest_duck.register()
    found = harvest_duck.explain(f"SELECT id FROM harvest_scan('tasks', '{connection}')")
    assert found.column("step").to_pylist() == ["list"]
    assert found.schema.equals(harvest_duck.explain("SELECT 1").schema)


def test_a_secret_in_the_query_is_not_in_the_answer(con: duckdb.DuckDBPyConnection, long: Sandbox) -> None:
    secret = "t0ken-that-nobody-may-see"
    string = re.sub("APIKey=[^;]*", f"APIKey={secret}", long.connection_string())
    sql = f"SELECT * FROM harvest_scan('clients', '{string}') WHERE id > 5 AND is_active = true"
    told = harvest_duck.explain(sql, con, probe=False)
    assert (told.num_rows, "_connection" in str(told.to_pylist()), secret in str(told.to_pylist())) == (1, False, False)
    relation = con.execute("FROM harvest_explain(?, probe := false)", [sql])
    assert [column[0] for column in relation.description or []] == told.schema.names
    assert secret not in str(relation.fetchall())


def test_a_connection_is_not_kept_open(long: Sandbox) -> None:
    con = harvest_duck.connect(long.connection_string())
    con.execute("FROM harvest_explain('FROM harvest.company')").fetchall()
    gone = weakref.ref(con)
    con.close()
    del con
    gc.collect()
    assert gone() is None


def test_the_command_explains(connection: str, sandbox: Sandbox, tmp_path: Path) -> None:
    sql = "SELECT name FROM harvest.clients WHERE is_active = true;"
    told = json.loads(run("query", "--explain", "--format", "json", sql, connection=connection).stdout)
    assert [(row["step"], row["requests"], row["pushed"]) for row in told] == [("list", 1, ["is_active = true"])]
    assert [request.query["per_page"] for request in sandbox.requests] == ["1"]
    sandbox.clear_log()
    target = tmp_path / "told.csv"
    ended = run("query", "--explain", "--no-probe", sql, "-o", str(target), connection=connection)
    assert (ended.returncode, sandbox.requests) == (0, [])
    assert "is_active=true" in target.read_text()
    ended = run("query", "--no-probe", sql, connection=connection)
    assert (ended.returncode, "--no-probe goes with --explain" in ended.stderr) == (2, True)
    ended = run("query", "--explain", "SELECT 1; SELECT 2", connection=connection)
    assert "takes one SELECT" in ended.stderr
    assert "Traceback" not in ended.stderr


# The page

PAGE = DOCS / "explain.md"
UPDATE = bool(os.environ.get("UPDATE_README"))


def test_the_example_of_the_page_prints_what_stands_below_it() -> None:
    text = PAGE.read_text("utf-8")

    def ran(block: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block["code"], {})  # noqa: S102 - the page's own code
        output = "\n".join(line.rstrip() for line in printed.getvalue().strip("\n").splitlines())
        return f"```python\n{block['code']}```\n\n```text\n{output}\n```"

    wanted, count = BLOCK.subn(ran, text)
    assert count == 1
    if UPDATE:
        PAGE.write_text(wanted, "utf-8")
    assert UPDATE or text == wanted


def test_the_page_describes_every_column_and_step() -> None:
    text = PAGE.read_text("utf-8")
    columns = re.findall(r"^\| `(\w+)`", text.partition("<!-- columns -->")[2].partition("<!--")[0], re.MULTILINE)
    assert columns == EXPLAINED.names
    told = re.findall(r"^\| `(\w+)`", text.partition("<!-- steps -->")[2].partition("<!--")[0], re.MULTILINE)
    assert told == list(Purpose)
