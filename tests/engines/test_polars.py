"""Polars over datasets of Harvest: the requests that it narrows, and rows that are those of `harvest_scan`."""

from __future__ import annotations

import pickle
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
from harvest_duck.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from harvest_duck.catalog.model import Table
    from harvest_duck.sandbox import Sandbox

pl = client("polars")


def lazy(table: str, connection: str) -> Any:
    return pl.scan_pyarrow_dataset(harvest_duck.dataset(table, connection))


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_is_that_of_harvest_scan(
    table: Table, connection: str, sandbox: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    rows = rows_of(table, con)
    query = narrowed(table, rows)
    sandbox.clear_log()
    wanted = con.sql(
        f"SELECT {', '.join(query.columns)} FROM harvest_scan('{table.name}') WHERE {query.condition}"
    ).to_arrow_table()
    requests = asked(sandbox, per_page=True)
    conditions = [pl.col(name) == pl.lit(value) for name, value in query.values.items()]
    for engine in ("in-memory", "streaming"):
        sandbox.clear_log()
        found = lazy(table.name, connection).filter(*conditions).select(query.columns).collect(engine=engine)
        assert asked(sandbox, per_page=True) == requests
        assert found.to_arrow().cast(plain(wanted.schema)).equals(wanted.cast(plain(wanted.schema)))
    whole = lazy(table.name, connection)
    if table.max_span_days is not None:
        whole = whole.filter(*conditions)
    assert whole.collect().to_arrow().cast(plain(rows.schema)).equals(rows.cast(plain(rows.schema)))


@pytest.mark.takes_a_share
@pytest.mark.parametrize("name", COMPARED_TABLES)
def test_any_filter_finds_what_it_finds_in_sql(name: str, connection: str, con: duckdb.DuckDBPyConnection) -> None:
    values = drawn_from(name, con)

    @settings(max_examples=share(100), deadline=None, suppress_health_check=list(HealthCheck))
    @given(condition=conditions(values), streaming=st.booleans())
    def holds(condition: Condition, streaming: bool) -> None:
        wanted = con.execute(f"SELECT id FROM plain WHERE {condition.sql}").fetchall()
        with rejecting_what_means_two_things(condition.sql):
            found = lazy(name, connection).filter(condition.polars(pl)).select("id")
            rows = found.collect(engine="streaming" if streaming else "in-memory").rows()
            assert sorted(rows) == sorted(wanted)

    holds()


CONDITIONS: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "spent_date >= '2026-11-01'": (
        lambda: pl.col("spent_date") >= date(2026, 11, 1),
        ["/time_entries?from=2026-11-01"],
    ),
    "spent_date IN ('2026-11-03', '2026-11-04')": (
        lambda: pl.col("spent_date").is_in([date(2026, 11, 3), date(2026, 11, 4)]),
        ["/time_entries?from=2026-11-03&to=2026-11-04"],
    ),
    "updated_at >= '2026-11-01T01:00:00+01:00'": (
        lambda: pl.col("updated_at") >= datetime(2026, 11, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        ["/time_entries?updated_since=2026-10-31T23:59:59Z"],
    ),
    "is_billed AND hours >= 7.33333": (
        lambda: pl.col("is_billed") & (pl.col("hours") >= Decimal("7.33333")),
        ["/time_entries?is_billed=true"],
    ),
    "NOT is_billed AND hours = 7.32": (
        lambda: ~pl.col("is_billed") & (pl.col("hours") == 7.32),
        ["/time_entries?is_billed=false"],
    ),
    "is_billed AND started_time >= '09:00:00'": (
        lambda: pl.col("is_billed") & (pl.col("started_time") >= time(9)),
        ["/time_entries?is_billed=true"],
    ),
    "is_billed AND invoice_id IS NULL": (
        lambda: pl.col("is_billed") & pl.col("invoice_id").is_null(),
        ["/time_entries?is_billed=true"],
    ),
    "is_billed AND notes LIKE 'C%'": (
        lambda: pl.col("is_billed") & pl.col("notes").str.starts_with("C"),
        ["/time_entries?is_billed=true"],
    ),
    "CAST(id AS VARCHAR) = '1'": (
        lambda: pl.col("id").cast(pl.String) == "1",
        ["/time_entries", "/time_entries?page=2"],
    ),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_narrows_the_requests_and_what_polars_applies(
    condition: str, connection: str, sandbox: Sandbox, shared: duckdb.DuckDBPyConnection
) -> None:
    written, requests = CONDITIONS[condition]
    query = f"SELECT count(*), sum(hours) FROM harvest_scan('time_entries') WHERE {condition}"
    wanted = [(number, total or Decimal(0)) for number, total in shared.execute(query).fetchall()]
    sandbox.clear_log()
    found = lazy("time_entries", connection).filter(written()).select(pl.len(), pl.col("hours").sum())
    assert found.collect().rows() == wanted
    assert [unquote(text) for text in asked(sandbox)] == requests


def test_the_first_rows_leave_the_rest_of_a_table(connection: str, sandbox: Sandbox) -> None:
    """Polars asks for one batch more than it needs, before which a few pages are read ahead."""
    assert lazy("time_entries", f"{connection};PageSize=100").select("id").head(5).collect().height == 5
    assert len(asked(sandbox)) < 6


def test_polars_reads_it_at_once_and_from_a_pickle(connection: str, sandbox: Sandbox) -> None:
    clients = harvest_duck.dataset("clients", connection)
    whole = pl.from_arrow(clients.to_table())
    assert pl.DataFrame(clients).equals(whole)
    again = pickle.loads(pickle.dumps(lazy("clients", connection)))  # noqa: S301 - its own
    assert again.collect().equals(whole)


def test_an_error_says_what_to_do(connection: str) -> None:
    with pytest.raises(QueryError, match="report_time_projects: the report needs from_date"):
        lazy("report_time_projects", connection).collect()
    with pytest.raises(QueryError, match="say which by AND is_not_null"):
        lazy("time_entries", connection).filter(~pl.col("notes").is_in(["a"])).collect()


def test_the_types_are_those_of_the_page(connection: str) -> None:
    schema = lazy("time_entries", connection).collect_schema()
    kinds = {name: str(schema[name]) for name in ("id", "spent_date", "hours", "started_time", "updated_at")}
    assert kinds == {
        "id": "Int64",
        "spent_date": "Date",
        "hours": "Decimal(precision=18, scale=4)",
        "started_time": "Time",
        "updated_at": "Datetime(time_unit='us', time_zone='UTC')",
    }


def test_the_example_prints_what_stands_below_it() -> None:
    check_example("polars")
