"""The catalogue: the 40 tables of Harvest's API as data, one module per chapter of its documentation.

Read by the planner, the decoder and the documentation; the sandbox has its own. It asks Harvest nothing: that a table
is listed does not mean that the user may read it, see `Table.permission`.
"""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables.accounts import ACCOUNTS
from harvest_duck.catalog.tables.clients import CLIENTS, CONTACTS
from harvest_duck.catalog.tables.company import COMPANY
from harvest_duck.catalog.tables.estimates import (
    ESTIMATE_ITEM_CATEGORIES,
    ESTIMATE_LINE_ITEMS,
    ESTIMATE_MESSAGES,
    ESTIMATES,
)
from harvest_duck.catalog.tables.expenses import EXPENSE_CATEGORIES, EXPENSES
from harvest_duck.catalog.tables.invoices import (
    INVOICE_ITEM_CATEGORIES,
    INVOICE_LINE_ITEMS,
    INVOICE_MESSAGE_TEMPLATES,
    INVOICE_MESSAGES,
    INVOICE_PAYMENTS,
    INVOICES,
)
from harvest_duck.catalog.tables.projects import PROJECTS, TASK_ASSIGNMENTS, USER_ASSIGNMENTS
from harvest_duck.catalog.tables.reports import (
    REPORT_EXPENSES_CATEGORIES,
    REPORT_EXPENSES_CLIENTS,
    REPORT_EXPENSES_PROJECTS,
    REPORT_EXPENSES_TEAM,
    REPORT_PROJECT_BUDGET,
    REPORT_TIME_CLIENTS,
    REPORT_TIME_PROJECTS,
    REPORT_TIME_TASKS,
    REPORT_TIME_TEAM,
    REPORT_UNINVOICED,
)
from harvest_duck.catalog.tables.roles import ROLES
from harvest_duck.catalog.tables.tasks import TASKS
from harvest_duck.catalog.tables.time_entries import TIME_ENTRIES
from harvest_duck.catalog.tables.users import (
    BILLABLE_RATES,
    COST_RATES,
    ME,
    MY_PROJECT_ASSIGNMENTS,
    PROJECT_ASSIGNMENT_TASK_ASSIGNMENTS,
    PROJECT_ASSIGNMENTS,
    TEAMMATES,
    USERS,
)
from harvest_duck.errors import UnknownTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.catalog.model import Table

__all__ = ["TABLES", "table"]

#: Every table by its name, what is asked for most first.
TABLES: Mapping[str, Table] = MappingProxyType(
    {
        listed.name: listed
        for listed in (
            TIME_ENTRIES,
            CLIENTS,
            CONTACTS,
            PROJECTS,
            TASKS,
            TASK_ASSIGNMENTS,
            USER_ASSIGNMENTS,
            USERS,
            ME,
            ROLES,
            BILLABLE_RATES,
            COST_RATES,
            PROJECT_ASSIGNMENTS,
            PROJECT_ASSIGNMENT_TASK_ASSIGNMENTS,
            MY_PROJECT_ASSIGNMENTS,
            TEAMMATES,
            EXPENSES,
            EXPENSE_CATEGORIES,
            INVOICES,
            INVOICE_LINE_ITEMS,
            INVOICE_PAYMENTS,
            INVOICE_MESSAGES,
            INVOICE_MESSAGE_TEMPLATES,
            INVOICE_ITEM_CATEGORIES,
            ESTIMATES,
            ESTIMATE_LINE_ITEMS,
            ESTIMATE_MESSAGES,
            ESTIMATE_ITEM_CATEGORIES,
            REPORT_TIME_CLIENTS,
            REPORT_TIME_PROJECTS,
            REPORT_TIME_TASKS,
            REPORT_TIME_TEAM,
            REPORT_EXPENSES_CLIENTS,
            REPORT_EXPENSES_PROJECTS,
            REPORT_EXPENSES_CATEGORIES,
            REPORT_EXPENSES_TEAM,
            REPORT_UNINVOICED,
            REPORT_PROJECT_BUDGET,
            COMPANY,
            ACCOUNTS,
        )
    }
)


def table(name: str) -> Table:
    """The table of that name, in any case; `UnknownTable` names the nearest ones when there is none."""
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
