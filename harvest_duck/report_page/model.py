"""The figures of the report, as values: the page, its JSON and its tests read the same ones.

Hours and money are exact decimals. Currencies are never added: money is a sequence with one entry for each currency, in
the order of `Figures.currencies`. A share is a fraction, 0.7 for 70 %. None is a figure that cannot be known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of the period, of the period before it, and of the same days a year earlier."""

    value: Decimal | None
    before: Decimal | None = None
    last_year: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """A figure of money in one currency, with those that it is compared with."""

    currency: str
    amount: Compared


@dataclass(frozen=True, slots=True)
class Unseen:
    """What stands in the place of a card that the token may not see, or that the chosen filter makes meaningless."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The part of the account that a card is limited to, and what it leaves of the chosen filter; None without."""

    limited_to: str | None = None
    unfiltered: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The hours of a week or a person."""

    capacity_hours: Decimal
    hours: Decimal
    billable_hours: Decimal
    time_off_hours: Decimal

    @property
    def utilization(self) -> Decimal | None:
        """The share of the capacity that was worked."""
        return self.hours / self.capacity_hours if self.capacity_hours else None

    @property
    def billable_utilization(self) -> Decimal | None:
        """The share of the capacity that was sold."""
        return self.billable_hours / self.capacity_hours if self.capacity_hours else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Week(Hours):
    """The hours of a week, which begins on `first`."""

    first: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonHours(Hours):
    """The hours of a person in the period."""

    user_id: int
    name: str
    is_contractor: bool
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilization(Card):
    """How full the weeks were, and how much was sold, of people with a capacity, of all where nobody has one."""

    capacity_hours: Compared
    hours: Compared
    billable_hours: Compared
    utilization: Compared
    billable_utilization: Compared
    weeks: tuple[Week, ...]
    people: tuple[PersonHours, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The budget of a running project, in hours where `unit` is so, else in that currency; None where it is unknown."""

    project_id: int
    project_name: str
    client_name: str
    is_monthly: bool
    unit: str | None
    budget: Decimal
    spent: Decimal
    share_spent: Decimal | None
    spent_a_week: Decimal | None
    outlook: str
    used_up_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets(Card):
    """The budgets of running projects, the most spent first; `over` is the number of those that are used up."""

    over: int
    rows: tuple[Budget, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aged:
    """The money of a client in one currency by its age in days; texts are empty where Harvest tells none."""

    client_id: int | None
    client_name: str
    currency: str
    amount: Decimal
    ages: tuple[Decimal, ...]
    oldest_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Uninvoiced(Card):
    """What could be invoiced and is not, of the 365 days to `as_of`.

    `total` is Harvest's own, with fixed fees. `rows` are work by the hour and expenses of 0 to 30 days, 31 to 60, 61 to
    90, and older.
    """

    period: Period
    total: tuple[Money, ...]
    fixed_fees: tuple[Money, ...]
    hours: Decimal
    rows: tuple[Aged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivables(Card):
    """What clients owe on sent invoices: not due, 1 to 30 days late, 31 to 60, 61 to 90, and later."""

    due: tuple[Money, ...]
    overdue: tuple[Money, ...]
    rows: tuple[Aged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueMonth:
    """The invoices of a month in one currency; `month` is its first day."""

    month: date
    currency: str
    invoiced: Decimal
    tax: Decimal
    collected: Decimal
    written_off: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Revenue(Card):
    """What was invoiced before tax, and collected with it, by month."""

    invoiced: tuple[Money, ...]
    collected: tuple[Money, ...]
    months: tuple[date, ...]
    rows: tuple[RevenueMonth, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDays:
    """The hours of a person on each of `Gaps.days`: None where none were expected, 0 where nothing is written.

    `expected_hours` are those of a whole day. `missing_hours` are those of the days with a gap.
    """

    user_id: int
    name: str
    expected_hours: Decimal
    hours: tuple[Decimal | None, ...]
    missing_hours: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps(Card):
    """Working days with fewer hours than `at_least` of those expected, of the last four weeks to yesterday."""

    period: Period
    at_least: Decimal
    missing_hours: Decimal
    gaps: int
    empty: int
    person_days: int
    days: tuple[date, ...]
    people: tuple[PersonDays, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectProfit:
    """Revenue, cost and profit of a project; `missing` names what keeps its profit from being known.

    `project_type` is time_and_materials, fixed_fee or non_billable; None of a project that Harvest does not list.
    """

    project_id: int | None
    project_name: str
    client_name: str
    project_type: str | None
    currency: str | None
    revenue: Decimal | None
    cost: Decimal | None
    profit: Decimal | None
    margin: Decimal | None
    missing: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profit(Card):
    """Profit by project, the highest first, those without one last; costs are in `cost_currency`."""

    cost_currency: str | None
    rows: tuple[ProjectProfit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockUp:
    """Days of revenue tied up in work that is not invoiced and in invoices that are not paid, in one currency."""

    currency: str
    wip_days: Decimal | None
    debtor_days: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockUps(Card):
    """The lock-up of each currency."""

    rows: tuple[LockUp, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What makes the figures wrong until it is mended in Harvest: how many entries lack what, and their hours."""

    missing: str
    project_name: str | None
    user_name: str | None
    entries: int | None
    hours: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality(Card):
    """What is missing in Harvest, the most hours first."""

    rows: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A client or a person that the figures can be filtered by."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures of one report.

    `person_name` and `role` tell whose token it was made with; `client` and `person` are the chosen filter.
    `definitions` has the definition of each card: that of the views that it comes from, word for word.
    """

    company: str
    account_id: int
    thousands_separator: str
    decimal_symbol: str
    week_starts: str
    person_name: str
    role: str
    as_of: date
    period: Period
    before: Period
    last_year: Period
    currencies: tuple[str, ...]
    client: Choice | None = None
    person: Choice | None = None
    clients: tuple[Choice, ...] = ()
    people: tuple[Choice, ...] = ()
    utilization: Utilization | Unseen
    budgets: Budgets | Unseen
    uninvoiced: Uninvoiced | Unseen
    receivables: Receivables | Unseen
    revenue: Revenue | Unseen
    gaps: Gaps | Unseen
    profit: Profit | Unseen
    lock_up: LockUps | Unseen
    quality: Quality | Unseen
    definitions: dict[str, str] = field(default_factory=dict)
