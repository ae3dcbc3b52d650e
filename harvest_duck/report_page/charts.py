"""What the marks of each card are made of: values, labels and tips."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING
from unicodedata import category

from harvest_duck.report_page.marks import Item, columns
from harvest_duck.report_page.numbers import month, month_of_year, short_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from harvest_duck.report_page.marks import Columns
    from harvest_duck.report_page.model import Aged, Budget, LockUp, Revenue, Utilization
    from harvest_duck.report_page.numbers import Numbers

#: The ages of work since it was done, and of invoices since they were due: how each is drawn, and its words.
WORK_AGES = (("age1", "0 to 30 days"), ("age3", "31 to 60"), ("age4", "61 to 90"), ("age5", "over 90"))
LATE_AGES = (
    ("age1", "Not due"),
    ("age2", "1 to 30 days late"),
    ("age3", "31 to 60"),
    ("age4", "61 to 90"),
    ("age5", "over 90"),
)
_QUARTERS = {1, 4, 7, 10}
_FEW_WEEKS = 10
_MANY_MONTHS = 14


def plain(text: str) -> str:
    """Return text from Harvest on one line, without the characters that HTML cannot hold."""
    if not text.isprintable():
        text = "".join("\ufffd" if category(each) in {"Cc", "Cs"} and not each.isspace() else each for each in text)
    return " ".join(text.split()) or "(no name)"


def isolated(text: str) -> str:
    """Return text from Harvest for a tip: as `plain`, and without a way to turn the text around it."""
    return f"\u2068{plain(text)}\u2069"


def weeks(card: Utilization, n: Numbers) -> Columns:
    """Return the columns of the hours of each week, sold and other, below a line of the capacity."""
    labels = _labels_of_weeks([week.first for week in card.weeks])
    items = [
        Item(
            label,
            (
                f"Week of {short_day(week.first)}",
                f"Billable {n.number(week.billable_hours)} h, {n.percent(week.billable_utilization)} of capacity",
                f"All {n.number(week.hours)} h, {n.percent(week.utilization)}",
                f"Capacity {n.number(week.capacity_hours)} h",
            ),
            (("billable", week.billable_hours), ("other", week.hours - week.billable_hours)),
        )
        for label, week in zip(labels, card.weeks, strict=True)
    ]
    return columns(items, line=[week.capacity_hours for week in card.weeks])


def _labels_of_weeks(firsts: Sequence[date]) -> list[str]:
    """Return a label for each week: its first day, or the name of the month that begins within it."""
    if len(firsts) <= _FEW_WEEKS:
        return [short_day(first) for first in firsts]
    changed = [first.day <= 7 for first in firsts[:1]] + [a.month != b.month for a, b in pairwise(firsts)]  # noqa: PLR2004
    months = _labels_of_months(firsts, many=sum(changed) > _MANY_MONTHS)
    return [label if begins else "" for label, begins in zip(months, changed, strict=True)]


def _labels_of_months(firsts: Sequence[date], *, many: bool) -> list[str]:
    """Return the names of months; where there are `many`, those of the quarters, and the year for January."""
    if not many:
        return [month(first) for first in firsts]
    names = [str(first.year) if first.month == 1 else month(first) for first in firsts]
    return [name if first.month in _QUARTERS else "" for name, first in zip(names, firsts, strict=True)]


def months(card: Revenue, currency: str, n: Numbers) -> Columns:
    """Return the columns of what was invoiced and collected in each month, in one currency."""
    found = {row.month: (row.invoiced, row.collected) for row in card.rows if row.currency == currency}
    labels = _labels_of_months(card.months, many=len(card.months) > _MANY_MONTHS)
    items = []
    for label, first in zip(labels, card.months, strict=True):
        invoiced, collected = found.get(first, (Decimal(0), Decimal(0)))
        tip = (
            month_of_year(first),
            f"Invoiced {currency} {n.number(invoiced)}",
            f"Collected {currency} {n.number(collected)}",
        )
        items.append(Item(label, tip, (("invoiced", invoiced), ("collected", collected))))
    return columns(items, beside=True)


def quantity(amount: Decimal | None, budget: Budget, n: Numbers) -> str:
    """Return an amount in the unit of a budget: `125 h`, `USD 42k`, or without a unit where that is unknown."""
    if budget.unit is None:
        return n.short(amount)
    return f"{n.number(amount)}\u00a0h" if budget.unit == "hours" else n.money(amount, budget.unit)


def aged(row: Aged, ages: Sequence[tuple[str, str]]) -> list[tuple[str, Decimal]]:
    """Return the values of the bar of a client's money."""
    return [(kind, amount) for (kind, _), amount in zip(ages, row.ages, strict=True)]


def aged_tip(row: Aged, ages: Sequence[tuple[str, str]], n: Numbers) -> list[str]:
    """Return the tip of the bar of a client's money: how much of it has which age."""
    told = [f"{words}: {row.currency} {n.number(amount)}" for (_, words), amount in zip(ages, row.ages, strict=True)]
    return [isolated(row.client_name), *told, f"The oldest: {n.number(row.oldest_days)} days"]


def longest_days(rows: Sequence[LockUp]) -> Decimal:
    """Return the most days of work or of invoices, which fill the width."""
    return max(days or Decimal(0) for row in rows for days in (row.wip_days, row.debtor_days)) or Decimal(1)
