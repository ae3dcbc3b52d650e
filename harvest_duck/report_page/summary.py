"""The report in a few lines, as texts: the headline figures and what can be acted on, for a mail."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from harvest_duck.report_page.model import Card, Compared, Unseen
from harvest_duck.report_page.numbers import Numbers, days
from harvest_duck.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.report_page.model import Aged, Budget, Figures, Money

__all__ = ["Summary", "Table", "summary"]

#: How many rows a table has at most, and of each currency: the page has the others.
_ROWS, _OF_CURRENCY = 5, 3
_NONE = Decimal(0)
_TITLES = {
    "utilization": "Utilization",
    "budgets": "Budgets",
    "uninvoiced": "Not invoiced yet",
    "receivables": "Owed by clients",
    "revenue": "Revenue",
    "gaps": "Timesheet gaps",
    "profit": "Profit",
    "lock_up": "Lock-up",
    "quality": "What makes figures wrong",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below heads; the first column is what the row is about, the others are figures."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The report in a few lines; `about` says what it is of, and `notes` what is not to be seen in it."""

    title: str
    about: tuple[str, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def summary(figures: Figures) -> Summary:
    """Return the report in a few lines."""
    n = Numbers(figures.thousands_separator, figures.decimal_symbol)
    tables = [
        Table("Headline figures", ("", "this period", "before", "a year ago"), tuple(_headlines(figures, n))),
        *_to_act_on(figures, n),
    ]
    chosen = [choice.name for choice in (figures.client, figures.person) if choice is not None]
    return Summary(
        f"{', '.join(map(one_line, (figures.company, *chosen)))}: how the agency is doing, {days(figures.period)}",
        tuple(_about(figures)),
        tuple(table for table in tables if table.rows),
        tuple(_notes(figures)),
    )


def _about(figures: Figures) -> Iterator[str]:
    yield f"{days(figures.period)}, as {one_line(figures.person_name)} sees it, {figures.role}"
    yield f"before: {days(figures.before)}; a year ago: {days(figures.last_year)}"
    for kind, choice in (("client", figures.client), ("person", figures.person)):
        if choice is not None:
            yield f"of the {kind} {one_line(choice.name)}"


def _headlines(figures: Figures, n: Numbers) -> Iterator[tuple[str, ...]]:
    """Each headline figure with that of the period before and of a year ago."""
    u, v, w, r = figures.utilization, figures.revenue, figures.uninvoiced, figures.receivables
    if not isinstance(u, Unseen):
        for title, share in (("Worked, of capacity", u.utilization), ("Sold, of capacity", u.billable_utilization)):
            yield title, n.percent(share.value, 1), n.percent(share.before, 1), n.percent(share.last_year, 1)
        yield _row("Hours worked", u.hours, n)
    if not isinstance(v, Unseen):
        yield from _moneys("Invoiced, before tax", v.invoiced, n)
        yield from _moneys("Collected, with tax", v.collected, n)
    if not isinstance(w, Unseen):
        yield from _moneys("Not invoiced yet", w.total, n)
    if not isinstance(r, Unseen):
        yield from _moneys("Owed by clients", r.due, n)
        yield from _moneys("Overdue", r.overdue, n)
    if not isinstance(figures.budgets, Unseen) and figures.budgets.rows:
        over = f"{n.number(figures.budgets.over)} of {n.number(len(figures.budgets.rows))}"
        yield "Budgets used up", over, n.number(None), n.number(None)
    if not isinstance(figures.gaps, Unseen):
        yield "Hours missing, last four weeks", n.number(figures.gaps.missing_hours), n.number(None), n.number(None)


def _moneys(title: str, moneys: Sequence[Money], n: Numbers) -> Iterator[tuple[str, ...]]:
    for money in moneys:
        if money.amount.value or money.amount.before or money.amount.last_year:
            yield _row(f"{title}, {money.currency}", money.amount, n)


def _row(title: str, amount: Compared, n: Numbers) -> tuple[str, ...]:
    return title, n.number(amount.value), n.number(amount.before), n.number(amount.last_year)


def _to_act_on(figures: Figures, n: Numbers) -> Iterator[Table]:
    """What can be acted on: the most spent budgets, the largest amounts, the people whose hours are missing."""
    if not isinstance(figures.budgets, Unseen):
        used_up = [row for row in figures.budgets.rows if row.share_spent is not None and row.share_spent >= 1]
        rows = tuple((_budget(row), n.percent(row.share_spent)) for row in used_up[:_ROWS])
        yield Table("Budgets that are used up", ("", "spent"), rows)
    if not isinstance(figures.receivables, Unseen):
        late = [(row, sum(row.ages[1:], _NONE)) for row in figures.receivables.rows]
        yield _aged("Clients that are late", late, n)
    if not isinstance(figures.uninvoiced, Unseen):
        yield _aged("Work that can be invoiced", [(row, row.amount) for row in figures.uninvoiced.rows], n)
    if not isinstance(figures.gaps, Unseen):
        people = sorted(
            (each for each in figures.gaps.people if each.missing_hours), key=lambda each: -each.missing_hours
        )
        rows = tuple((one_line(each.name), n.number(each.missing_hours)) for each in people[:_ROWS])
        yield Table("Hours missing in timesheets", ("", "hours"), rows)


def _aged(title: str, rows: Sequence[tuple[Aged, Decimal]], n: Numbers) -> Table:
    """The clients with the largest amounts in each currency; the rows begin with the largest."""
    shown: dict[str, list[tuple[str, ...]]] = {}
    for row, amount in rows:
        of_currency = shown.setdefault(row.currency, [])
        if amount > 0 and len(of_currency) < _OF_CURRENCY:
            money = f"{row.currency} {n.number(amount)}"
            of_currency.append((one_line(row.client_name), money, f"{n.number(row.oldest_days)} days"))
    return Table(title, ("", "amount", "oldest"), tuple(chain.from_iterable(shown.values())))


def _budget(row: Budget) -> str:
    return f"{one_line(row.project_name)} ({one_line(row.client_name)})"


def _notes(figures: Figures) -> Iterator[str]:
    """What is not to be seen, and what is of a part of the account."""
    for name, title in _TITLES.items():
        card: Card | Unseen = getattr(figures, name)
        if isinstance(card, Unseen):
            yield f"{title}: {one_line(card.reason)}"
            continue
        if card.limited_to is not None:
            yield f"{title}: only {one_line(card.limited_to)}"
        if card.unfiltered is not None:
            yield f"{title}: {one_line(card.unfiltered)}"
