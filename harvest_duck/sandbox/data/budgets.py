"""Budgets and fees that fit the work: planned from the time entries and expenses, once these are known.

Of the running projects with a budget a third is on track, a third past the percentage of its notification, and a third
over its budget; those that ended came out near it. A monthly budget is held against the current month. Budgets of tasks
and people are on the assignments, some of which have none; the project has their sum.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.numbers import ZERO, cents, friendly, number, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.projects import Engagement
    from harvest_duck.sandbox.wire import Record

# The spent percentages of running projects by turns, and of those that ended.
_RUNNING, _ENDED = ((35, 72), (86, 96), (106, 126)), (75, 115)
_FEE_PERCENT = (85, 125)
# What is planned for projects on which nobody has worked yet.
_HOURS, _MONEY = Decimal(120), Decimal(12_000)
_MID_MONTH = 15
_USUAL_RATE = Decimal(100)
_BY_MONEY = frozenset({"project_cost", "task_fees"})
#: Of at least so many tasks or people with work the one with the least has no budget of its own.
_SEVERAL = 3


def plan_budgets(profile: AccountProfile, engagements: list[Engagement], tables: dict[str, list[Record]]) -> None:
    """Set the budgets, notification dates and fees of the projects and their assignments."""
    rng = profile.rng("budgets")
    entries, expenses = (_by_project(tables[name]) for name in ("time_entries", "expenses"))
    turn = 0
    for engagement in engagements:
        project = engagement.project
        work = _Work(profile, engagement, entries[project["id"]], expenses[project["id"]])
        if engagement.form.fixed_fee:
            value = work.value() * rng.between(*_FEE_PERCENT) / 100
            project["fee"] = friendly(value or _MONEY)
        if engagement.form.budget_by == "none":
            continue
        low, high = _RUNNING[turn % len(_RUNNING)] if project["is_active"] else _ENDED
        turn += project["is_active"]
        _set_budget(work, Decimal(rng.between(low, high)) / 100)
        if project["notify_when_over_budget"]:
            project["over_budget_notification_date"] = work.day_of(project["over_budget_notification_percentage"])


def _by_project(records: list[Record]) -> defaultdict[int, list[Record]]:
    grouped: defaultdict[int, list[Record]] = defaultdict(list)
    for record in records:
        grouped[record["project"]["id"]].append(record)
    return grouped


class _Work:
    """What was spent on a project and counts for its budget, in hours or in money."""

    def __init__(
        self, profile: AccountProfile, engagement: Engagement, entries: list[Record], expenses: list[Record]
    ) -> None:
        self.engagement = engagement
        self.by_money = engagement.form.budget_by in _BY_MONEY
        self._early = engagement.form.monthly and profile.today.day < _MID_MONTH
        self._all = entries
        first = profile.today.replace(day=1).isoformat() if engagement.form.monthly else ""
        self.entries = [entry for entry in entries if entry["spent_date"] >= first]
        counted = engagement.project["cost_budget_include_expenses"]
        self._expenses = [each for each in expenses if counted and each["spent_date"] >= first]

    def spent(self, entries: Iterable[Record]) -> Decimal:
        """Return the hours or the money that `entries` count for."""
        if self.by_money:
            return sum((amount_billed(entry) for entry in entries), ZERO)
        return sum((entry["rounded_hours"] for entry in entries), ZERO)

    def total(self) -> Decimal:
        """Return all that was spent; of a monthly budget in the first half of a month, that of an average month."""
        spent = self.spent(self.entries) + sum((each["total_cost"] for each in self._expenses), ZERO)
        if self.engagement.form.monthly and (self._early or not spent):
            months = {entry["spent_date"][:7] for entry in self._all}
            return self.spent(self._all) / max(1, len(months))
        return spent

    def value(self) -> Decimal:
        """Return what all the hours of the project are worth, also without rates."""
        return sum((entry["rounded_hours"] * (entry["billable_rate"] or _USUAL_RATE) for entry in self._all), ZERO)

    def by(self, key: str) -> dict[int, Decimal]:
        """Return what was spent by task or user, the largest first."""
        grouped: dict[int, list[Record]] = {}
        for entry in self.entries:
            grouped.setdefault(entry[key]["id"], []).append(entry)
        spent = {identity: self.spent(entries) for identity, entries in grouped.items()}
        return {identity: spent[identity] for identity in sorted(spent, key=lambda each: (-spent[each], each))}

    def day_of(self, percentage: Decimal) -> str | None:
        """Return the day on which `percentage` of the budget was reached, None if it was not."""
        project = self.engagement.project
        limit = project["cost_budget" if self.by_money else "budget"] * percentage / 100
        amounts = [(entry["spent_date"], self.spent([entry])) for entry in self.entries]
        amounts += [(each["spent_date"], each["total_cost"]) for each in self._expenses]
        amounts.sort(key=lambda pair: pair[0])
        sums = accumulate(amount for _, amount in amounts)
        return next((day for (day, _), spent in zip(amounts, sums, strict=True) if spent >= limit), None)


def amount_billed(entry: Record) -> Decimal:
    """Return what a billable entry is billed at, rounded to cents; zero for others and without a rate."""
    return cents(entry["rounded_hours"] * entry["billable_rate"]) if entry["billable_rate"] else ZERO


def _set_budget(work: _Work, ratio: Decimal) -> None:
    """Set the budget of which `ratio` is spent, or a usual one."""
    engagement = work.engagement
    budget = work.total() / ratio or (_MONEY if work.by_money else _HOURS)
    planned = friendly(budget)
    match engagement.form.budget_by:
        case "task" | "task_fees":
            planned = _share_out(budget, engagement.task_assignments, work.by("task"), "task")
        case "person":
            planned = _share_out(budget, engagement.user_assignments, work.by("user"), "user")
    # Harvest writes some numbers without decimals.
    written = whole(planned) if planned == int(planned) and engagement.project["code"] else planned
    engagement.project["cost_budget" if work.by_money else "budget"] = written


def _share_out(budget: Decimal, assignments: list[Record], spent: dict[int, Decimal], key: str) -> Decimal:
    """Share `budget` out to the assignments on which something was spent, and return the sum of their budgets."""
    shares = {identity: amount for identity, amount in spent.items() if amount}
    if len(shares) >= _SEVERAL:
        shares.popitem()
    if not shares:
        shares = {assignments[0][key]["id"]: Decimal(1)}
    everything, planned = sum(shares.values()), ZERO
    for assignment in assignments:
        share = shares.get(assignment[key]["id"])
        if share is not None:
            assignment["budget"] = friendly(budget * share / everything)
            planned += assignment["budget"]
    return number(planned)
