"""The ready views of budgets, held against loops over the records, Harvest's report and figures worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.agency_oracle import Records
from support.hand_made_books import Books
from support.money_oracle import budget_burn, budget_lines, monthly_budgets
from support.run_size import share
from support.view_rows import CASES, Row, binary_columns, cases, same, spans

from harvest_duck.sandbox import MAIN_ID, TODAY

if TYPE_CHECKING:
    from support.agencies import Agency, Views

    from harvest_duck.sandbox import Sandbox


@pytest.fixture
def books(changeable: Sandbox) -> Books:
    """An account without records but those that a test writes down."""
    return Books(changeable)


def burnt_down(agency: Agency, as_of: date, weeks: int) -> list[Row]:
    """The budgets of an account by loops."""
    return budget_burn(Records(agency), as_of, weeks)


def by_line(agency: Agency) -> list[Row]:
    """The budgets of tasks and people by loops."""
    return budget_lines(Records(agency))


def by_month(agency: Agency, first: date, last: date) -> list[Row]:
    """The monthly budgets by loops."""
    return monthly_budgets(Records(agency), first, last)


@pytest.mark.takes_a_share
@pytest.mark.parametrize("case", CASES)
def test_budgets_are_counted_as_loops_count_them(views: Views, agencies: dict[str, Agency], case: str) -> None:
    its, wanted = cases(views, agencies, case)
    today = agencies["main" if case == "both" else case].today
    for as_of, weeks in ((today, 4), (today.replace(day=1), 1), (today - timedelta(days=6), 3))[: share(10)]:
        same(its.rows("budget_burn(?, weeks := ?)", as_of, weeks), wanted(burnt_down, as_of, weeks))
    same(its.rows("budget_lines()"), wanted(by_line))
    for first, last in spans(today):
        same(its.rows("monthly_budgets(?, ?)", first, last), wanted(by_month, first, last))


@given(as_of=st.dates(date(2026, 1, 1), date(2026, 12, 31)), weeks=st.integers(1, 60))
@settings(max_examples=share(10))
def test_the_pace_of_any_weeks_to_any_day_is_what_loops_make_of_it(
    views: Views, agencies: dict[str, Agency], as_of: date, weeks: int
) -> None:
    agency = agencies["main"]
    wanted = budget_burn(Records(agency), as_of, weeks)
    same(views.of(agency).rows("budget_burn(?, weeks := ?)", as_of, weeks), wanted)


def test_what_was_spent_by_line_and_month_is_what_harvest_reports(views: Views, agencies: dict[str, Agency]) -> None:
    agency = agencies["main"]
    its, records = views.of(agency), Records(agency)
    reported = {
        row["project_id"]: Decimal(row["budget_spent"])
        for row in agency.sandbox.report(MAIN_ID, "report_project_budget", TODAY, TODAY)
    }
    lines = its.rows("budget_lines()")
    for project in {row["project_id"] for row in lines}:
        own = [row for row in lines if row["project_id"] == project]
        key, named = ("user" if own[0]["line"] == "person" else "task"), {row["line_id"] for row in own}
        # The sandbox also counts tasks and people without a budget.
        others = [
            each for each in records.entries if each.project_id == project and each.record[key]["id"] not in named
        ]
        rest = sum((each.rounded_hours for each in others), Decimal(0))
        if own[0]["unit"] != "hours":
            rest = sum((each.at(each.billable_rate) or Decimal(0) for each in others if each.billable), Decimal(0))
        assert sum(row["spent"] for row in own) + rest == reported[project]
    months = its.rows("monthly_budgets(?, ?)", TODAY, TODAY)
    assert months
    assert {row["project_id"]: row["spent"] for row in months}.items() <= reported.items()


def test_a_manager_gets_whole_the_projects_that_they_manage(views: Views, agencies: dict[str, Agency]) -> None:
    main = agencies["main"]
    records, first = Records(main), date(2026, 1, 1)
    (ben,) = (each["id"] for each in main.records("users") if each["first_name"] == "Ben")
    managed = {
        each["project"]["id"]
        for each in main.records("user_assignments")
        if each["user"]["id"] == ben and each["is_active"] and each["is_project_manager"]
    }
    its = views.of(main, role="manager")
    for call, rows in {
        f"budget_burn('{TODAY}')": budget_burn(records, TODAY),
        "budget_lines()": budget_lines(records),
        f"monthly_budgets('{first}', '{TODAY}')": monthly_budgets(records, first, TODAY),
    }.items():
        limited = [row | {"limited_to": "the projects that Ben Okafor manages"} for row in rows]
        same(its.rows(call), [row for row in limited if row["project_id"] in managed])
    assert 0 < len({row["project_id"] for row in its.rows(f"budget_burn('{TODAY}')")} & managed) < len(records.projects)


def test_budgets_in_money_are_left_out_where_rates_are_hidden(books: Books, views: Views, changeable: Sandbox) -> None:
    manager = changeable.account(MAIN_ID).token_users[1]
    ben = books.person("Ben Okafor", id=manager["id"], access_roles=["manager"])
    kinds = {"hours": {"budget_by": "project", "budget": Decimal(5)}}
    kinds["money"] = {"budget_by": "project_cost", "cost_budget": Decimal(500)}
    for name, budget in kinds.items():
        for owner in ("own", "other"):
            project = books.project(f"{owner} {name}", books.acme, budget_is_monthly=True, **budget)
            books.member(project, ben, None)["is_project_manager"] = owner == "own"
            books.entry(books.ada, project, "2026-11-02", "2")
    its = views.of(books.serve(), role="manager")
    for call in (f"budget_burn('{TODAY}')", f"monthly_budgets('{TODAY}', '{TODAY}')"):
        found = [(row["project_name"], row["spent"], row["limited_to"]) for row in its.rows(call)]
        assert found == [("own hours", 2, "the projects that Ben Okafor manages")]


def test_an_empty_account_has_no_rows_and_budgets_are_never_binary_fractions(books: Books, views: Views) -> None:
    its = views.of(books.serve())
    for call in ("budget_burn()", "budget_lines()", "monthly_budgets()"):
        assert binary_columns(its, call) == {"share_spent"}


def burnt(books: Books, views: Views, call: str, *columns: str) -> dict[str, Any]:
    """Some columns of each row, by the name of its project."""
    rows = views.of(books.serve()).rows(call)
    return {row["project_name"]: [row[column] for column in columns] for row in rows}


def test_the_outlook_of_a_budget_is_the_first_that_is_true(books: Books, views: Views) -> None:
    """Four weeks to Friday, 20 November 2026, with 20 hours: an hour on each working day."""
    budgets: dict[str, tuple[str, Row]] = {
        "spent": ("20", {}),
        "over and archived": ("19.99", {"is_active": False}),
        "archived": ("30", {"is_active": False}),
        "just enough": ("25", {"ends_on": "2026-11-27"}),
        "a day short": ("25", {"ends_on": "2026-11-30"}),
        "on its last day": ("20.01", {"ends_on": "2026-11-20"}),
        "past its last day": ("40", {"ends_on": "2026-11-19"}),
        "lasts four weeks": ("40", {}),
        "lasts longer": ("40.01", {}),
        "enough for November": ("26", {"budget_is_monthly": True}),
        "a day short in November": ("25", {"budget_is_monthly": True}),
    }
    for name, (budget, fields) in budgets.items():
        project = books.project(name, books.acme, budget_by="project", budget=Decimal(budget), **fields)
        day = "2026-11-02" if fields.get("budget_is_monthly") else "2026-10-24"
        books.entry(books.ada, project, day, "20")
    zero = books.project("nothing budgeted", books.acme, budget_by="project", budget=Decimal(0))
    books.entry(books.ada, zero, "2026-10-23", "1")
    books.project("nothing budgeted nor spent", books.acme, budget_by="project", budget=Decimal(0))
    books.project("without a budget", books.acme, budget_by="project", budget=None)
    found = burnt(books, views, "budget_burn('2026-11-20')", "outlook", "used_up_on", "projected", "spent_a_week")
    assert found == {
        "spent": ["over", None, None, 5],
        "over and archived": ["over", None, None, 5],
        "archived": ["closed", None, None, 5],
        "just enough": ["on track", date(2026, 11, 27), 25, 5],
        "a day short": ["will be over", date(2026, 11, 27), 26, 5],
        "on its last day": ["on track", date(2026, 11, 23), 20, 5],
        "past its last day": ["near its end", date(2026, 12, 18), None, 5],
        "lasts four weeks": ["near its end", date(2026, 12, 18), None, 5],
        "lasts longer": ["on track", date(2026, 12, 21), None, 5],
        "enough for November": ["on track", date(2026, 11, 30), 26, 5],
        "a day short in November": ["will be over", date(2026, 11, 27), 26, 5],
        "nothing budgeted": ["over", None, None, 0],
        "nothing budgeted nor spent": ["idle", None, None, 0],
    }


def test_from_a_weekend_on_and_in_the_last_days_of_a_month(books: Books, views: Views) -> None:
    monthly = {"budget_by": "project", "budget_is_monthly": True}
    books.entry(books.ada, books.project("Monthly", books.acme, budget=Decimal(22), **monthly), "2026-11-06", "20")
    weekly = books.project("Long", books.acme, budget_by="project", budget=Decimal(22))
    books.entry(books.ada, weekly, "2026-11-06", "20")
    columns = ("used_up_on", "projected", "outlook")
    # 29 November is a Sunday, and Monday the last day of the month.
    assert burnt(books, views, "budget_burn('2026-11-29')", *columns) == {
        "Monthly": [None, 21, "on track"],
        "Long": [date(2026, 12, 1), None, "near its end"],
    }
    assert burnt(books, views, "budget_burn('2026-11-30')", *columns)["Monthly"] == [None, 20, "on track"]
    assert burnt(books, views, "budget_burn('2026-12-01')", *columns)["Monthly"] == [
        date(2026, 12, 3),
        42,
        "will be over",
    ]


def test_a_rest_that_lasts_for_ever_has_no_day(books: Books, views: Views) -> None:
    for name, budget in (("decades", "1.01"), ("longer", "1.02"), ("for ever", "99999999999999")):
        project = books.project(name, books.acme, budget_by="project", budget=Decimal(budget))
        books.entry(books.ada, project, "2026-11-20", "0.01")
    found = burnt(books, views, "budget_burn('2026-11-20', weeks := 20)", "used_up_on", "outlook")
    last = date(2026, 11, 20) + timedelta(days=10_000 // 5 * 7)
    assert found == {"decades": [last, "on track"], "longer": [None, "on track"], "for ever": [None, "on track"]}


def test_a_blank_budget_of_a_line_is_not_one_of_nothing(books: Books, views: Views) -> None:
    tasks = books.project("By task", books.acme, budget_by="task")
    fees = books.project("By fee", books.acme, budget_by="task_fees", budget_is_monthly=True)
    people = books.project("By person", books.acme, budget_by="person")
    other = books.project("By project", books.acme, budget_by="project", budget=Decimal(9))
    for project in (tasks, fees, other):
        for identity, budget in ((11, None), (12, "0"), (13, "5")):
            books.task(project, identity, budget)
            for _ in range(2):
                books.entry(books.ada, project, "2026-11-02", "2")["task"] = {"id": identity, "name": ""}
    books.entry(books.ada, fees, "2020-10-31", "7")["task"] = {"id": 13, "name": ""}
    books.member(people, books.ada, "3")
    books.member(people, books.person("Charles Babbage"), None)
    books.entry(books.ada, people, "2026-11-02", "4.5", billable=False)
    rows = views.of(books.serve()).rows("budget_lines(to_date := '2026-11-30')")
    columns = ("project_name", "line", "line_name", "unit", "budget", "spent", "remaining", "share_spent")
    assert {tuple(row[column] for column in columns) for row in rows} == {
        ("By task", "task", "Task 12", "hours", 0, 4, -4, None),
        ("By task", "task", "Task 13", "hours", 5, 4, 1, 0.8),
        ("By fee", "task", "Task 12", "USD", 0, 400, -400, None),
        ("By fee", "task", "Task 13", "USD", 5, 400, -395, 80.0),
        ("By person", "person", "Ada Lovelace", "hours", 3, Decimal("4.5"), Decimal("-1.5"), 1.5),
    }


def test_a_monthly_budget_has_each_month_of_its_life_and_those_with_work(books: Books, views: Views) -> None:
    monthly = {"budget_by": "project", "budget_is_monthly": True, "budget": Decimal(10)}
    planned = books.project("planned", books.acme, starts_on="2026-02-20", ends_on="2026-04-01", **monthly)
    archived = books.project("archived", books.acme, is_active=False, **monthly)
    money = monthly | {"budget_by": "project_cost", "cost_budget": Decimal(1000), "cost_budget_include_expenses": True}
    paid = books.project("paid", books.acme, starts_on="2026-04-01", **money)
    by_task = books.project("by task", books.acme, starts_on="2026-04-01", **(monthly | {"budget_by": "task"}))
    books.entry(books.ada, planned, "2026-01-31", "1")
    books.entry(books.ada, planned, "2026-02-28", "12")
    books.entry(books.ada, archived, "2026-03-01", "4")
    books.entry(books.ada, paid, "2026-04-30", "3")
    books.entry(books.ada, paid, "2026-04-30", "3", billable=False)
    books.entry(books.ada, paid, "2026-04-30", "3", billable_rate=None)
    books.expense(books.ada, paid, "2026-04-01", "50", billable=False)
    books.entry(books.ada, by_task, "2026-04-10", "3")
    books.expense(books.ada, archived, "2026-02-01", "50")
    rows = views.of(books.serve()).rows("monthly_budgets('2026-01-31', '2026-04-01')")
    columns = ("unit", "budget", "spent", "remaining", "share_spent")
    assert {(row["project_name"], row["month"].month, *(row[column] for column in columns)) for row in rows} == {
        ("planned", 1, "hours", 10, 1, 9, 0.1),
        ("planned", 2, "hours", 10, 12, -2, 1.2),
        ("planned", 3, "hours", 10, 0, 10, 0.0),
        ("planned", 4, "hours", 10, 0, 10, 0.0),
        ("archived", 2, "hours", 10, 0, 10, 0.0),
        ("archived", 3, "hours", 10, 4, 6, 0.4),
        ("paid", 4, "USD", 1000, 350, 650, 0.35),
        ("by task", 4, "hours", 10, 3, None, None),
    }


def test_a_budget_in_one_of_two_currencies_has_no_unit(books: Books, views: Views) -> None:
    fields = {"budget_by": "project_cost", "cost_budget": Decimal(1), "budget_is_monthly": True}
    books.project("one", books.acme, currency="USD", **fields)
    books.project("two", books.acme, currency="EUR", **fields)
    for call in ("budget_burn('2026-11-20')", "monthly_budgets('2026-11-20', '2026-11-20')"):
        assert burnt(books, views, call, "unit") == {"one": ["USD"], "two": [None]}
