"""What DuckDB counts without a column of a table is what it counts of the rows that were read, for one request a list.

The oracle is a table in DuckDB with the rows that `scan` reads, over which the same SQL runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked
from support.run_size import some_of
from support.sandbox_rows import SPAN

import harvest_duck
from harvest_duck.catalog.model import BOOLEAN, VARCHAR, Limit, Match, Origin, Paging, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.takes_a_share

#: DuckDB 1.x reads the columns of a filter, even where it needs none of them.
FILTERS_ARE_COLUMNS = duckdb.__version__.startswith("1.")
#: Queries that need no column, and how often each scans the table.
COUNTED = {
    "SELECT count(*) FROM {t}": 1,
    "SELECT count(1) FROM {t}": 1,
    "SELECT count(42), max(1) FROM {t}": 1,
    "SELECT sum(1), bool_and(true), list(1) FROM {t}": 1,
    "SELECT count(*) * 2 + 1 FROM {t}": 1,
    "SELECT count(*) FILTER (WHERE true) FROM {t}": 1,
    "SELECT count(*) FROM {t} HAVING count(*) > 1": 1,
    "SELECT 1 FROM {t}": 1,
    "SELECT 'x', NULL FROM {t} ORDER BY ALL": 1,
    "SELECT 1 FROM {t} GROUP BY ALL": 1,
    "SELECT count(*) FROM {t} GROUP BY 1 = 1": 1,
    "SELECT DISTINCT 7 FROM {t}": 1,
    "SELECT count(*) FROM (SELECT DISTINCT 7 FROM {t})": 1,
    "SELECT row_number() OVER () FROM {t}": 1,
    "SELECT count(*) OVER () FROM {t}": 1,
    "SELECT sum(1) OVER (ROWS 2 PRECEDING) FROM {t}": 1,
    "SELECT random() > 2 FROM {t}": 1,
    "SELECT uuid() IS NULL FROM {t}": 1,
    "SELECT count(*) FROM {t} WHERE random() >= 0": 1,
    "SELECT count(*) FROM {t} WHERE 1 = 1": 1,
    "SELECT count(*) FROM {t} USING SAMPLE 3 ROWS": 1,
    "WITH c AS (FROM {t}) SELECT count(*) FROM c": 1,
    "SELECT count(*) FROM {t} CROSS JOIN range(3)": 1,
    "SELECT count(*) FROM {t}, (VALUES (1), (2))": 1,
    "SELECT count(*) FROM (SELECT 7 AS k FROM {t}) JOIN (VALUES (7), (8)) v(k) USING (k)": 1,
    "SELECT count(*) FROM {t} a, {t} b": 2,
    "SELECT count(*) FROM (SELECT 1 FROM {t} UNION ALL SELECT 2 FROM {t})": 2,
}
#: Queries that may stop before the end.
STOPPED = (
    "SELECT 1 FROM {t} LIMIT 2",
    "SELECT count(*) FROM (FROM {t} LIMIT 3)",
    "SELECT count(*) FROM (FROM {t} LIMIT 3 OFFSET 2)",
    "SELECT EXISTS (FROM {t})",
    "SELECT NOT EXISTS (SELECT 1 FROM {t})",
)
#: Queries that need a column, whether or not DuckDB could do without.
READ = (
    "SELECT count({c}) FROM {t}",
    "SELECT count(*), count({c}) FROM {t}",
    "SELECT count(*) FILTER (WHERE {c} IS NOT NULL) FROM {t}",
    "SELECT count(DISTINCT {c}) FROM {t}",
    "SELECT count(*) FROM (SELECT DISTINCT {c} FROM {t})",
    "SELECT count(*) FROM (FROM {t} ORDER BY {c} LIMIT 3)",
    "SELECT count(*) FROM (FROM {t} UNION ALL FROM {t})",
    "SELECT {c}, count(*) FROM {t} GROUP BY ALL ORDER BY ALL",
    "SELECT count(*) FROM {t} a JOIN {t} b USING ({c})",
    "SELECT count(*) FROM {t} a SEMI JOIN {t} b USING ({c})",
)
#: Queries that need no column but those of a filter.
FILTERED = (
    "SELECT count(*) FROM {t} WHERE {where}",
    "SELECT 1 FROM {t} WHERE {where}",
    "SELECT EXISTS (FROM {t} WHERE {where})",
)
#: So that a usual run, which tries a sixth of the queries with every fifth table, tries each with as many tables.
TURNS = {name: turn for turn, name in enumerate(TABLES)}
each_table = pytest.mark.parametrize("table", some_of(TABLES.values(), 0, every=5), ids=lambda table: table.name)
PERIOD = f"from_date = '{SPAN[0]}' AND to_date = '{SPAN[1]}'"


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """An agency of a few records; each invoice and estimate costs requests of its own for its children."""
    with Sandbox(seed=7, scale=0.05, time_entries=60, limits=False) as running:
        for table in ("estimates", "invoices"):
            running.replace(MAIN_ID, table, running.records(MAIN_ID, table)[::5])
        yield running


@pytest.fixture(scope="module")
def con(small: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB with the agency, and with what was read of each table as `read_…`; reports are of one period."""
    connection = f"{small.connection_string()};RateLimit=off;ReportsRateLimit=off"
    with harvest_duck.connect(connection) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        for table in TABLES.values():
            where = f" WHERE {PERIOD}" if table.max_span_days else ""
            opened.execute(f"CREATE TABLE read_{table.name} AS FROM harvest.{table.name}{where}")
        yield opened


