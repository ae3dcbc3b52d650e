"""How a table is read, decided by what the copy holds of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from harvest_duck.mirror.limits import lagging_columns, unseen_case
from harvest_duck.mirror.model import CheckDeletes
from harvest_duck.mirror.periods import Period
from harvest_duck.mirror.table_plan import Depth, Held, Method, TablePlan, children_plan, list_options, plan_table
from harvest_duck.mirror.tables import MIRRORED

TODAY = date(2026, 11, 20)
MOMENT = datetime(2026, 11, 20, 8, tzinfo=UTC)
TABLES = {each.name: each for each in MIRRORED}
USUAL = Depth(CheckDeletes.RECENT, 2000)


def held(rows: int, *, watermark: datetime | None = MOMENT, recent: int = 0, outdated: bool = False) -> Held:
    days = {TODAY - timedelta(days=number): 0 for number in range(100)}
    for number in range(rows):
        days[TODAY - timedelta(days=number % 100)] += 1
    return Held(rows, watermark, recent, {day: count for day, count in days.items() if count}, outdated)


def planned(name: str, of: Held | None, depth: Depth = USUAL, verify: tuple[Period, ...] = ()) -> TablePlan:
    return plan_table(TABLES[name], of, depth, today=TODAY, verify=verify)


@pytest.mark.parametrize(
    ("name", "of", "method", "requests"),
    [
        ("company", None, Method.RECORD, 1),
        ("invoice_line_items", None, Method.EMBEDDED, 0),
        ("clients", None, Method.WHOLE, None),
        ("clients", held(0), Method.WHOLE, 1),
        ("task_assignments", held(9000), Method.WHOLE, 5),
        ("time_entries", None, Method.FIRST, None),
        ("time_entries", held(5000, watermark=None), Method.FIRST, None),
        ("time_entries", held(6000), Method.WHOLE, 3),
        # What changed, the running timers, the total and the scan that closes the proof.
        ("time_entries", held(6001), Method.CHANGES, 4),
        ("expenses", held(6001), Method.CHANGES, 3),
        ("time_entries", held(6001, recent=2001), Method.CHANGES, 6),
        ("time_entries", held(6001, outdated=True), Method.BY_DAYS, 8),
    ],
)
def test_the_rows_of_a_copy_decide_how_a_table_is_read(
    name: str, of: Held | None, method: Method, requests: int | None
) -> None:
    plan = planned(name, of)
    assert (plan.method, plan.requests) == (method, requests)
    assert (plan.most is None) == (requests is None)


def test_whole_and_other_rights_read_all_days_and_other_rights_leave_no_tombstones() -> None:
    for depth, reason in (
        (Depth(CheckDeletes.RECENT, 2000, whole=True), "everything is to be read"),
        (Depth(CheckDeletes.RECENT, 2000, other_rights=True), "the user has other rights than at the last sync"),
    ):
        plan = planned("time_entries", held(9000), depth)
        assert (plan.method, plan.reason) == (Method.BY_DAYS, reason)
        assert list_options(plan, depth).whole
        assert list_options(plan, depth).tombstones is not depth.other_rights
        assert planned("clients", held(9), depth).method is Method.WHOLE


def test_ranges_that_are_read_in_turn_are_requests_of_their_own() -> None:
    verify = (Period(None, date(2026, 8, 31)), Period(date(2026, 11, 1), None))
    plan = planned("time_entries", held(9000), verify=verify)
    assert (plan.requests, plan.verify) == ((planned("time_entries", held(9000)).requests or 0) + 2, verify)


def test_children_are_one_request_a_parent() -> None:
    plan = children_plan(TABLES["invoice_payments"], [7, 9], [3], of=12)
    assert (plan.requests, plan.parents) == (3, (7, 9, 3))
    assert plan.reason == "2 of 12 invoices are new or changed, 1 in turn"
    assert children_plan(TABLES["invoice_payments"], [], [3], of=12).reason == "in turn"
    assert children_plan(TABLES["invoice_payments"], [], [], of=12).requests == 0


def test_what_a_proof_cannot_see_is_said_for_the_tables_of_which_only_changes_are_read() -> None:
    entries, clients = TABLES["time_entries"].table, TABLES["clients"].table
    assert {"rounded_hours", "billable_rate", "is_locked", "task_assignment_hourly_rate"} <= set(
        lagging_columns(entries, Method.CHANGES, {"clients", "projects", "task_assignments"}.__contains__)
    )
    assert not {"id", "hours", "notes", "client_name", "task_assignment_budget"} & set(
        lagging_columns(entries, Method.CHANGES, {"clients", "projects", "task_assignments"}.__contains__)
    )
    assert "client_name" in lagging_columns(entries, Method.CHANGES, set().__contains__)
    assert lagging_columns(entries, Method.WHOLE, set().__contains__) == []
    assert lagging_columns(clients, Method.CHANGES, set().__contains__) == []
    assert unseen_case(Method.CHANGES, "a row that is gone") == "a row that is gone"
    assert "until the turn of that parent comes" in unseen_case(Method.CHILDREN)
    assert unseen_case(Method.WHOLE) == ""
