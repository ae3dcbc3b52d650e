"""Dask: the recipe reads the ranges of days that it names, and only the columns that are used."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from support.asked import asked
from support.clients import client, recipe

import harvest_duck

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

MONTHS = {
    "/time_entries?from=2026-09-01&to=2026-09-30",
    "/time_entries?from=2026-10-01&to=2026-10-31",
    "/time_entries?from=2026-11-01&to=2026-11-30",
}
HOURS = "SELECT client_name, sum(hours) FROM harvest.time_entries WHERE spent_date >= '2026-09-01' GROUP BY ALL"


@pytest.fixture
def names(connection: str) -> dict[str, Any]:
    """What the recipe defines."""
    client("dask.dataframe")
    return recipe("Dask", connection, blocks=1)


def test_a_group_takes_a_request_for_each_partition(names: dict[str, Any], connection: str, sandbox: Sandbox) -> None:
    requests = asked(sandbox)
    assert (len(requests), set(requests)) == (3, MONTHS)
    with harvest_duck.connect(connection) as con:
        assert names["hours"].to_dict() == dict(con.sql(HOURS).fetchall())


def test_columns_travel_and_what_is_kept_is_read_once(
    names: dict[str, Any], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = names["harvest_duck"].scan
    columns = []
    monkeypatch.setattr(
        harvest_duck, "scan", lambda *given, **named: columns.append(named["columns"]) or read(*given, **named)
    )
    sandbox.clear_log()
    kept = names["entries"][["spent_date", "hours"]].persist()
    assert columns == [["spent_date", "hours"]] * 3
    november = kept[kept["spent_date"] >= date(2026, 11, 1)]
    assert 0 < len(november) < len(kept)
    assert kept[["hours"]].sum().compute()["hours"] == sum(names["hours"], Decimal(0))
    assert len(asked(sandbox)) == 3


def test_one_value_of_a_decimal_or_a_day_is_an_error_of_dask(names: dict[str, Any]) -> None:
    """When this fails, Dask has mended it: say so in docs/recipes.md."""
    with pytest.raises(Exception, match="cannot be deterministically hashed"):
        names["entries"]["hours"].sum().compute()
    with pytest.raises(TypeError, match="meta of type"):
        names["entries"]["spent_date"].max().compute()


def test_what_dask_prints_of_a_frame_has_no_connection_string(
    names: dict[str, Any], connection: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names["entries"].pprint()
    shown = capsys.readouterr().out + repr(names["entries"])
    assert "from_map" in shown or "read" in shown
    assert connection not in shown
    assert "AccountId" not in shown