def queried(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    """The table as a term of FROM."""
    return f"(FROM harvest.{table.name} WHERE {PERIOD})" if table.max_span_days else f"harvest.{table.name}"


def assert_same(con: duckdb.DuckDBPyConnection, table: Table, sql: str) -> None:
    """The query returns of Harvest's table what it returns of the rows that were read."""
    column = next(column.name for column in table.columns)
    found = con.execute(sql.format(t=queried(con, table), c=column)).fetchall()
    assert found == con.execute(sql.format(t=f"read_{table.name}", c=column)).fetchall(), sql


def can_be_counted(table: Table) -> bool:
    """Whether each row is a record of a list that has a total."""
    return table.paging is not Paging.NONE and table.items is None and table.limit is Limit.GENERAL


def counts(table: Table, small: Sandbox) -> list[str]:
    """The requests that count a whole table."""
    if table.parent is None:
        return [f"{table.path}?per_page=1"]
    above = TABLES[table.parent.table]
    parents = [each for each in small.records(MAIN_ID, above.name) if table.parent.has_children(each)]
    paths = [table.path.replace(f"{{{table.parent.param}}}", str(each["id"])) for each in parents]
    return [f"{above.path}?per_page=2000", *(f"{path}?per_page=1" for path in paths)]


@each_table
def test_what_needs_no_column_is_counted(table: Table, small: Sandbox, con: duckdb.DuckDBPyConnection) -> None:
    for sql, scans in some_of(COUNTED.items(), TURNS[table.name]):
        small.clear_log()
        assert_same(con, table, sql)
        if can_be_counted(table):
            assert sorted(asked(small, per_page=True)) == sorted(counts(table, small) * scans), sql
        else:
            assert not any(each.endswith("per_page=1") for each in asked(small, per_page=True)), sql


@each_table
def test_what_stops_early_counts_no_more_than_all(table: Table, small: Sandbox, con: duckdb.DuckDBPyConnection) -> None:
    for sql in some_of(STOPPED, TURNS[table.name]):
        small.clear_log()
        assert_same(con, table, sql)
        if can_be_counted(table):
            assert set(asked(small, per_page=True)) <= set(counts(table, small)), sql


@each_table
def test_what_needs_a_column_is_read(table: Table, small: Sandbox, con: duckdb.DuckDBPyConnection) -> None:
    for sql in some_of(READ, TURNS[table.name]):
        small.clear_log()
        assert_same(con, table, sql)
        # DuckDB 1.x narrows one side of a join to the ids of the other, and a look at the list decides how to read it.
        assert "JOIN" in sql or not any(each.endswith("per_page=1") for each in asked(small, per_page=True)), sql


@dataclass(frozen=True)
class Condition:
    """A condition, and the number of lists of which it is true throughout; None where rows have to be looked at."""

    sql: str
    lists: int | None


def conditions(con: duckdb.DuckDBPyConnection, table: Table) -> Iterator[Condition]:
    """The conditions that the parameters of a table answer, and some that they do not."""
    yield Condition(f"account_id = {MAIN_ID}", 1)
    yield Condition(f"account_id IN ({MAIN_ID}, {EURO_ID})", 1)
    for param in table.params:
        column = table.column(param.column)
        if column.origin in (Origin.INPUT, Origin.PATH):
            continue
        values = [f"'{value}'" for value in _values(con, table, param.column)]
        certain = param.exact and column.documented and (column.type is not VARCHAR or bool(param.values))
        lists = 1 if certain else None
        if not values or table.module is not None:
            # No column of a module is documented, so that none is certain: one condition on each is enough.
            yield from (Condition(f"{param.column} = {value}", None) for value in values[:1])
            continue
        match param.match:
            case Match.EQUAL:
                yield Condition(f"{param.column} = {values[0]}", lists)
                if len(values) > 1 and column.type is not BOOLEAN:
                    yield Condition(f"{param.column} IN ({values[0]}, {values[1]})", 2 if certain else None)
            case Match.FROM:
                yield Condition(f"{param.column} >= {values[0]}", lists)
                yield Condition(f"{param.column} > {values[0]} AND {param.column} IS NOT NULL", lists)
                yield Condition(f"{param.column} BETWEEN {values[0]} AND {values[-1]}", lists)
            case Match.TO:
                yield Condition(f"{param.column} <= {values[-1]}", lists)
            case Match.SINCE:
                yield Condition(f"{param.column} >= {values[0]}", None)
        yield Condition(
            f"{param.column} = {values[0]} AND account_id <> 0", None if param.match is Match.SINCE else lists
        )
        yield Condition(f"({param.column} = {values[0]} OR account_id = 0)", None)
    if "id" in table and table.column("id").origin is Origin.RECORD:
        first, *_, last = _values(con, table, "id") * 2 or [0, 0]
        yield Condition(f"id = {first}", None)
        yield Condition(f"id IN ({first}, {last})", None)
        yield Condition(f"id >= {first}", None)


def _values(con: duckdb.DuckDBPyConnection, table: Table, column: str) -> list[object]:
    rows = con.execute(f"SELECT DISTINCT {column} FROM read_{table.name} WHERE {column} IS NOT NULL ORDER BY 1")
    return [value for (value,) in rows.fetchall()]


@pytest.mark.parametrize(
    "table",
    some_of((each for each in TABLES.values() if each.parent is None), 0, every=5),
    ids=lambda each: each.name,
)
def test_a_filter_that_the_requests_enforce_is_counted(
    table: Table, small: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    for condition in some_of(conditions(con, table), TURNS[table.name]):
        for sql in some_of(FILTERED, TURNS[table.name], every=3):
            small.clear_log()
            assert_same(con, table, sql.replace("{where}", condition.sql))
            sent = asked(small, per_page=True)
            if can_be_counted(table) and condition.lists is not None and not FILTERS_ARE_COLUMNS:
                sweeps = condition.lists > 1
                assert len(sent) == condition.lists + sweeps, condition
                assert all(each.endswith("per_page=1") for each in sent), condition
                assert sum("updated_since" in each for each in sent) == sweeps, condition
            else:
                assert not any(each.endswith("per_page=1") for each in sent), condition


@pytest.mark.parametrize("table", [each for each in TABLES.values() if each.parent], ids=lambda each: each.name)
def test_the_children_of_the_parents_in_a_filter_are_counted(
    table: Table, small: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    assert table.parent is not None
    parent, above = table.parent.param, TABLES[table.parent.table]
    numbers = sorted(each["id"] for each in small.records(MAIN_ID, above.name))
    low, middle, high = numbers[0], numbers[len(numbers) // 2], numbers[-1]
    named = {
        f"{parent} = {low}": [low],
        f"{parent} = {high} AND {parent} IS NOT NULL": [high],
        f"{parent} IN ({low}, {middle}, {high})": [low, middle, high],
        f"{parent} = {low} AND account_id = {MAIN_ID}": [low],
    }
    if table.parent.absent_on:
        named[f"{parent} = 1"] = [1]
    counted = can_be_counted(table) and not FILTERS_ARE_COLUMNS and table.column(parent).documented
    for turn, (where, asked_for) in enumerate(named.items(), start=TURNS[table.name]):
        for sql in some_of(FILTERED[:2], turn, every=2):
            small.clear_log()
            assert_same(con, table, sql.replace("{where}", where))
            sent = [each for each in asked(small, per_page=True) if each != "/users/me"]
            paths = [table.path.replace(f"{{{parent}}}", str(number)) for number in sorted(set(asked_for))]
            if counted:
                assert sorted(sent) == sorted(f"{path}?per_page=1" for path in paths), where
            else:
                assert not any(each.endswith("per_page=1") for each in sent), where
    for where in (f"{parent} > {middle}", f"{parent} IS NOT NULL", f"{parent} <> {low}"):
        small.clear_log()
        assert_same(con, table, f"SELECT count(*) FROM {{t}} WHERE {where}")
        of_parents, *of_children = asked(small, per_page=True)
        assert of_parents == f"{above.path}?per_page=2000"
        assert all(each.endswith("per_page=1") == counted for each in of_children), where
        left_out = table.path.replace(f"{{{parent}}}", str(low))
        assert "NULL" in where or not any(each.startswith(left_out) for each in of_children), where


@pytest.fixture
def cursor(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor, to be registered with another connection string that the functions then use."""
    with con.cursor() as opened:
        yield opened


def test_several_accounts_are_counted_each(cursor: duckdb.DuckDBPyConnection, small: Sandbox) -> None:
    one = f"{small.connection_string()};RateLimit=off"
    both = sum(len(small.records(account, "clients")) for account in (MAIN_ID, EURO_ID))
    for named, listed in ((f"{MAIN_ID},{EURO_ID}", []), ("*", ["/api/v2/accounts"])):
        harvest_duck.register(cursor, one.replace(f"AccountId={MAIN_ID}", f"AccountId={named}"))
        small.clear_log()
        assert cursor.execute("SELECT count(*) FROM harvest_scan('clients')").fetchall() == [(both,)]
        assert asked(small, per_page=True) == [*listed, "/clients?per_page=1", "/clients?per_page=1"]
        assert {request.account_id for request in small.requests[len(listed) :]} == {str(MAIN_ID), str(EURO_ID)}


@pytest.mark.parametrize("most", [1, 5, 1000])
def test_no_more_than_max_rows_are_counted(most: int, cursor: duckdb.DuckDBPyConnection, small: Sandbox) -> None:
    entries = len(small.records(MAIN_ID, "time_entries"))
    harvest_duck.register(cursor, f"{small.connection_string()};RateLimit=off;MaxRows={most}")
    small.clear_log()
    assert cursor.execute("SELECT count(*) FROM harvest_scan('time_entries')").fetchall() == [(min(most, entries),)]
    assert asked(small, per_page=True) == ["/time_entries?per_page=1"]


@pytest.mark.parametrize("role", ["administrator", "manager", "member"])
def test_each_user_counts_what_they_can_read(role: str, cursor: duckdb.DuckDBPyConnection, small: Sandbox) -> None:
    """Harvest may give a user a part of a table, and may refuse the user the parents or the children."""
    harvest_duck.register(cursor, f"{small.connection_string(role=role)};RateLimit=off;ReportsRateLimit=off")
    for table in some_of(filter(can_be_counted, TABLES.values()), len(role)):
        column = next(column.name for column in table.columns)
        found = [_result(cursor, f"SELECT {what} FROM harvest_scan('{table.name}')") for what in (f"{column}", "1")]
        assert found[0] == found[1], table.name


def _result(con: duckdb.DuckDBPyConnection, sql: str) -> int | type[Exception] | None:
    """The number of rows, or the kind of the error that Harvest's answer means."""
    try:
        return len(con.execute(sql).fetchall())
    except duckdb.Error:
        return type(harvest_duck.last_error(con))
