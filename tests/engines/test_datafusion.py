"""DataFusion over datasets of Harvest: the requests that it narrows, and rows that are those of `harvest_scan`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, reject, settings
from support.asked import asked
from support.clients import client
from support.engine_conditions import (
    COMPARED_TABLES,
    Condition,
    conditions,
    drawn_from,
    rejecting_what_means_two_things,
)
from support.engine_examples import check_example
from support.narrowed import narrowed, plain, rows_of
from support.run_size import share

import harvest_duck
from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from harvest_duck.catalog.model import Table
    from harvest_duck.sandbox import Sandbox

datafusion = client("datafusion")


@pytest.fixture
def context(connection: str) -> Any:
    """A session that knows every table."""
    session = datafusion.SessionContext()
    for name in TABLES:
        session.register_dataset(name, harvest_duck.dataset(name, connection))
    return session


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_is_that_of_harvest_scan(
    table: Table, context: Any, sandbox: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    rows = rows_of(table, con)
    query = narrowed(table, rows)
    columns = ", ".join(f'"{name}"' for name in query.columns)
    sandbox.clear_log()
    wanted = con.execute(f"SELECT {columns} FROM harvest_scan('{table.name}') WHERE {query.condition}").fetchall()
    requests = asked(sandbox, per_page=True)
    sandbox.clear_log()
    found = context.sql(f"SELECT {columns} FROM {table.name} WHERE {query.condition}").to_arrow_table()
    assert asked(sandbox, per_page=True) == requests
    assert [tuple(row.values()) for row in found.to_pylist()] == wanted
    span = f" WHERE {query.condition}" if table.max_span_days is not None else ""
    whole = context.sql(f"SELECT * FROM {table.name}{span}").to_arrow_table()
    assert whole.cast(plain(rows.schema)).equals(rows.cast(plain(rows.schema)))


@pytest.mark.takes_a_share
@pytest.mark.parametrize("name", COMPARED_TABLES)
def test_any_filter_finds_what_it_finds_in_sql(name: str, context: Any, con: duckdb.DuckDBPyConnection) -> None:
    values = drawn_from(name, con)

    @settings(max_examples=share(100), deadline=None, suppress_health_check=list(HealthCheck))
    @given(condition=conditions(values))
    def holds(condition: Condition) -> None:
        wanted = con.execute(f"SELECT id FROM plain WHERE {condition.sql}").fetchall()
        with rejecting_what_means_two_things(condition.sql), rejecting_contradictions():
            found = context.sql(f"SELECT id FROM {name} WHERE {condition.sql}").to_pylist()
            assert sorted((row["id"],) for row in found) == sorted(wanted)

    holds()


@contextmanager
def rejecting_contradictions() -> Iterator[None]:
    """Drop an example whose filter DataFusion cannot write for any dataset: it joins a constant with an expression."""
    try:
        yield
    except Exception as error:
        if "'pyarrow.lib.BooleanScalar' and 'pyarrow._compute.Expression'" not in str(error):
            raise
        reject()


CONDITIONS = {
    "spent_date >= '2026-11-01'": ["/time_entries?from=2026-11-01"],
    "spent_date BETWEEN '2026-11-01' AND '2026-11-10' AND NOT is_billed": [
        "/time_entries?is_billed=false&from=2026-11-01&to=2026-11-10"
    ],
    "extract(year FROM spent_date) = 2026": ["/time_entries?from=2026-01-01&to=2026-12-31"],
    "updated_at >= '2026-11-01T01:00:00+01:00'": ["/time_entries?updated_since=2026-10-31T23:59:59Z"],
    "is_billed AND hours >= 7.33333": ["/time_entries?is_billed=true"],
    "is_billed AND notes LIKE 'C%'": ["/time_entries?is_billed=true"],
    "is_billed AND starts_with(notes, 'C')": ["/time_entries?is_billed=true"],
    "is_billed AND started_time >= '09:00:00'": ["/time_entries?is_billed=true"],
    "is_billed AND invoice_id IS NULL": ["/time_entries?is_billed=true"],
    "id = 1 AND id = 1": ["/time_entries/1"],
    "false": [],
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_narrows_the_requests_and_what_datafusion_applies(
    condition: str, context: Any, sandbox: Sandbox, shared: duckdb.DuckDBPyConnection
) -> None:
    query = f"SELECT count(*), sum(hours) FROM {{}} WHERE {condition}"
    wanted = shared.execute(query.format("harvest_scan('time_entries')")).fetchall()
    sandbox.clear_log()
    (row,) = context.sql(query.format("time_entries")).to_pylist()
    assert [tuple(row.values())] == wanted
    assert [unquote(text) for text in asked(sandbox)] == CONDITIONS[condition]


def test_a_count_and_the_first_rows_take_one_request(context: Any, sandbox: Sandbox) -> None:
    context.sql("SELECT count(*) FROM time_entries").to_pylist()
    context.sql("SELECT id FROM time_entries LIMIT 3").to_pylist()
    assert asked(sandbox, per_page=True) == ["/time_entries?per_page=1", "/time_entries?per_page=2000"]


def test_a_join_narrows_each_table(context: Any, sandbox: Sandbox) -> None:
    context.sql(
        "SELECT c.name, sum(t.hours) FROM time_entries t JOIN clients c ON c.id = t.client_id "
        "WHERE t.spent_date >= '2026-11-01' AND c.is_active GROUP BY c.name"
    ).to_pylist()
    assert sorted(asked(sandbox)) == ["/clients?is_active=true", "/time_entries?from=2026-11-01"]


def test_an_error_says_what_to_do(context: Any) -> None:
    with pytest.raises(Exception, match="QueryError: report_time_projects: the report needs from_date"):
        context.sql("SELECT count(*) FROM report_time_projects").to_pylist()
    with pytest.raises(Exception, match="say which by AND is_not_null"):
        context.sql("SELECT count(*) FROM time_entries WHERE notes NOT IN ('a', 'b', 'c', 'd')").to_pylist()


def test_the_example_prints_what_stands_below_it() -> None:
    check_example("datafusion")
