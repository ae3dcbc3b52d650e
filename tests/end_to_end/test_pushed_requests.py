"""Every table, every parameter, every operator: the request that SQL really sends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from support.asked import asked
from support.sql_conditions import literal, period
from support.table_params import HOLDS, INPUTS, NAMES, NARROWING, expected, sample

import harvest_duck
from harvest_duck.catalog.model import Host, Match, Paging, Param, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.pushdown.predicate import Op, Value
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

each_narrowing = pytest.mark.parametrize(
    ("table", "param"), NARROWING, ids=[f"{table.name}-{param.name}-{param.match.name}" for table, param in NARROWING]
)
RETRIEVED = [table for table in TABLES.values() if table.retrieve and table.parent is None]
ASKED_BY_ACCOUNT = [table for table in TABLES.values() if table.host is Host.API]


@pytest.fixture(scope="module")
def con(agency: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """One DuckDB for all tests, each of which clears the log of the agency."""
    connection = agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off"
    with harvest_duck.connect(connection) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


SWEEP = {"updated_since": "a moment ago"}


def parent(table: Table, sandbox: Sandbox) -> str:
    """A condition that leaves one parent, so that a query of children is one request; nothing for other tables."""
    if table.parent is None:
        return "true"
    return f"{table.parent.param} = {sandbox.records(MAIN_ID, table.parent.table)[0]['id']}"


def ask(con: duckdb.DuckDBPyConnection, table: Table, sandbox: Sandbox, condition: str) -> list[dict[str, str]]:
    """The parameters of the request that begins each list of a query, but for page sizes, periods and options."""
    sandbox.clear_log()
    con.execute(
        f"SELECT account_id FROM harvest_scan('{table.name}') "
        f"WHERE {period(table)} AND {parent(table, sandbox)} AND {condition}"
    ).fetchall()
    dropped = {"per_page", "include_fixed_fee"} | ({"from", "to"} if table.max_span_days is not None else set())
    firsts = [each for each in sandbox.requests if "page" not in each.query and "cursor" not in each.query]
    return [{name: text for name, text in each.query.items() if name not in dropped} for each in firsts]


def another(param: Param, value: Value) -> Value:
    """A second value of the same column, after the first."""
    if param.values:
        return param.values[1]
    return value + timedelta(days=2) if isinstance(value, date) else 8 if isinstance(value, int) else "8g"


@each_narrowing
@pytest.mark.parametrize("op", [op for op in Op if op is not Op.NE])
def test_an_operator_sends_its_parameter(
    table: Table, param: Param, op: Op, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    value = sample(table, param)
    found = ask(con, table, sandbox, f"{param.column} {op.value} {literal(value)}")
    if isinstance(value, bool) and not any(HOLDS[op](each, value) for each in (False, True)):
        assert found == []
        return
    wanted = {each.name: expected(each, op, value) for each in table.params_of(param.column)}
    assert found == [{name: text for name, text in wanted.items() if text is not None}]


@each_narrowing
def test_a_list_of_values_sends_each(
    table: Table, param: Param, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    value = sample(table, param)
    if isinstance(value, bool):
        assert ask(con, table, sandbox, f"{param.column} IN (true)") == [{param.name: "true"}]
        return
    other = another(param, value)
    found = ask(con, table, sandbox, f"{param.column} IN ({literal(value)}, {literal(other)})")
    texts = [NAMES[each] if isinstance(each, bool) else str(each) for each in (value, other)]
    around = {"from": texts[0], "to": texts[1]}
    wanted = {
        Match.EQUAL: [*({param.name: text} for text in sorted(texts)), SWEEP],
        Match.FROM: [*({"from": text, "to": text} for text in texts), SWEEP | around],
        Match.TO: [*({"from": text, "to": text} for text in texts), SWEEP | around],
        Match.SINCE: [{"updated_since": "2024-02-29T12:30:14Z"}],
    }
    if param.match is not Match.SINCE:
        # What changed while the parts of the list were read.
        assert datetime.fromisoformat(found[-1]["updated_since"]) > datetime.now(UTC) - timedelta(hours=1)
        found[-1] = found[-1] | SWEEP
    assert found == wanted[param.match]


@each_narrowing
def test_two_ends_send_both(table: Table, param: Param, con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    value = sample(table, param)
    if not isinstance(value, date):
        return
    other = another(param, value)
    found = ask(con, table, sandbox, f"{param.column} BETWEEN {literal(value)} AND {literal(other)}")
    since = isinstance(value, datetime)
    wanted = {"updated_since": "2024-02-29T12:30:14Z"} if since else {"from": str(value), "to": str(other)}
    assert found == [wanted]


@each_narrowing
def test_what_cannot_be_sent_asks_for_the_whole_list(
    table: Table, param: Param, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    value = literal(sample(table, param))
    assert ask(con, table, sandbox, f"coalesce({param.column}, {value}) = {value}") == [{}]
    assert ask(con, table, sandbox, f"({param.column} = {value} OR {param.column} IS NULL)") == [{}]


@each_narrowing
def test_a_contradiction_sends_nothing(
    table: Table, param: Param, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    value = sample(table, param)
    other = not value if isinstance(value, bool) else another(param, value)
    assert ask(con, table, sandbox, f"{param.column} = {literal(value)} AND {param.column} = {literal(other)}") == []


@pytest.mark.parametrize(("table", "param"), INPUTS, ids=[f"{table.name}-{param.name}" for table, param in INPUTS])
def test_an_input_is_sent_as_it_is_chosen(
    table: Table, param: Param, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sandbox.clear_log()
    chosen = {
        Match.FROM: "from_date = '2026-01-01' AND to_date = '2026-03-31'",
        Match.TO: "from_date >= '2026-01-01' AND to_date < '2026-04-01'",
        Match.EQUAL: f"{param.column} = true AND {period(table).replace('include_fixed_fee = true', 'true')}",
    }[param.match]
    con.execute(
        f"SELECT account_id FROM harvest_scan('{table.name}') WHERE {chosen} AND {parent(table, sandbox)}"
    ).fetchall()
    sent = {Match.FROM: "20260101", Match.TO: "20260331", Match.EQUAL: "true"}[param.match]
    assert [each.query.get(param.name) for each in sandbox.requests] == [sent]


@pytest.mark.parametrize("table", RETRIEVED, ids=lambda table: table.name)
@pytest.mark.parametrize("count", [1, 3])
def test_records_are_retrieved_by_their_ids(
    table: Table, count: int, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    assert table.retrieve is not None
    assert table.identity is not None
    name = table.identity.name
    ids = sorted(record["id"] for record in sandbox.records(MAIN_ID, table.path.strip("/")))[:count]
    sandbox.clear_log()
    listed = ", ".join(map(str, ids))
    found = con.execute(f"SELECT DISTINCT {name} FROM harvest_scan('{table.name}') WHERE {name} IN ({listed})")
    assert {number for (number,) in found.fetchall()} <= set(ids)
    assert asked(sandbox) == [table.retrieve.replace(f"{{{name}}}", str(number)) for number in ids]
    assert {request.status for request in sandbox.requests} == {200}


@pytest.mark.parametrize("table", ASKED_BY_ACCOUNT, ids=lambda table: table.name)
def test_another_account_is_not_asked(table: Table, con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    assert ask(con, table, sandbox, "account_id = 1") == []
    found = ask(con, table, sandbox, f"account_id IN (1, {MAIN_ID})")
    assert len(found) == len(table.variants)
    assert {request.account_id for request in sandbox.requests} == {str(MAIN_ID)}


def test_lists_name_the_size_of_their_pages(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    for table in TABLES.values():
        ask(con, table, sandbox, "true")
        sizes = {request.query.get("per_page") for request in sandbox.requests}
        assert sizes == {None if table.paging is Paging.NONE else "2000"}, table.name
