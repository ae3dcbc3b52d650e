"""The report endpoints: what they require, what they refuse, and pages of what `reports` computes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.budget_report import project_budgets
from harvest_duck.sandbox.api.filters import UNPROCESSABLE, parse_boolean, parse_date, single
from harvest_duck.sandbox.api.paging import asked_page, cut
from harvest_duck.sandbox.api.permissions import INVOICE_PERMISSIONS, Viewer, permitted
from harvest_duck.sandbox.api.report_rows import Ledger, Span
from harvest_duck.sandbox.api.report_subjects import EXPENSE_SUBJECTS, TIME_SUBJECTS
from harvest_duck.sandbox.api.routing import Answer, Routes, Visit, require
from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from harvest_duck.sandbox.wire import Record

# Observed: 20200102 to 20210101 is accepted, 20200101 to 20210101 refused.
LONGEST_DIFFERENCE_DAYS = 365


def add_reports(routes: Routes) -> None:
    """Teach `routes` every report."""
    for subject in TIME_SUBJECTS:
        routes.add(f"/reports/time/{subject}", partial(_dated, f"report_time_{subject}"))
    for subject in EXPENSE_SUBJECTS:
        routes.add(f"/reports/expenses/{subject}", partial(_dated, f"report_expenses_{subject}"))
    routes.add("/reports/uninvoiced", partial(_dated, "report_uninvoiced"))
    routes.add("/reports/project_budget", _project_budget)


def report(viewer: Viewer, name: str, start: date, end: date, *, include_fixed_fee: bool | None = None) -> list[Record]:
    """The rows of the report `name` such as `report_time_team`, from `start` to `end`, both included.

    `include_fixed_fee` is false for time reports unless told otherwise, and true for the uninvoiced report; the budget
    report knows no days. LookupError for an unknown name.
    """
    ledger, span = Ledger(viewer), Span(start, end)
    match name.split("_"):
        case ["report", "time", subject] if subject in TIME_SUBJECTS:
            return ledger.time(subject, span, include_fixed_fee=bool(include_fixed_fee))
        case ["report", "expenses", subject] if subject in EXPENSE_SUBJECTS:
            return ledger.expenses(subject, span)
        case ["report", "uninvoiced"]:
            return ledger.uninvoiced(span, include_fixed_fee=include_fixed_fee is not False)
        case ["report", "project", "budget"]:
            return project_budgets(viewer)
        case _:
            raise LookupError(f"no report {name!r} in the sandbox")


def _dated(name: str, visit: Visit) -> Answer:
    """A page of a report with days."""
    if name == "report_uninvoiced":
        require(permitted(*INVOICE_PERMISSIONS), visit.viewer)
    span = _span(visit)
    carried = [("from", _required(visit, "from")), ("to", _required(visit, "to"))]
    included = None
    text = None if name.startswith("report_expenses") else single(visit.query, "include_fixed_fee")
    if text is not None:
        included = parse_boolean("include_fixed_fee", text)
        carried.append(("include_fixed_fee", text))
    rows = partial(report, visit.viewer, name, span.start, span.end, include_fixed_fee=included)
    return _page(visit, (name, span, included), rows, tuple(carried))


def _project_budget(visit: Visit) -> Answer:
    """A page of the budget report, which has no days."""
    text = single(visit.query, "is_active")
    active = None if text is None else parse_boolean("is_active", text)

    def rows() -> list[Record]:
        return [row for row in project_budgets(visit.viewer) if active is None or row["is_active"] == active]

    return _page(visit, ("report_project_budget", active), rows, () if text is None else (("is_active", text),))


def _page(
    visit: Visit, key: tuple[object, ...], rows: Callable[[], list[Record]], carried: tuple[tuple[str, str], ...]
) -> Answer:
    """A page of `rows`, which are computed once for each viewer and `key`."""
    asked = asked_page(visit.query, by_cursor=False)
    selection = visit.account.select((visit.viewer.identity, *key), rows)
    page = cut(selection, asked, visit.url + visit.path, carried, by_cursor=False)
    return {"results": page.records, **page.envelope}


def _required(visit: Visit, name: str) -> str:
    """The value of a parameter that has to be there."""
    text = single(visit.query, name)
    if text is None:
        raise Refusal(UNPROCESSABLE, f"{name} is required")
    return text


def _span(visit: Visit) -> Span:
    """The days asked for; refuses what is missing, reversed, or longer than a year."""
    start, end = (parse_date(name, _required(visit, name)) for name in ("from", "to"))
    if end < start:
        raise Refusal(UNPROCESSABLE, "to must not be before from")
    if (end - start).days > LONGEST_DIFFERENCE_DAYS:
        raise Refusal(400, "Invalid timeframe: must not exceed 1 year")
    return Span(start, end)
