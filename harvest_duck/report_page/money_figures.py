"""The figures about money: budgets, what is to be invoiced and to be paid, revenue and profit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.report_page.model import (
    Aged,
    Budget,
    Budgets,
    LockUp,
    LockUps,
    Profit,
    ProjectProfit,
    Quality,
    Receivables,
    Revenue,
    RevenueMonth,
    Uninvoiced,
    Wrong,
)
from harvest_duck.report_page.source import NONE, amounts, exact, in_period, money, total, view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from harvest_duck.report_page.model import Period
    from harvest_duck.report_page.source import Row, Source

__all__ = ["budgets", "lock_up", "profit", "quality", "receivables", "revenue", "uninvoiced"]

_WIP = ("days_0_30", "days_31_60", "days_61_90", "days_over_90")
_LATE = ("not_due", "days_1_30", *_WIP[1:])
#: What is not known comes after all that is.
_LAST = Decimal("Infinity")


def budgets(source: Source, _: Sequence[str]) -> Budgets:
    """Return the budgets of the projects that run."""
    rows = source.clients(f"FROM {view('budget_burn', as_of=source.options.as_of)} WHERE is_active")
    ordered = sorted(rows, key=lambda row: (*_most(row["share_spent"]), *_project(row)))
    return Budgets(
        **source.of_money("budgets"),
        over=sum(row["outlook"] == "over" for row in rows),
        rows=tuple(
            Budget(
                project_id=row["project_id"],
                project_name=row["project_name"] or "",
                client_name=row["client_name"] or "",
                is_monthly=bool(row["budget_is_monthly"]),
                unit=row["unit"],
                budget=row["budget"],
                spent=row["spent"],
                share_spent=exact(row["share_spent"]),
                spent_a_week=row["spent_a_week"],
                outlook=row["outlook"],
                used_up_on=row["used_up_on"],
            )
            for row in ordered
        ),
    )


def uninvoiced(source: Source, currencies: Sequence[str]) -> Uninvoiced:
    """Return what could be invoiced and is not, of the 365 days to the day of the report."""
    year = source.options.year
    rows = source.clients(f"FROM {in_period('uninvoiced', year)}")
    aged = source.clients(f"FROM {view('wip_ageing', from_date=year.first, as_of=year.last)}")
    fixed = [row for row in rows if row["project_type"] == "fixed_fee"]
    return Uninvoiced(
        **source.of_money("uninvoiced"),
        period=year,
        total=money(currencies, amounts(rows, "uninvoiced_amount")),
        fixed_fees=money(currencies, amounts(fixed, "uninvoiced_work")),
        hours=total(rows, "uninvoiced_hours"),
        rows=_aged(aged, currencies, "amount", _WIP),
    )


def receivables(source: Source, currencies: Sequence[str]) -> Receivables:
    """Return what clients owe, and how late it is."""
    rows = source.clients(f"FROM {view('receivables', as_of=source.options.as_of)}")
    due, not_due = amounts(rows, "due_amount"), amounts(rows, "not_due")
    return Receivables(
        **source.of_money("receivables"),
        due=money(currencies, due),
        overdue=money(currencies, {each: due[each] - not_due[each] for each in due}),
        rows=_aged(rows, currencies, "due_amount", _LATE),
    )


def _aged(rows: Iterable[Row], currencies: Sequence[str], amount: str, ages: Sequence[str]) -> tuple[Aged, ...]:
    """Return the money of each client by its age: by currency, the most first."""
    found = [
        Aged(
            client_id=row["client_id"],
            client_name=row["client_name"] or "",
            currency=row["currency"] or "",
            amount=row[amount] or NONE,
            ages=tuple(row[each] or NONE for each in ages),
            oldest_days=row["oldest_days"] or 0,
        )
        for row in rows
    ]
    place = _place(currencies)
    return tuple(sorted(found, key=lambda row: (place(row.currency), -row.amount, row.client_name, row.client_id or 0)))


def revenue(source: Source, currencies: Sequence[str]) -> Revenue:
    """Return what was invoiced and collected, by month."""
    options = source.options
    now, *others = (_months_of(source, each) for each in (options.period, options.before, options.last_year))
    place = _place(currencies)
    return Revenue(
        **source.of_money("revenue"),
        invoiced=money(currencies, *(amounts(rows, "invoiced") for rows in (now, *others))),
        collected=money(currencies, *(amounts(rows, "collected") for rows in (now, *others))),
        months=tuple(_months(options.period)),
        rows=tuple(
            RevenueMonth(
                month=row["month"],
                currency=row["currency"] or "",
                invoiced=row["invoiced"],
                tax=row["tax"],
                collected=row["collected"],
                written_off=row["written_off"],
            )
            for row in sorted(now, key=lambda row: (place(row["currency"] or ""), row["month"]))
        ),
    )


def _months_of(source: Source, period: Period) -> list[Row]:
    return source.money(f"FROM {in_period('revenue_by_month', period)}")


def _months(period: Period) -> Iterable[date]:
    """Yield the first day of each month of a period."""
    month = period.first.replace(day=1)
    while month <= period.last:
        yield month
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def profit(source: Source, _: Sequence[str]) -> Profit:
    """Return revenue, cost and profit of each project."""
    rows = source.clients(f"FROM {in_period('profitability', source.options.period)}")
    company = source.copy.company
    return Profit(
        **source.of_money("profit"),
        cost_currency=company["currency"],
        rows=tuple(
            ProjectProfit(
                project_id=row["project_id"],
                project_name=row["project_name"] or "",
                client_name=row["client_name"] or "",
                project_type=row["project_type"],
                currency=row["currency"],
                revenue=row["revenue"],
                cost=None if row["labour_cost"] is None else row["labour_cost"] + row["expenses"],
                profit=row["profit"],
                margin=exact(row["margin"]),
                missing=row["missing"],
            )
            for row in sorted(rows, key=lambda row: (*_most(row["profit"]), *_project(row)))
        ),
    )


def lock_up(source: Source, currencies: Sequence[str]) -> LockUps:
    """Return the days of revenue that are tied up, in each currency."""
    rows = source.money(f"FROM {view('lock_up', as_of=source.options.as_of)}")
    place = _place(currencies)
    return LockUps(
        **source.of_money("lock_up"),
        rows=tuple(
            LockUp(
                currency=row["currency"] or "", wip_days=exact(row["wip_days"]), debtor_days=exact(row["debtor_days"])
            )
            for row in sorted(rows, key=lambda row: place(row["currency"] or ""))
        ),
    )


def quality(source: Source, _: Sequence[str]) -> Quality:
    """Return what is missing in Harvest: of the chosen client, and of the chosen person."""
    rows = source.money(f"FROM {in_period('missing_rates', source.options.period)}")
    if source.person is not None:
        rows = [row for row in rows if row["user_id"] == source.person.id]
    return Quality(
        limited_to=source.copy.visibility.limited_to("quality"),
        rows=tuple(
            Wrong(
                missing=row["missing"],
                project_name=row["project_name"],
                user_name=row["user_name"],
                entries=row["entries"],
                hours=row["hours"],
            )
            for row in sorted(
                rows, key=lambda row: (*_most(row["hours"]), row["missing"], *_project(row), row["user_id"] or 0)
            )
        ),
    )


def _place(currencies: Sequence[str]) -> Callable[[str], tuple[int, str]]:
    """Return a function that returns the place of a currency in an order."""
    places: Mapping[str, int] = {each: place for place, each in enumerate(currencies)}
    return lambda currency: (places.get(currency, len(places)), currency)


def _most(value: Decimal | float | None) -> tuple[Decimal]:
    """Return a sort key by which the most comes first, and what is not known last."""
    return (_LAST if value is None else -Decimal(value),)


def _project(row: Row) -> tuple[str, str, int]:
    return (row["project_name"] or "", row["client_name"] or "", row["project_id"] or 0)
