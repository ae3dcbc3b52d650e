"""The requests that SQL sends, for every table, parameter and operator."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from support.asked import asked
from support.run_size import some_of, usually
from support.sql_conditions import literal, period
from support.table_params import HOLDS, INPUTS, NAMES, NARROWING, expected, sample

from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, Host, Match, Paging, Param, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.pushdown.predicate import Op, Value
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    import duckdb

#: The parameters that narrow a list, by table.
NARROWED = {table.name: [param for each, param in NARROWING if each is table] for table, _ in NARROWING}
TURNS = {name: turn for turn, name in enumerate(NARROWED)}
each_narrowed = pytest.mark.parametrize("table", [TABLES[name] for name in NARROWED], ids=lambda table: table.name)
RETRIEVED = [table for table in TABLES.values() if table.retrieve and table.parent is None]
ASKED_BY_ACCOUNT = [table for table in TABLES.values() if table.host is Host.API]


@pytest.fixture(scope="module")
def con(shared: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A cursor for all tests, each of which clears the log of the agency."""
    return shared


CHANGES = {param for _, param in NARROWING if param.match is Match.SINCE}
CATCH_UP = {"updated_since": "a moment ago"}


def parent(table: Table, sandbox: Sandbox) -> str:
    """Return a condition that leaves one parent, so that a query of children is one request; true for other tables."""
    if table.parent is None:
        return "true"
    return f"{table.parent.param} = {sandbox.records(MAIN_ID, table.parent.table)[0]['id']}"


def ask(con: duckdb.DuckDBPyConnection, table: Table, sandbox: Sandbox, condition: str) -> list[dict[str, str]]:
    """Return the parameters of the first request of each list, without page sizes, periods and options."""
    sandbox.clear_log()
    con.execute(
        f"SELECT account_id FROM harvest_scan('{table.name}') "
        f"WHERE {period(table)} AND {parent(table, sandbox)} AND {condition}"
    ).fetchall()
    dropped = {"per_page", "include_fixed_fee"} | ({"from", "to"} if table.max_span_days is not None else set())
    firsts = [each for each in sandbox.requests if "page" not in each.query and "cursor" not in each.query]
    return [{name: text for name, text in each.query.items() if name not in dropped} for each in firsts]


def another(param: Param, value: Value) -> Value:
    """Return a second value of the same column, after the first."""
    if param.values:
        return param.values[1]
    return value + timedelta(days=2) if isinstance(value, date) else 8 if isinstance(value, int) else "8g"


def bound(param: Param, day: date) -> dict[str, str]:
    """Return the parameter for a bound that Harvest may exclude: it is a day further out."""
    return {param.name: str(day + timedelta(days=-1 if param.match is Match.FROM else 1))}


