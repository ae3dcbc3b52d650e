"""Daft: the recipe's source sends the columns and the filters that Daft and Arrow understand alike, and no other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from support.asked import asked
from support.clients import client, recipe

import harvest_duck

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

DAY = date(2026, 11, 1)
WHOLE = {"/time_entries", "/time_entries?page=2"}


@pytest.fixture(scope="module")
def daft() -> Any:
    return client("daft")


@pytest.fixture
def names(daft: Any, connection: str) -> dict[str, Any]:
    """What the recipe defines."""
    return recipe("Daft", connection, blocks=2)


@pytest.fixture(scope="module")
def in_memory(daft: Any, agency: Sandbox) -> Any:
    """The same rows as a frame of Daft's own, to which it applies every filter by itself."""
    connection = f"{agency.connection_string()};RateLimit=off;ReportsRateLimit=off"
    return daft.from_arrow(harvest_duck.scan("time_entries", connection).read_all())


def test_the_recipe_sends_its_filter_and_finds_the_hours_of_the_month(names: dict[str, Any], sandbox: Sandbox) -> None:
    assert asked(sandbox) == ["/time_entries?from=2026-11-01"]
    with harvest_duck.connect(sandbox.connection_string()) as con:
        rows = con.execute(
            "SELECT client_name, sum(hours) FROM harvest.time_entries WHERE spent_date >= ? GROUP BY ALL", [DAY]
        ).fetchall()
    assert dict(zip(*names["hours"].values(), strict=True)) == dict(rows)


def test_every_filter_finds_what_daft_finds_by_itself(
    daft: Any, names: dict[str, Any], in_memory: Any, connection: str, sandbox: Sandbox
) -> None:
    user, entry = in_memory.select("user_id", "hours").limit(1).to_pydict().values()
    col = daft.col
    cases = [
        (col("spent_date") >= DAY, {"/time_entries?from=2026-11-01"}),
        ((col("spent_date") >= DAY) & ~col("is_billed"), {"/time_entries?is_billed=false&from=2026-11-01"}),
        (~col("is_billed"), {"/time_entries?is_billed=false"}),
        ((col("spent_date") >= DAY) & (col("notes").is_null()), {"/time_entries?from=2026-11-01"}),
        (col("hours") >= 2, WHOLE),
        (col("hours") == float(entry[0]), WHOLE),
        (col("hours") <= 3.32, WHOLE),
        ((col("spent_date") >= DAY) & (col("hours") > 3.32), {"/time_entries?from=2026-11-01"}),
        ((col("spent_date") >= DAY) & (col("hours") * 2 > 3), WHOLE),
        (~col("user_id").is_in([user[0], None]), WHOLE),
        (col("user_id") != user[0], WHOLE),
        (col("client_name").contains("a") | (col("spent_date") >= DAY), WHOLE),
        (col("notes").fill_null("none") == "none", WHOLE),
        (col("updated_at").cast(daft.DataType.date()) >= DAY, WHOLE),
        (col("created_at") < datetime(2026, 11, 2, 9, tzinfo=UTC), WHOLE),
        ((col("spent_date") >= DAY) | (col("user_id") == user[0]), WHOLE),
    ]
    entries = names["Harvest"]("time_entries", connection).read()
    for condition, requests in cases:
        sandbox.clear_log()
        found = entries.where(condition).select("id").sort("id").to_pydict()
        assert found == in_memory.where(condition).select("id").sort("id").to_pydict(), condition
        assert set(asked(sandbox)) == requests, condition


def test_a_frame_is_read_again_for_each_use_and_keeps_the_types(
    daft: Any, names: dict[str, Any], connection: str, in_memory: Any
) -> None:
    entries = names["Harvest"]("time_entries", connection).read()
    count = in_memory.count_rows()
    assert entries.where(daft.col("id") >= 0).concat(entries).count_rows() == 2 * count
    assert entries.count_rows() == count
    assert len(entries.select("id").limit(3).to_pydict()["id"]) == 3
    invoices = names["Harvest"]("invoices", connection).read().to_arrow()
    wanted = harvest_duck.scan("invoices", connection).read_all()
    assert invoices.sort_by("id").to_pylist() == wanted.sort_by("id").to_pylist()


def test_a_report_takes_its_days_from_the_filter(
    daft: Any, names: dict[str, Any], connection: str, sandbox: Sandbox
) -> None:
    sandbox.clear_log()
    report = names["Harvest"]("report_time_clients", connection).read()
    october = (daft.col("from_date") == date(2026, 10, 1)) & (daft.col("to_date") == date(2026, 10, 31))
    assert report.where(october).select("client_name", "total_hours").to_pydict()["client_name"]
    assert asked(sandbox) == ["/reports/time/clients?from=20261001&to=20261031"]
    with pytest.raises(Exception, match="QueryError: report_time_clients: the report needs from_date as a constant"):
        report.to_pydict()


def test_what_daft_prints_of_a_frame_has_no_connection_string(
    names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    names["november"].explain(show_all=True)
    shown = capsys.readouterr().out
    assert "DataSource: harvest" in shown
    assert "AccountId" not in shown


def test_an_error_of_harvest_reaches_the_user_as_one_line(names: dict[str, Any], connection: str) -> None:
    entries = names["Harvest"]("clients", connection.replace("APIKey=", "APIKey=x")).read()
    with pytest.raises(Exception, match=r"Unauthorized: clients page 1: Harvest answered 401: [^\n]*check APIKey"):
        entries.to_pydict()
