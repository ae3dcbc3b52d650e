"""What clients owe, pay and decide, by loops over the invoices, payments and estimates of an account."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from support.agency_oracle import ZERO, day_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.agencies import Agency

__all__ = ["days_to_pay", "estimates_won", "lock_up", "receivables", "revenue_by_month", "rounded", "share"]

Row = dict[str, Any]
_AGES = {"not_due": 0, "days_1_30": 30, "days_31_60": 60, "days_61_90": 90}


def rounded(value: Fraction | Decimal, digits: int) -> Decimal:
    """Return a number to so many decimals, halves away from zero."""
    exact = Fraction(value)
    return Decimal(
        (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    )


def share(part: Decimal | None, whole: Decimal | None, *, times: int = 1, digits: int = 4) -> float | None:
    """Return a share as a binary fraction, which DuckDB divides decimals as; None without a part, or of nothing."""
    if part is None or not whole:
        return None
    scaled = float(part) / float(whole) * times * 10**digits
    return math.copysign(math.floor(abs(scaled) + 0.5), scaled) / 10**digits


class _Invoice:
    """An invoice with its payments."""

    def __init__(self, record: Row, payments: list[Row]) -> None:
        self.state: str = record["state"]
        self.client = record["client"]["id"], record["client"]["name"]
        self.currency: str = record["currency"]
        self.amount = Decimal(record["amount"])
        self.issued = date.fromisoformat(record["issue_date"])
        self.due = date.fromisoformat(record["due_date"])
        self.net = sum((Decimal(line["amount"]) for line in record["line_items"]), ZERO)
        self.net -= Decimal(record["discount_amount"] or 0)
        self.tax = self.amount - self.net
        self.still_due = self.amount - sum((Decimal(each["amount"]) for each in payments), ZERO)
        self.paid = max(date.fromisoformat(each["paid_date"]) for each in payments) if self.state == "paid" else None
        self.closed = day_of(record["closed_at"])


def _invoices(agency: Agency) -> list[_Invoice]:
    payments: dict[int, list[Row]] = {}
    for each in agency.records("invoice_payments"):
        payments.setdefault(each["invoice_id"], []).append(each)
    found = [_Invoice(each, payments.get(each["id"], [])) for each in agency.records("invoices")]
    return [each for each in found if each.state != "draft"]


def _grouped(invoices: Iterable[_Invoice]) -> dict[tuple[int, str, str], list[_Invoice]]:
    """Return invoices by client and currency."""
    groups: dict[tuple[int, str, str], list[_Invoice]] = {}
    for each in invoices:
        groups.setdefault((*each.client, each.currency), []).append(each)
    return groups


def receivables(agency: Agency, as_of: date) -> list[Row]:
    """Return what each client owes in each currency."""
    rows = []
    opened = [each for each in _invoices(agency) if each.state == "open" and each.still_due]
    for (client_id, client_name, currency), group in _grouped(opened).items():
        ages = dict.fromkeys((*_AGES, "days_over_90"), ZERO)
        for each in group:
            late = (as_of - each.due).days
            ages[next((name for name, most in _AGES.items() if late <= most), "days_over_90")] += each.still_due
        rows.append(
            {
                "client_id": client_id,
                "client_name": client_name,
                "currency": currency,
                "invoices": len(group),
                "due_amount": sum(ages.values(), ZERO),
                **ages,
                "oldest_days": max([0, *((as_of - each.due).days for each in group if each.still_due > 0)]),
                "account_id": agency.account_id,
            }
        )
    return rows


def revenue_by_month(agency: Agency, first: date, last: date) -> list[Row]:
    """Return what was invoiced, collected and written off by month and currency."""
    rows: dict[tuple[date, str], Row] = {}

    def add(day: date | None, invoice: _Invoice, **amounts: Decimal | int) -> None:
        if day is None or not first <= day <= last:
            return
        month = day.replace(day=1)
        row = rows.setdefault(
            (month, invoice.currency),
            {"month": month, "currency": invoice.currency}
            | {"invoices": 0, "invoiced": ZERO, "tax": ZERO, "collected": ZERO, "written_off": ZERO}
            | {"account_id": agency.account_id},
        )
        for name, amount in amounts.items():
            row[name] += amount

    for each in _invoices(agency):
        add(each.issued, each, invoices=1, invoiced=each.net, tax=each.tax)
        add(each.paid, each, collected=each.amount)
        if each.state == "closed":
            add(each.closed, each, written_off=each.still_due)
    return list(rows.values())


def days_to_pay(agency: Agency, first: date, last: date) -> list[Row]:
    """Return how long each client took to pay, by currency."""
    rows = []
    paid = [each for each in _invoices(agency) if each.paid and first <= each.paid <= last and each.amount > 0]
    for (client_id, client_name, currency), group in _grouped(paid).items():
        amount = sum((each.amount for each in group), ZERO)
        late = [(each.paid - each.due).days for each in group if each.paid]
        took = [(each.paid - each.issued).days for each in group if each.paid]
        weighted = [
            share(sum((d * each.amount for d, each in zip(counts, group, strict=True)), ZERO), amount, digits=1)
            for counts in (took, late)
        ]
        rows.append(
            {
                "client_id": client_id,
                "client_name": client_name,
                "currency": currency,
                "invoices": len(group),
                "amount": amount,
                "days_to_pay": weighted[0],
                "days_late": weighted[1],
                "paid_late": sum(1 for each in late if each > 0),
                "latest": max(late),
                "account_id": agency.account_id,
            }
        )
    return rows


def lock_up(agency: Agency, as_of: date) -> list[Row]:
    """Return the days of revenue that are not invoiced and not paid, by currency."""
    first = as_of - timedelta(days=364)
    uninvoiced: dict[str, Decimal] = {}
    for row in agency.sandbox.report(agency.account_id, "report_uninvoiced", first, as_of):
        uninvoiced[row["currency"]] = uninvoiced.get(row["currency"], ZERO) + Decimal(row["uninvoiced_amount"])
    invoices = _invoices(agency)
    rows = []
    for currency in {each.currency for each in invoices} | set(uninvoiced):
        own = [each for each in invoices if each.currency == currency]
        year = [each for each in own if first <= each.issued <= as_of]
        net, gross = sum((each.net for each in year), ZERO), sum((each.amount for each in year), ZERO)
        due = sum((each.still_due for each in own if each.state == "open"), ZERO)
        wip = uninvoiced.get(currency, ZERO)
        if not (wip or due or gross):
            continue
        days = [_of_a_year(wip, net), _of_a_year(due, gross)]
        rows.append(
            {"currency": currency, "uninvoiced": wip, "due": due, "invoiced_in_a_year": net}
            | {"wip_days": days[0], "debtor_days": days[1]}
            | {"lock_up_days": None if None in days else round(sum(each for each in days if each is not None), 1)}
            | {"account_id": agency.account_id}
        )
    return rows


def _of_a_year(part: Decimal, whole: Decimal) -> float | None:
    if part == 0:
        return 0.0
    return share(part, whole, times=365, digits=1) if whole > 0 else None


def estimates_won(agency: Agency, first: date, last: date) -> list[Row]:
    """Return the offers of each quarter and currency, and what became of them."""
    billed = {
        each["estimate"]["id"] for each in agency.records("invoices") if each["estimate"] and each["state"] != "draft"
    }
    groups: dict[tuple[date, str], list[Row]] = {}
    for each in agency.records("estimates"):
        issued = day_of(each["issue_date"])
        if issued and first <= issued <= last and each["state"] != "draft":
            quarter = date(issued.year, (issued.month - 1) // 3 * 3 + 1, 1)
            groups.setdefault((quarter, each["currency"]), []).append(each)
    rows = []
    for (quarter, currency), group in groups.items():
        won = [each for each in group if each["state"] == "accepted"]
        waits = [
            (date.fromisoformat(each["accepted_at"][:10]) - date.fromisoformat(each["issue_date"])).days
            for each in won
            if each["accepted_at"]
        ]
        declined = sum(1 for each in group if each["state"] == "declined")
        rows.append(
            {
                "quarter": quarter,
                "currency": currency,
                "offers": len(group),
                "offered": sum((Decimal(each["amount"]) for each in group), ZERO),
                "won": len(won),
                "won_amount": sum((Decimal(each["amount"]) for each in won), ZERO),
                "open": sum(1 for each in group if each["state"] == "sent"),
                "invoiced": sum(1 for each in group if each["id"] in billed),
                "win_rate": share(Decimal(len(won)), Decimal(len(won) + declined)),
                "days_to_accept": share(Decimal(sum(waits)), Decimal(len(waits)), digits=1),
                "account_id": agency.account_id,
            }
        )
    return rows
