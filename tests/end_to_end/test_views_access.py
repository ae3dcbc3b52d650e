"""Whose eyes a ready view has: what a manager and a member get, and what that costs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked
from support.clocks import Clock

import harvest_duck
from harvest_duck.errors import QueryError
from harvest_duck.report_page.visibility import Visibility
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.scanner.client_pool import pool
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

PERIOD = "'2026-11-01', '2026-11-20'"


@pytest.fixture(scope="module")
def others(attached: duckdb.DuckDBPyConnection, agency: Sandbox) -> Iterator[None]:
    """The same account once more, as its manager and one of its members see it."""
    for role in ("manager", "member"):
        connection = f"{agency.connection_string(role=role)};RateLimit=off;ReportsRateLimit=off"
        harvest_duck.attach(attached, connection, name=role)
    yield
    for role in ("manager", "member"):
        attached.execute(f"DETACH {role}")


@pytest.fixture
def roles(others: None, con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor with these accounts, of which nothing is known yet, nor afterwards."""
    harvest_duck.clear_cache()
    yield con
    harvest_duck.clear_cache()


def test_who_asks_is_asked_once_and_forgotten_by_clear_cache(
    roles: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    query = "FROM manager._internal.visible('utilization', 'people')"
    first = roles.execute(query).fetchall()
    me = first[0][1]
    assert asked(sandbox) == ["/users/me", f"/users/{me}/teammates"]
    assert roles.execute(query).fetchall() == first
    assert roles.execute("SELECT people FROM manager._internal.visible('x', 'rows')").fetchall() == [([me],)]
    assert len(asked(sandbox)) == 2
    harvest_duck.clear_cache()
    roles.execute(query).fetchall()
    assert len(asked(sandbox)) == 4


def test_it_is_kept_for_ten_minutes(
    roles: duckdb.DuckDBPyConnection, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(pool(), "clock", clock)
    for moment, requests in ((0.0, 1), (599.0, 1), (600.0, 2)):
        clock.moment = moment
        roles.execute("FROM harvest._internal.visible('x', 'account')").fetchall()
        assert len(asked(sandbox)) == requests


def test_teammates_that_harvest_tells_are_seen_whole(roles: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    ((me,),) = roles.execute("SELECT user_id FROM manager._internal.visible('x', 'rows')").fetchall()
    mates = [{"id": id_, "first_name": "A", "last_name": "B", "email": ""} for id_ in (5, 6)]
    body = {"teammates": mates, "per_page": 2000, "total_pages": 1, "total_entries": 2, "page": 1}
    sandbox.respond_next(
        f"/v2/users/{me}/teammates", status=200, body={**body, "next_page": None, "previous_page": None, "links": {}}
    )
    found = roles.execute("SELECT people, limited_to FROM manager._internal.visible('x', 'people')").fetchall()
    assert found == [([me, 5, 6], "Ben Okafor and 2 teammates")]


def test_teammates_are_left_out_where_their_days_off_would_have_to_be_seen(
    roles: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    ((me,),) = roles.execute("SELECT user_id FROM manager._internal.visible('x', 'rows')").fetchall()
    mates = [each for each in sandbox.records(MAIN_ID, "teammates") if each["user_id"] == me]
    body = {"teammates": mates, "total_pages": 1, "total_entries": len(mates)}
    sandbox.respond_next(f"/v2/users/{me}/teammates", status=200, body=body)
    people = f"SELECT count(DISTINCT user_id), any_value(limited_to) FROM manager.utilization({PERIOD}{{}})"
    both = f"Ben Okafor and {len(mates)} teammates"
    assert roles.execute(people.format("")).fetchall() == [(1, "Ben Okafor")]
    assert roles.execute(people.format(", holidays := []")).fetchall() == [(1, "Ben Okafor")]
    assert roles.execute(people.format(", holidays := [], time_off := []")).fetchall() == [(1 + len(mates), both)]
    gaps = f"manager.timesheet_gaps({PERIOD}, at_least := 1, as_of := '2026-12-01')"
    assert roles.execute(f"SELECT DISTINCT user_id, limited_to FROM {gaps}").fetchall() == [(me, "Ben Okafor")]
    of_report = Visibility.of(lambda sql: roles.sql(sql).to_arrow_table(), "manager")
    assert of_report.limited_to("utilization") == of_report.limited_to("gaps") == "Ben Okafor"
    assert [row["people"] for row in of_report.rows.to_pylist() if row["asked"] == "people"] == [[me]]


def test_two_threads_ask_once(roles: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    gate, found = threading.Barrier(4), []

    def ask(cursor: duckdb.DuckDBPyConnection) -> None:
        gate.wait()
        found.extend(cursor.execute("SELECT user_name FROM harvest._internal.visible('x', 'rows')").fetchall())

    threads = [threading.Thread(target=ask, args=(roles.cursor(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [("Ada Moreau",)] * 4
    assert asked(sandbox) == ["/users/me"]


def test_a_view_of_the_account_is_refused_to_others_also_where_it_has_no_rows(
    roles: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    view = "manager.receivables(as_of := DATE '2026-11-20')"
    for rest in ("", " WHERE client_id = -1", " LIMIT 1"):
        harvest_duck.clear_cache()
        with pytest.raises(duckdb.Error, match=r"receivables: Harvest shows what the whole account holds to admin"):
            roles.execute(f"FROM {view}{rest}").fetchall()
        assert isinstance(harvest_duck.last_error(roles), QueryError)
    assert asked(sandbox).count("/users/me") == 3
    # Harvest refuses them the invoices, which DuckDB may read at the same time.
    with pytest.raises(duckdb.Error, match=r"Harvest shows|Not authorized"):
        roles.execute("FROM member.receivables()").fetchall()


def test_a_member_gets_the_work_that_they_may_read_without_what_projects_tell(
    roles: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    year = "('2026-01-01', '2026-12-31')"
    rows = roles.execute(f"SELECT time_entry_id, project_type, limited_to IS NULL FROM member.work{year}").fetchall()
    assert not [each for each in asked(sandbox) if each.startswith("/projects")]
    own = roles.execute("SELECT id FROM member.time_entries WHERE spent_date >= '2026-01-01'").fetchall()
    assert sorted(rows) == sorted((*each, None, False) for each in own) != []
    ((amounts,),) = roles.execute(f"SELECT count(billable_amount) FROM member.work{year} WHERE billable").fetchall()
    assert amounts == 0


def test_what_a_view_is_asked_for_still_becomes_requests(roles: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    roles.execute(f"SELECT hours FROM harvest.work({PERIOD}) WHERE user_id = 5").fetchall()
    assert "/time_entries?user_id=5&from=2026-11-01&to=2026-11-20" in asked(sandbox)


def test_description_sends_nothing_and_an_explanation_shows_who_is_asked_first(
    roles: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    for name in load.views():
        roles.execute(f"DESCRIBE FROM harvest.{name}()").fetchall()
    steps = roles.execute(f"FROM harvest_explain($$ FROM harvest.work({PERIOD}) $$, probe := false)").fetchall()
    assert asked(sandbox) == []
    assert any("/users/me" in str(step) for step in steps)


def test_days_off_are_those_of_approved_requests_and_of_the_calendar_of_each_user(
    roles: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    counts = "SELECT kind, count(*) FROM harvest._internal.days_off({}, {}, {}) GROUP BY ALL"
    days = "'2026-01-01', '2026-12-31'"
    assert roles.execute(counts.format(days, "false", "NULL")).fetchall() == []
    assert asked(sandbox) == []
    both = dict(roles.execute(counts.format(days, "true", "true")).fetchall())
    assert asked(sandbox) == ["/pto/requests?status=approved", "/pto/assignments", "/pto/holiday_calendars"]
    calendars = {each["id"]: each for each in sandbox.records(1000001, "pto_holiday_calendars")}
    taken = [(each["holiday_calendar"] or {}).get("id") for each in sandbox.records(1000001, "pto_assignments")]
    dates = [
        {entry["date"] for entry in calendars[id_]["entries"] if entry["date"][:4] == "2026"} for id_ in taken if id_
    ]
    requests = [each for each in sandbox.records(1000001, "pto_requests") if each["status"] == "approved"]
    off = [day for each in requests for day in each["request_days"] if day["date"][:4] == "2026"]
    assert both == {"holiday": sum(map(len, dates)), "time_off": len(off)}
    assert dict(roles.execute(counts.format(days, "false", "true")).fetchall()) == {"time_off": len(off)}


def test_an_account_without_paid_time_off_has_no_days_off_and_is_not_asked_again(
    roles: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    query = "FROM harvest._internal.days_off('2026-01-01', '2026-12-31', true, true)"
    sandbox.respond_next("/v2/pto/requests", status=403)
    sandbox.respond_next("/v2/pto/assignments", status=404)
    for _ in range(2):
        assert roles.execute(query).fetchall() == []
        assert asked(sandbox) == ["/pto/requests?status=approved", "/pto/assignments"]
