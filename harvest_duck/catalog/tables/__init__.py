"""The catalogue: the 49 tables of Harvest's API as data, one module per chapter of its documentation.

The planner, the decoder and the listings read it; the sandbox has a catalogue of its own. A user may lack the right to
read a table that is listed, see `Table.permission`.
"""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import (
    accounts,
    clients,
    company,
    estimates,
    expenses,
    invoices,
    projects,
    reports,
    roles,
    tasks,
    time_entries,
    time_off,
    time_off_allowances,
    users,
)
from harvest_duck.errors import UnknownTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.catalog.model import Table

__all__ = ["TABLES", "table"]

#: Every table by its name, the most used ones first.
TABLES: Mapping[str, Table] = MappingProxyType(
    {
        listed.name: listed
        for listed in (
            time_entries.TIME_ENTRIES,
            clients.CLIENTS,
            clients.CONTACTS,
            projects.PROJECTS,
            tasks.TASKS,
            projects.TASK_ASSIGNMENTS,
            projects.USER_ASSIGNMENTS,
            users.USERS,
            users.ME,
            roles.ROLES,
            users.BILLABLE_RATES,
            users.COST_RATES,
            users.PROJECT_ASSIGNMENTS,
            users.PROJECT_ASSIGNMENT_TASK_ASSIGNMENTS,
            users.MY_PROJECT_ASSIGNMENTS,
            users.TEAMMATES,
            expenses.EXPENSES,
            expenses.EXPENSE_CATEGORIES,
            invoices.INVOICES,
            invoices.INVOICE_LINE_ITEMS,
            invoices.INVOICE_PAYMENTS,
            invoices.INVOICE_MESSAGES,
            invoices.INVOICE_MESSAGE_TEMPLATES,
            invoices.INVOICE_ITEM_CATEGORIES,
            estimates.ESTIMATES,
            estimates.ESTIMATE_LINE_ITEMS,
            estimates.ESTIMATE_MESSAGES,
            estimates.ESTIMATE_ITEM_CATEGORIES,
            reports.REPORT_TIME_CLIENTS,
            reports.REPORT_TIME_PROJECTS,
            reports.REPORT_TIME_TASKS,
            reports.REPORT_TIME_TEAM,
            reports.REPORT_EXPENSES_CLIENTS,
            reports.REPORT_EXPENSES_PROJECTS,
            reports.REPORT_EXPENSES_CATEGORIES,
            reports.REPORT_EXPENSES_TEAM,
            reports.REPORT_UNINVOICED,
            reports.REPORT_PROJECT_BUDGET,
            time_off.PTO_TYPES,
            time_off.PTO_REQUESTS,
            time_off.PTO_REQUEST_DAYS,
            time_off.PTO_WORK_SCHEDULES,
            time_off.PTO_HOLIDAY_CALENDARS,
            time_off.PTO_HOLIDAY_CALENDAR_ENTRIES,
            time_off_allowances.PTO_ASSIGNMENTS,
            time_off_allowances.PTO_ALLOCATIONS,
            time_off_allowances.PTO_BALANCES,
            company.COMPANY,
            accounts.ACCOUNTS,
        )
    }
)


def table(name: str) -> Table:
    """Return the table of that name, in any case.

    Raises `UnknownTable`, which suggests the nearest names, if there is none.
    """
    found = TABLES.get(name.lower())
    if found is None:
        raise UnknownTable(f'no Harvest table "{" ".join(name.split())}"; {_advice(name.lower())}')
    return found


def _advice(name: str) -> str:
    near = get_close_matches(name, TABLES, n=3) or [known for known in TABLES if name in known][:3]
    listing = f"harvest_tables() lists all {len(TABLES)}"
    if not name.strip() or not near:
        return listing
    *others, last = (f'"{known}"' for known in near)
    return f"did you mean {' or '.join(filter(None, (', '.join(others), last)))}? {listing}"
