"""The report endpoints: their parameters, and pages of the rows that `report_rows` computes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.budget_report import project_budgets
from harvest_duck.sandbox.api.filters import UNPROCESSABLE, parse_boolean, parse_date, single_value
from harvest_duck.sandbox.api.paging import page_of, page_request
from harvest_duck.sandbox.api.permissions import INVOICE_PERMISSIONS, Viewer, permitted
from harvest_duck.sandbox.api.report_rows import DayRange, Reports
from harvest_duck.sandbox.api.report_subjects import EXPENSE_SUBJECTS, TIME_SUBJECTS
from harvest_duck.sandbox.api.routing import Answer, RequestContext, Routes, require
from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from harvest_duck.sandbox.wire import Record

# Observed: 20200102 to 20210101 is accepted, 20200101 to 20210101 refused.
LONGEST_DIFFERENCE_DAYS = 365


def add_reports(routes: Routes) -> None:
    """Add the routes of every report."""
    for subject in TIME_SUBJECTS:
        routes.add(f"/reports/time/{subject}", partial(_dated, f"report_time_{subject}"))
    for subject in EXPENSE_SUBJECTS:
        routes.add(f"/reports/expenses/{subject}", partial(_dated, f"report_expenses_{subject}"))
    routes.add("/reports/uninvoiced", partial(_dated, "report_uninvoiced"))
    routes.add("/reports/project_budget", _project_budget)


def report(viewer: Viewer, name: str, start: date, end: date, *, include_fixed_fee: bool | None = None) -> list[Record]:
    """Return the rows of the report `name` such as `report_time_team`, from `start` to `end`, both included.

    `include_fixed_fee` is false for time reports by default, and true for the uninvoiced report; the budget report has
    no days. LookupError for an unknown name.
    """
    reports, days = Reports(viewer), DayRange(start, end)
    match name.split("_"):
        case ["report", "time", subject] if subject in TIME_SUBJECTS:
            return reports.time(subject, days, include_fixed_fee=bool(include_fixed_fee))
        case ["report", "expenses", subject] if subject in EXPENSE_SUBJECTS:
            return reports.expenses(subject, days)
        case ["report", "uninvoiced"]:
            return reports.uninvoiced(days, include_fixed_fee=include_fixed_fee is not False)
        case ["report", "project", "budget"]:
            return project_budgets(viewer)
        case _:
            raise LookupError(f"no report {name!r} in the sandbox")


def _dated(name: str, context: RequestContext) -> Answer:
    """Return a page of a report with days."""
    if name == "report_uninvoiced":
        require(permitted(*INVOICE_PERMISSIONS), context.viewer)
    days = _day_range(context)
    link_params = [("from", _required(context, "from")), ("to", _required(context, "to"))]
    included = None
    text = None if name.startswith("report_expenses") else single_value(context.query, "include_fixed_fee")
    if text is not None:
        included = parse_boolean("include_fixed_fee", text)
        link_params.append(("include_fixed_fee", text))
    rows = partial(report, context.viewer, name, days.start, days.end, include_fixed_fee=included)
    return _page(context, (name, days, included), rows, tuple(link_params))


def _project_budget(context: RequestContext) -> Answer:
    """Return a page of the budget report, which has no days."""
    text = single_value(context.query, "is_active")
    active = None if text is None else parse_boolean("is_active", text)

    def rows() -> list[Record]:
        return [row for row in project_budgets(context.viewer) if active is None or row["is_active"] == active]

    return _page(context, ("report_project_budget", active), rows, () if text is None else (("is_active", text),))


def _page(
    context: RequestContext,
    key: tuple[object, ...],
    rows: Callable[[], list[Record]],
    link_params: tuple[tuple[str, str], ...],
) -> Answer:
    """Return a page of `rows`, which are computed once for each viewer and `key`."""
    requested = page_request(context.query, by_cursor=False)
    selection = context.account.select((context.viewer.user_id, *key), rows)
    page = page_of(selection, requested, context.url + context.path, link_params, by_cursor=False)
    return {"results": page.records, **page.envelope}


def _required(context: RequestContext, name: str) -> str:
    """Return the value of a required parameter."""
    text = single_value(context.query, name)
    if text is None:
        raise Refusal(UNPROCESSABLE, f"{name} is required")
    return text


def _day_range(context: RequestContext) -> DayRange:
    """Return the requested days; refuse missing or reversed ones, and more than a year."""
    start, end = (parse_date(name, _required(context, name)) for name in ("from", "to"))
    if end < start:
        raise Refusal(UNPROCESSABLE, "to must not be before from")
    if (end - start).days > LONGEST_DIFFERENCE_DAYS:
        raise Refusal(400, "Invalid timeframe: must not exceed 1 year")
    return DayRange(start, end)
