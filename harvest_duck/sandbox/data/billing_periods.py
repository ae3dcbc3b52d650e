"""What each client is billed for in a period: by quarter in the early years, by month in the last one.

A quarter with little work is billed with the next one, and so are some others. A fixed fee is billed in two halves, for
the periods in which its project starts and ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.budgets import amount_billed
from harvest_duck.sandbox.data.numbers import ZERO, cents

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from harvest_duck.sandbox.data.projects import Engagement
    from harvest_duck.sandbox.data.random_source import RandomSource
    from harvest_duck.sandbox.wire import Record

# A quarter with less work than the first amount has no invoice. With less than the second it waits for the next
# quarter, and so does this share of the others.
_LEAST_WORTH, _USUAL_WORTH, _LATE_SHARE = 4000, 24_000, 0.4
_QUARTER = 3


@dataclass(slots=True)
class BillingPeriod:
    """The records that one client is billed for, of the days from `start` to `end`; `fees` are projects and amounts."""

    client: Record
    start: date
    end: date
    entries: list[Record] = field(default_factory=list)
    expenses: list[Record] = field(default_factory=list)
    fees: list[tuple[Record, str, Decimal]] = field(default_factory=list)

    @property
    def worth(self) -> Decimal:
        """What the time of the period is billed at."""
        return sum((amount_billed(entry) for entry in self.entries), ZERO)

    @property
    def monthly(self) -> bool:
        """Whether this is a month and not a quarter."""
        return self.start.month == self.end.month

    @property
    def name(self) -> str:
        """The name of the period, as the subject of an invoice."""
        if self.monthly:
            return f"{self.start:%B %Y}"
        first, last = _quarter(self.start), _quarter(self.end)
        return first if first == last else f"{first} and {last}"

    @property
    def months(self) -> int:
        """The number of months of the period."""
        return 12 * (self.end.year - self.start.year) + self.end.month - self.start.month + 1

    @property
    def too_small(self) -> bool:
        """Whether the period has too little work for an invoice."""
        return self.worth < _LEAST_WORTH

    def add_earlier(self, other: BillingPeriod) -> None:
        """Begin with the period `other`, which was not billed."""
        self.start = other.start
        self.entries[:0], self.expenses[:0] = other.entries, other.expenses


def billing_periods(
    rng: RandomSource, tables: dict[str, list[Record]], engagements: dict[int, Engagement], today: date
) -> list[BillingPeriod]:
    """Return the periods with something to bill, by time."""
    clients = {client["id"]: client for client in tables["clients"]}
    found: dict[tuple[date, int], BillingPeriod] = {}
    monthly = _monthly_since(today)

    def period(day: date, client_id: int) -> BillingPeriod:
        start, end = _bounds(day, monthly)
        key = start, client_id
        if key not in found:
            found[key] = BillingPeriod(clients[client_id], start, end)
        return found[key]

    for entry in tables["time_entries"]:
        fixed = engagements[entry["project"]["id"]].form.fixed_fee
        if entry["billable"] and not entry["is_running"] and not fixed:
            period(date.fromisoformat(entry["spent_date"]), entry["client"]["id"]).entries.append(entry)
    for expense in tables["expenses"]:
        if expense["billable"]:
            period(date.fromisoformat(expense["spent_date"]), expense["client"]["id"]).expenses.append(expense)
    for engagement in engagements.values():
        if engagement.form.fixed_fee:
            _add_fees(engagement, period)
    return _billed_late(rng, [found[key] for key in sorted(found)])


def _billed_late(rng: RandomSource, periods: list[BillingPeriod]) -> list[BillingPeriod]:
    """Return `periods` without the quarters that wait for the next one, to which they are added."""
    by_start = {(period.start, period.client["id"]): period for period in periods}
    kept = []
    for period in periods:
        following = by_start.get((period.end + timedelta(days=1), period.client["id"]))
        waits = (
            period.months == _QUARTER and not period.fees and (period.worth < _USUAL_WORTH or rng.chance(_LATE_SHARE))
        )
        if waits and following and not following.monthly:
            following.add_earlier(period)
        else:
            kept.append(period)
    return kept


def _add_fees(engagement: Engagement, period: Callable[[date, int], BillingPeriod]) -> None:
    """Add the halves of a project's fee that are due."""
    project, client = engagement.project, engagement.client["id"]
    half = cents(project["fee"] / 2)
    period(engagement.start, client).fees.append((project, "Fixed fee, first half", half))
    if not project["is_active"]:
        period(engagement.end, client).fees.append((project, "Fixed fee, second half", project["fee"] - half))


def _monthly_since(today: date) -> date:
    """Return the first day of the quarter that a year ago was the current one."""
    return date(today.year - 1, _quarter_month(today), 1)


def _bounds(day: date, monthly: date) -> tuple[date, date]:
    """Return the first and the last day of the period of `day`."""
    if day >= monthly:
        start = day.replace(day=1)
        return start, (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    start = date(day.year, _quarter_month(day), 1)
    return start, (start + timedelta(days=95)).replace(day=1) - timedelta(days=1)


def _quarter(day: date) -> str:
    return f"Q{(day.month - 1) // 3 + 1} {day.year}"


def _quarter_month(day: date) -> int:
    return (day.month - 1) // 3 * 3 + 1
