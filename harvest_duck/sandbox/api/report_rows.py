"""Compute the rows of reports from the records, by the documented rules.

Every report sums per subject and currency, which is that of the client. Hours are the rounded ones, as reports in
Harvest follow the account's Time Rounding. An amount is the hours of one entry times its rate, rounded to cents for
each entry, so that the sums of two date ranges add up to the sum of both. It is not documented whether Harvest rounds
in that order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.report_subjects import EXPENSE_SUBJECTS, PROJECT, TIME_SUBJECTS, Subject
from harvest_duck.sandbox.data.numbers import amount_of, cents, total

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from harvest_duck.sandbox.api.permissions import Viewer
    from harvest_duck.sandbox.data.account_state import AccountState
    from harvest_duck.sandbox.wire import Record

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class DayRange:
    """The days that a report covers, both included."""

    start: date
    end: date


@dataclass(slots=True)
class _Tally:
    """The sums of one row, and the columns that name its subject."""

    subject: Record
    currency: str | None
    sums: dict[str, Decimal] = field(default_factory=dict)

    def add(self, name: str, amount: Decimal) -> None:
        """Add `amount` to the sum called `name`."""
        self.sums[name] = self.sums.get(name, ZERO) + amount


def hours_of(entry: Record) -> Decimal:
    """Return the hours of an entry as reports count them."""
    rounded = entry.get("rounded_hours")
    return amount_of(entry.get("hours") if rounded is None else rounded)


def amount_billed(entry: Record) -> Decimal:
    """Return the amount of a billable entry; zero without a rate."""
    return cents(hours_of(entry) * amount_of(entry.get("billable_rate")))


class Reports:
    """The reports of an account for one viewer."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.account: AccountState = viewer.account

    @cached_property
    def _projects(self) -> dict[int, Record]:
        return self.account.index("projects").by_id

    @cached_property
    def _currencies(self) -> dict[int, str | None]:
        return {client["id"]: client.get("currency") for client in self.account.records("clients")}

    def currency(self, record: Record) -> str | None:
        """Return the currency of the record's client."""
        client = record.get("client") or {}
        return self._currencies.get(client.get("id", 0)) or client.get("currency")

    def within(self, table: str, days: DayRange) -> list[Record]:
        """Return the viewer's time entries or expenses of `days`."""
        records = self.account.index(table).between(days.start.isoformat(), days.end.isoformat())
        return [record for record in records if self.viewer.sees(record, teammates=False)]

    def time(self, subject: str, days: DayRange, *, include_fixed_fee: bool = False) -> list[Record]:
        """Return a row of hours and billable amount per subject and currency.

        The amounts of fixed-fee projects count only with `include_fixed_fee`. Viewers who may not see rates get neither
        currency nor amount, and one row per subject.
        """

        # https://help.getharvest.com/api-v2/reports-api/reports/time-reports/
        def add(tally: _Tally, entry: Record) -> None:
            tally.add("total_hours", hours_of(entry))
            if entry.get("billable") is True:
                tally.add("billable_hours", hours_of(entry))
                if include_fixed_fee or not self._fixed(entry):
                    tally.add("billable_amount", amount_billed(entry))

        tallies = self._tally(
            self.within("time_entries", days), TIME_SUBJECTS[subject], add, by_currency=self.viewer.sees_rates
        )
        rows = []
        for tally in tallies:
            row = tally.subject | {
                name: total(tally.sums.get(name, ZERO)) for name in ("total_hours", "billable_hours")
            }
            if self.viewer.sees_rates:
                row |= {"currency": tally.currency, "billable_amount": total(tally.sums.get("billable_amount", ZERO))}
            rows.append(row)
        return rows

    def expenses(self, subject: str, days: DayRange) -> list[Record]:
        """Return a row of total and billable cost per subject and currency."""

        # https://help.getharvest.com/api-v2/reports-api/reports/expense-reports/
        def add(tally: _Tally, expense: Record) -> None:
            tally.add("total_amount", amount_of(expense.get("total_cost")))
            if expense.get("billable") is True:
                tally.add("billable_amount", amount_of(expense.get("total_cost")))

        return [
            tally.subject
            | {name: total(tally.sums.get(name, ZERO)) for name in ("total_amount", "billable_amount")}
            | {"currency": tally.currency}
            for tally in self._tally(self.within("expenses", days), EXPENSE_SUBJECTS[subject], add, by_currency=True)
        ]

    def uninvoiced(self, days: DayRange, *, include_fixed_fee: bool = True) -> list[Record]:
        """Return a row per project with its billable, uninvoiced work in `days`; managers get the projects they manage.

        The part of a fixed fee that no invoice names is added, unless `days` ends before the day on which the project
        starts, or was created if it has no start. Without `include_fixed_fee` such projects are left out.
        """

        # https://help.getharvest.com/api-v2/reports-api/reports/uninvoiced-report/
        def add(tally: _Tally, record: Record) -> None:
            owed = record.get("billable") is True and record.get("is_billed") is not True
            if id(record) in spent:
                tally.add("expenses", amount_of(record.get("total_cost")) if owed else ZERO)
                return
            tally.add("total", hours_of(record))
            if owed:
                tally.add("hours", hours_of(record))
                tally.add("amount", ZERO if self._fixed(record) else amount_billed(record))

        expenses = self.within("expenses", days)
        spent = {id(expense) for expense in expenses}
        records = [*self.within("time_entries", days), *expenses]
        tallies = {each.subject["project_id"]: each for each in self._tally(records, PROJECT, add, by_currency=False)}
        for project in self._projects.values():
            fee = self._fee(project, days)
            if fee:
                columns = PROJECT.columns(self.account, {"project": project, "client": project.get("client")})
                tally = tallies.setdefault(project["id"], _Tally(columns, self.currency(project)))
                tally.add("amount", fee)
        rows = [
            self._uninvoiced_row(tally)
            for tally in tallies.values()
            if self._reported(tally, include_fixed_fee=include_fixed_fee)
        ]
        return sorted(rows, key=_order)

    def _reported(self, tally: _Tally, *, include_fixed_fee: bool) -> bool:
        identity = tally.subject["project_id"]
        if not self.viewer.administrates and identity not in self.viewer.managed_projects:
            return False
        return include_fixed_fee or self._projects.get(identity, {}).get("is_fixed_fee") is not True

    def _uninvoiced_row(self, tally: _Tally) -> Record:
        sums = tally.sums
        expenses = sums.get("expenses", ZERO)
        return tally.subject | {
            "currency": tally.currency,
            "total_hours": total(sums.get("total", ZERO)),
            "uninvoiced_hours": total(sums.get("hours", ZERO)),
            "uninvoiced_expenses": total(expenses),
            "uninvoiced_amount": total(sums.get("amount", ZERO) + expenses),
        }

    def _fee(self, project: Record, days: DayRange) -> Decimal:
        """Return the part of a project's fixed fee that is not invoiced; zero if `days` ends before its first day."""
        # https://support.getharvest.com/hc/en-us/articles/360048181472-How-project-type-affects-reports
        if project.get("is_fixed_fee") is not True:
            return ZERO
        first = project.get("starts_on") or (project.get("created_at") or "")[:10]
        if first > days.end.isoformat():
            return ZERO
        return max(ZERO, amount_of(project.get("fee")) - self._fees_invoiced.get(project["id"], ZERO))

    @cached_property
    def _fees_invoiced(self) -> dict[int, Decimal]:
        """The sum of invoiced services by project."""
        sums: dict[int, Decimal] = {}
        for item in self.account.records("invoice_line_items"):
            project = (item.get("project") or {}).get("id")
            if project is not None and item.get("kind") == "Service":
                sums[project] = sums.get(project, ZERO) + amount_of(item.get("amount"))
        return sums

    def _fixed(self, entry: Record) -> bool:
        project = self._projects.get((entry.get("project") or {}).get("id", 0), {})
        return project.get("is_fixed_fee") is True

    def _tally(
        self, records: list[Record], subject: Subject, add: Callable[[_Tally, Record], None], *, by_currency: bool
    ) -> list[_Tally]:
        """Return the sums by subject, and by currency if `by_currency`, in order of their names.

        Records without such a subject are in no row.
        """
        tallies: dict[tuple[int, str | None], _Tally] = {}
        for record in records:
            identity = (record.get(subject.key) or {}).get("id")
            if identity is None:
                continue
            currency = self.currency(record)
            key = identity, currency if by_currency else None
            tally = tallies.get(key)
            if tally is None:
                tally = tallies[key] = _Tally(subject.columns(self.account, record), currency)
            add(tally, record)
        return sorted(tallies.values(), key=lambda tally: (*_order(tally.subject), tally.currency or ""))


def _order(row: Record) -> tuple[str, ...]:
    """Return the names in a row, for sorting."""
    return tuple(str(value or "").casefold() for key, value in row.items() if key.endswith("_name"))
