"""Where the figures come from: the ready views over a copy, with the filter that fits each card.

A view that tells whose a row is answers for everyone once, and its rows are chosen. The others are asked anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from harvest_duck.pushdown.sql import text
from harvest_duck.report_page.copy import CATALOG
from harvest_duck.report_page.model import Compared, Money
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from harvest_duck.report_page.copy import Copy
    from harvest_duck.report_page.model import Choice, Period
    from harvest_duck.report_page.options import Options

__all__ = ["NONE", "Row", "Source", "amounts", "exact", "in_period", "money", "share", "total", "view", "within_any"]

#: A row of a view.
Row = dict[str, Any]
NONE = Decimal(0)
_SHARE = Decimal("0.0001")
_OF_ALL_CLIENTS = "This is of all clients, because capacity belongs to no client."
_OF_ALL_PEOPLE = "This is of all people, because budgets and invoices belong to no person."


@dataclass(frozen=True, slots=True)
class Source:
    """The ready views over a copy; cards of people are filtered by the person alone, those of money by the client."""

    copy: Copy
    options: Options
    week_starts: str
    client: Choice | None = None
    person: Choice | None = None

    def people(self, query: str) -> list[Row]:
        """Return the rows of a query, which has the column `user_id`, about the chosen person or everyone."""
        rows, person = self.copy.rows(query), self.person
        return rows if person is None else [row for row in rows if row["user_id"] == person.id]

    def clients(self, query: str) -> list[Row]:
        """Return the rows of a query, which has the column `client_id`, about the chosen client or all."""
        rows, client = self.copy.rows(query), self.client
        return rows if client is None else [row for row in rows if row["client_id"] == client.id]

    def money(self, query: str) -> list[Row]:
        """Return the rows of a query, which is asked of the records of the chosen client alone, or of all."""
        return self.copy.rows(query, None if self.client is None else self.client.id)

    def of_people(self, card: str) -> dict[str, str | None]:
        """Return what a card about people is limited to, and what it leaves of the chosen filter."""
        unfiltered = None if self.client is None else _OF_ALL_CLIENTS
        return {"limited_to": self.copy.visibility.limited_to(card), "unfiltered": unfiltered}

    def of_money(self, card: str) -> dict[str, str | None]:
        """Return what a card about money is limited to, and what it leaves of the chosen filter."""
        unfiltered = None if self.person is None else _OF_ALL_PEOPLE
        return {"limited_to": self.copy.visibility.limited_to(card), "unfiltered": unfiltered}


def view(name: str, **arguments: date | str) -> str:
    """Return the SELECT of a ready view over a copy, in brackets; what is not given has its default.

    Not by its macro, which checks the arguments at each use: that takes as long as half of the views.
    """
    found = load.views()[name]
    given = {each: text(str(value)) for each, value in arguments.items()}
    constants = {each.name: f"({given.get(each.name, each.default)})::{each.type}" for each in found.arguments}
    return f"({load.select_of(found, CATALOG, constants)})"


def in_period(name: str, period: Period, **arguments: date | str) -> str:
    """Return the SELECT of a ready view of a period, in brackets."""
    return view(name, from_date=period.first, to_date=period.last, **arguments)


def within_any(column: str, periods: Iterable[Period]) -> str:
    """Return the condition that a day lies in one of some periods."""
    return " OR ".join(f"{column} BETWEEN DATE '{each.first}' AND DATE '{each.last}'" for each in periods)


def share(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Return a part as a fraction of the whole, rounded half up to ten-thousandths as the views do."""
    return None if part is None or not whole else (part / whole).quantize(_SHARE, ROUND_HALF_UP)


def exact(value: float | Decimal | None) -> Decimal | None:
    """Return a number that a view rounded to a few digits as the decimal with these digits."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def total(rows: Iterable[Row], column: str) -> Decimal:
    """Return the sum of a column; what is not known counts as nothing."""
    return sum((row[column] for row in rows if row[column] is not None), NONE)


def amounts(rows: Iterable[Row], column: str) -> dict[str, Decimal]:
    """Return the sum of a column of money by currency."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        currency = row["currency"] or ""
        sums[currency] = sums.get(currency, NONE) + (row[column] or NONE)
    return sums


def money(currencies: Iterable[str], value: Mapping[str, Decimal], *others: Mapping[str, Decimal]) -> tuple[Money, ...]:
    """Return money in each currency, compared with that of the period before and of last year where they are given."""
    return tuple(
        Money(each, Compared(value.get(each, NONE), *(other.get(each, NONE) for other in others)))
        for each in currencies
    )
