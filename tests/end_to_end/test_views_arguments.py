"""The arguments of the ready views: how they may be given, what they become, and which are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked

from harvest_duck.views import load

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

NOVEMBER = "/time_entries?from=2026-11-02&to=2026-11-20"
#: The columns that are no money and no hours, which are exact decimals.
SHARES = {
    *("share_spent", "win_rate", "margin", "utilization", "billable_utilization"),
    *("rate_realization", "billing_realization", "days_to_pay", "days_late", "days_to_accept"),
    *("wip_days", "debtor_days", "lock_up_days"),
}
#: Calls of `approvals` for the same days.
SAME = [
    "'2026-11-02', '2026-11-20'",
    "DATE '2026-11-02', DATE '2026-11-20'",
    "to_date := TIMESTAMP '2026-11-20 12:00', from_date := '2026-11-02'::VARCHAR",
    "DATE '2026-11-05' - 3, getvariable('last')",
]
#: Calls that are refused, and what they are told.
REFUSED = {
    "approvals('2026-02-30')": "approvals: from_date is 2026-02-30, which is no day: write 2026-01-31",
    "approvals('20260101')": "approvals: from_date is 20260101, which is no day: write 2026-01-31",
    "approvals('-infinity')": "approvals: from_date is -infinity, which is no day: write 2026-01-31",
    "approvals(to_date := 7.5)": "approvals: to_date is 7.5, which is no day: write 2026-01-31",
    "approvals('2026-11-20', '2026-11-02')": (
        "approvals: from_date is after to_date: exchange the two days, or give both"
    ),
    "approvals(week_starts := 'Friday')": ("approvals: week_starts is Friday: write Monday, Sunday or Saturday"),
    "budget_burn(weeks := 0)": "budget_burn: weeks is 0: write a number of weeks from 1 to 5000",
    "budget_burn(weeks := 2147483647)": "budget_burn: weeks is 2147483647: write a number of weeks from 1 to 5000",
    "budget_burn(weeks := 'few')": "budget_burn: weeks is few: write a number of weeks from 1 to 5000",
    "timesheet_gaps(at_least := 80)": "timesheet_gaps: at_least is 80: write a share from 0 to 1, such as 0.8",
    "utilization(holidays := [NULL])": (
        "utilization: holidays has an element that is NULL, or not one of the days: write [DATE '2026-12-24']"
    ),
    "utilization(holidays := ['2026-12-32'])": (
        "utilization: holidays has an element that is NULL, or not one of the days: write [DATE '2026-12-24']"
    ),
    "utilization(holidays := '2026-12-24')": "utilization: holidays is no list of days: write [DATE '2026-12-24']",
    "utilization(time_off := ['Sick', NULL])": (
        "utilization: time_off has an element that is NULL, or not one of the texts: write ['Vacation']"
    ),
}


def test_arguments_become_the_same_requests_however_they_are_given(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    con.execute("SET VARIABLE last = DATE '2026-11-20'")
    con.execute("PREPARE kept AS SELECT count(*) FROM harvest.approvals($1, to_date := $2)")
    calls = [f"SELECT count(*) FROM harvest.approvals({arguments})" for arguments in SAME]
    counts = [con.execute(call).fetchall() for call in [*calls, "EXECUTE kept('2026-11-02', DATE '2026-11-20')"]]
    counts.append(con.execute("SELECT count(*) FROM harvest.approvals(?, ?)", ["2026-11-02", "2026-11-20"]).fetchall())
    assert counts == counts[:1] * 6
    assert counts[0] != [(0,)]
    assert [each for each in asked(sandbox) if each != "/users/me"] == [NOVEMBER] * 6


@pytest.mark.parametrize("call", REFUSED)
def test_what_an_argument_cannot_be_is_told_in_one_line(
    call: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    with pytest.raises(duckdb.Error) as caught:
        con.execute(f"FROM harvest.{call}")
    assert str(caught.value).splitlines()[0].endswith(REFUSED[call])
    assert asked(sandbox) == []


def test_a_text_stays_a_text_whatever_is_in_it(con: duckdb.DuckDBPyConnection) -> None:
    odd = ["it's $from_date$", "$1 $to_date$ $$", "'; DROP VIEW harvest.clients; --", "\\ \u20ac \u200b"]
    call = "harvest._internal.list_argument('v', 'n', 'VARCHAR[]', given, given, 'texts')"
    ((constants,),) = con.execute(f"SELECT {call} FROM (SELECT $1 AS given)", [odd]).fetchall()
    assert "$" not in constants
    assert con.execute(f"SELECT {constants}").fetchall() == [(odd,)]
    days = "'2026-11-02', '2026-11-20'"
    assert con.execute(f"SELECT count(*) FROM harvest.utilization({days}, time_off := $1)", [odd]).fetchall() != [(0,)]
    ((nothing, unknown),) = con.execute(
        f"SELECT max({call}) FILTER (given IS NOT NULL), max({call}) FILTER (given IS NULL) "
        "FROM (VALUES ([]::VARCHAR[]), (NULL)) AS written(given)"
    ).fetchall()
    assert con.execute(f"SELECT {nothing}, {unknown}").fetchall() == [([], None)]


def test_a_view_may_stand_to_the_right_of_a_join_and_in_a_subquery(con: duckdb.DuckDBPyConnection) -> None:
    for name, view in load.views().items():
        days = "today() - 30" if view.arguments[0].type == "DATE" else ""
        con.execute(f"DESCRIBE SELECT * FROM range(1) LEFT JOIN harvest.{name}() ON true").fetchall()
        con.execute(f"DESCRIBE SELECT range IN (SELECT 1 FROM harvest.{name}({days})) FROM range(1)").fetchall()


def test_null_and_empty_lists_and_the_case_of_a_day_are_as_written(con: duckdb.DuckDBPyConnection) -> None:
    for arguments in ("NULL, NULL", "week_starts := 'sUNDAY', holidays := [], time_off := []", "holidays := NULL"):
        con.execute(f"DESCRIBE FROM harvest.utilization({arguments})").fetchall()
    for each in ("NULL::DATE[]", "[]::VARCHAR[]"):
        con.execute(f"DESCRIBE FROM harvest.utilization(holidays := {each})").fetchall()


def test_every_view_has_its_columns_in_the_order_of_its_file(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    for name, view in load.views().items():
        described = con.execute(f"DESCRIBE FROM harvest.{name}()").fetchall()
        if view.columns:
            assert [column[0] for column in described] == list(view.columns), name
        assert described[-1][:2] == ("account_id", "BIGINT"), name
        assert {column for column, kind, *_ in described if kind in ("FLOAT", "DOUBLE")} <= SHARES, name
    assert asked(sandbox) == []


def test_the_views_are_listed_and_described_in_the_catalog(con: duckdb.DuckDBPyConnection) -> None:
    questions = dict(con.execute("SELECT view_name, question FROM harvest_views()").fetchall())
    assert questions == {name: view.question for name, view in load.views().items()}
    described = con.execute(
        "SELECT function_name, comment FROM duckdb_functions() WHERE database_name = 'harvest' AND comment IS NOT NULL"
    )
    assert dict(described.fetchall()) == questions
    ((named,),) = con.execute(
        "SELECT arguments[1].name FROM harvest_views() WHERE view_name = 'utilization'"
    ).fetchall()
    assert named == "from_date"