@pytest.mark.takes_a_share
@each_narrowed
def test_an_operator_sends_its_parameter(table: Table, con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    """A usual run tries each operator with a third of the parameters."""
    found, wanted = {}, {}
    for turn, param in enumerate(NARROWED[table.name], start=TURNS[table.name]):
        value = sample(table, param)
        for op in some_of((each for each in Op if each is not Op.NE), turn, every=3):
            condition = f"{param.column} {op.value} {literal(value)}"
            found[condition] = ask(con, table, sandbox, condition)
            texts = {each.name: expected(each, op, value) for each in table.params_of(param.column)}
            sent = {name: text for name, text in texts.items() if text is not None}
            impossible = isinstance(value, bool) and not any(HOLDS[op](each, value) for each in (False, True))
            wanted[condition] = [] if impossible else [sent]
    assert found == wanted


@each_narrowed
def test_a_list_of_values_sends_each(table: Table, con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    for param in NARROWED[table.name]:
        value = sample(table, param)
        if isinstance(value, bool):
            assert ask(con, table, sandbox, f"{param.column} IN (true)") == [{param.name: "true"}]
            continue
        other = another(param, value)
        found = ask(con, table, sandbox, f"{param.column} IN ({literal(value)}, {literal(other)})")
        texts = [NAMES[each] if isinstance(each, bool) else str(each) for each in (value, other)]
        around = {"from": texts[0], "to": texts[1]}
        wanted = {
            Match.EQUAL: [*({param.name: text} for text in sorted(texts)), CATCH_UP],
            Match.FROM: [*({"from": text, "to": text} for text in texts), CATCH_UP | around],
            Match.TO: [*({"from": text, "to": text} for text in texts), CATCH_UP | around],
            Match.SINCE: [{"updated_since": "2024-02-29T12:30:14Z"}],
        }
        if table.day is None and isinstance(value, date) and isinstance(other, date):
            outer = {"from": value, "to": other}
            wanted |= {match: [bound(param, outer[match.name.lower()])] for match in (Match.FROM, Match.TO)}
        if CHANGES.isdisjoint(table.params):
            wanted[Match.EQUAL] = [{}]
        elif param.match is Match.EQUAL or (table.day is not None and param.match is not Match.SINCE):
            # The request for the records that changed while the parts of the list were read.
            assert datetime.fromisoformat(found[-1]["updated_since"]) > datetime.now(UTC) - timedelta(hours=1)
            found[-1] = found[-1] | CATCH_UP
        assert found == wanted[param.match], param.name


@each_narrowed
def test_two_ends_send_both(table: Table, con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    for param in NARROWED[table.name]:
        value = sample(table, param)
        if isinstance(value, date):
            other = another(param, value)
            found = ask(con, table, sandbox, f"{param.column} BETWEEN {literal(value)} AND {literal(other)}")
            since = isinstance(value, datetime)
            wanted = {"updated_since": "2024-02-29T12:30:14Z"} if since else {"from": str(value), "to": str(other)}
            if table.day is None and not since:
                wanted = bound(param, value if param.match is Match.FROM else other)
            assert found == [wanted], param.name


@pytest.mark.takes_a_share
@each_narrowed
def test_a_condition_that_cannot_be_sent_requests_the_whole_list(
    table: Table, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    """A usual run tries one of both with each parameter."""
    for turn, param in enumerate(NARROWED[table.name], start=TURNS[table.name]):
        value = literal(sample(table, param))
        conditions = (
            f"coalesce({param.column}, {value}) = {value}",
            f"({param.column} = {value} OR {param.column} IS NULL)",
        )
        for condition in some_of(conditions, turn, every=2):
            assert ask(con, table, sandbox, condition) == [{}], condition


@each_narrowed
def test_a_contradiction_sends_nothing(table: Table, con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    for param in NARROWED[table.name]:
        value = sample(table, param)
        other = not value if isinstance(value, bool) else another(param, value)
        condition = f"{param.column} = {literal(value)} AND {param.column} = {literal(other)}"
        assert ask(con, table, sandbox, condition) == [], condition


@pytest.mark.parametrize(("table", "param"), INPUTS, ids=[f"{table.name}-{param.name}" for table, param in INPUTS])
def test_an_input_is_sent_as_it_is_chosen(
    table: Table, param: Param, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sandbox.clear_log()
    value = {BOOLEAN: "true", BIGINT: "2025", DATE: "DATE '2026-06-30'"}[table.column(param.column).type]
    chosen = {
        Match.FROM: "from_date = '2026-01-01' AND to_date = '2026-03-31'",
        Match.TO: "from_date >= '2026-01-01' AND to_date < '2026-04-01'",
        Match.EQUAL: f"{param.column} = {value} AND {period(table).replace('include_fixed_fee = true', 'true')}",
    }[param.match]
    con.execute(
        f"SELECT account_id FROM harvest_scan('{table.name}') WHERE {chosen} AND {parent(table, sandbox)}"
    ).fetchall()
    sent = {Match.FROM: "20260101", Match.TO: "20260331", Match.EQUAL: value.removeprefix("DATE ").strip("'")}
    assert [each.query.get(param.name) for each in sandbox.requests] == [sent[param.match]]


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


@pytest.mark.parametrize("table", usually(ASKED_BY_ACCOUNT), ids=lambda table: table.name)
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


def test_a_parent_that_is_ruled_out_is_not_asked_for_its_children(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    one, *others = [user["id"] for user in sandbox.records(MAIN_ID, "users")]
    con.execute("SELECT amount FROM harvest_scan('billable_rates') WHERE user_id <> ?", [one]).fetchall()
    asked_for = {request.path for request in sandbox.requests if request.path.endswith("/billable_rates")}
    assert asked_for == {f"/v2/users/{user}/billable_rates" for user in others}
