"""The ready views of work and what it is worth, held against loops over the records and against Harvest's reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.agencies import GENERATED, Agency, Views
from support.agency_oracle import Records

if TYPE_CHECKING:
    from datetime import date


def year_to(day: date) -> tuple[date, date]:
    """Return the year that ends on a day."""
    return day.replace(year=day.year - 1), day


def work(records: Records, first: date, last: date) -> list[dict[str, Any]]:
    """Return what each entry is worth and what it cost."""
    rows = []
    for each in records.entries_of(first, last):
        project = records.projects[each.project_id]
        value = each.at(each.billable_rate) if each.billable else 0
        rows.append(
            {
                "time_entry_id": each.id,
                "project_type": project.type,
                "rounded_hours": each.rounded_hours,
                "currency": project.currency,
                "value_at_rates": value,
                "billable_amount": 0 if project.is_fixed_fee else value,
                "cost": each.at(each.cost_rate),
                "account_id": records.account_id,
            }
        )
    return sorted(rows, key=lambda row: row["time_entry_id"])


@pytest.mark.parametrize("name", GENERATED)
def test_each_entry_has_its_worth_and_its_cost(views: Views, agencies: dict[str, Agency], name: str) -> None:
    first, last = year_to(agencies[name].today)
    wanted = work(Records(agencies[name]), first, last)
    found = views.of(agencies[name]).rows("work(?, ?)", first, last)
    assert [{column: row[column] for column in wanted[0]} for row in found] == wanted
