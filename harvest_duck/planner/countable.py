"""The lists that Harvest's totals count: one request of one record tells how many rows each of them has.

Harvest announces `total_entries` with the first page of a list. That is the number of rows that a filter keeps where
each record is one row, and where the requests enforce the whole filter as SQL means it.

Source: https://help.getharvest.com/api-v2/introduction/overview/pagination/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.model import VARCHAR, Limit, Paging, Table
from harvest_duck.planner.enforced import distinct_terms, enforced_domains, is_enforced
from harvest_duck.pushdown.domain import union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.planner.model import Plan
    from harvest_duck.protocol.request import Request
    from harvest_duck.pushdown.domain import Domain
    from harvest_duck.pushdown.predicate import Predicate


def countable(plan: Plan, splits: Sequence[Request], terms: Sequence[Predicate]) -> bool:
    """Whether the totals of the lists that `splits` begin add up to the number of rows for which all `terms` are true.

    It is safe to find too few: these lists are read. Reports are, whose rows are computed.
    """
    table = plan.table
    listed = bool(splits) and all(split.paging is not Paging.NONE for split in splits)
    if not listed or table.items is not None or table.limit is Limit.REPORTS:
        return False
    enforced = _enforced_by_all(plan, splits)
    return all(is_enforced(term, enforced) for term in distinct_terms(terms))


def _enforced_by_all(plan: Plan, splits: Sequence[Request]) -> dict[str, Domain]:
    """Return the domains that hold for the rows of all lists at once: one by one, a long IN list would take seconds."""
    found = [enforced_domains(plan, split) for split in splits]
    shared = set.intersection(*map(set, found)) - _doubtful(plan.table)
    return {column: union([each[column] for each in found]) for column in shared}


def _doubtful(table: Table) -> set[str]:
    """Return the columns whose value may not be the one that Harvest compares with a parameter.

    Harvest does not say whether it tells cases and blanks of free text apart, as SQL does. What it does not document as
    part of a record, or keeps from some users, may be missing there: NULL in SQL, whatever the parameter finds.
    """
    columns = [table.column(param.column) for param in table.params if not param.values]
    free_text = {column.name for column in columns if column.type is VARCHAR}
    return free_text | {column.name for column in table.columns if not column.documented or column.right is not None}
