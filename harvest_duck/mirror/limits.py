"""What a sync cannot see: columns that change while `updated_at` stays, and children whose parent stays the same.

Source: the answers of a real account, and
https://support.getharvest.com/hc/en-us/articles/12522267831181 on rates of hours that were tracked before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.mirror.embedded_columns import embedded_columns
from harvest_duck.mirror.table_plan import Method

if TYPE_CHECKING:
    from collections.abc import Callable

    from harvest_duck.catalog.model import Table

#: By a setting of the account, a rate of a person or a task, an approval, or the closing of a period.
_SILENT = (
    "rounded_hours",
    "billable",
    "budgeted",
    "billable_rate",
    "cost_rate",
    "is_locked",
    "locked_reason",
    "is_closed",
    "approval_status",
)
_OF_PARENTS = "a row of a parent that says nothing of the change, until the turn of that parent comes"


def lagging_columns(table: Table, method: Method, holds: Callable[[str], bool]) -> list[str]:
    """Return the columns of a table that may be older than its ids, where it is read by `method`.

    `holds` says whether the copy has a table: values of its records are taken over from there.
    """
    if method is not Method.CHANGES:
        return []
    repeated = {each.name: each.certain and holds(each.parent) for each in embedded_columns(table)}
    return [each.name for each in table.own_columns if each.name in _SILENT or not repeated.get(each.name, True)]


def unseen_case(method: Method, of_list: str = "") -> str:
    """Return the case in which the ids of a table are not those of Harvest although they are proven; "" for none.

    `of_list` is that of the list protocol, where the table was read by it.
    """
    return _OF_PARENTS if method is Method.CHILDREN else of_list
