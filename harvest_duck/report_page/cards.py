"""The cards of the page: their titles, their places, and when there is nothing to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.report_page.model import LockUps, Uninvoiced, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.report_page.model import Figures

#: The columns of the page, which a row of cards fills.
_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Kind:
    """A card: its figure, a short and a full title, its part of the width, and what it says where there is nothing.

    `rows` names the sequence of the figure that is empty where there is nothing.
    """

    name: str
    figure: str
    link: str
    title: str
    width: int
    rows: str
    nothing: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A card that is drawn, and its width."""

    kind: Kind
    width: int


#: In the order of the page, row by row.
_ROWS = (
    (
        Kind(
            "utilization", "utilization", "Utilization", "Utilization by week", 8, "weeks", "Nobody had a working day."
        ),
        Kind("people", "utilization", "People", "Utilization by person", 4, "people", "Nobody had a working day."),
    ),
    (
        Kind(
            "budgets",
            "budgets",
            "Budgets",
            "Budgets of running projects",
            12,
            "rows",
            "No running project has a budget.",
        ),
    ),
    (
        Kind("uninvoiced", "uninvoiced", "Not invoiced", "Not invoiced yet", 6, "rows", "All that can be is invoiced."),
        Kind("receivables", "receivables", "Owed", "Owed by clients", 6, "rows", "No client owes anything."),
    ),
    (
        Kind("revenue", "revenue", "Revenue", "Revenue by month", 6, "rows", "Nothing was invoiced or paid."),
        Kind("profit", "profit", "Profit", "Profit by project", 6, "rows", "No project had hours, expenses or a fee."),
    ),
    (
        Kind("gaps", "gaps", "Timesheets", "Timesheet gaps", 8, "people", "Nobody was expected to write hours."),
        Kind(
            "lock_up",
            "lock_up",
            "Lock-up",
            "Lock-up",
            4,
            "rows",
            "Nothing is tied up, or there is no revenue to measure it by.",
        ),
    ),
    (Kind("quality", "quality", "Data", "What makes figures wrong", 12, "rows", "Nothing is missing in Harvest."),),
)
#: Every card, by its name.
KINDS = {kind.name: kind for row in _ROWS for kind in row}
#: The headline figures: the title of each, and the card that shows it.
HEADLINES = (
    ("Billable utilization", KINDS["utilization"]),
    ("Invoiced, before tax", KINDS["revenue"]),
    ("Not invoiced yet", KINDS["uninvoiced"]),
    ("Overdue", KINDS["receivables"]),
    ("Hours missing", KINDS["gaps"]),
)


def placed(figures: Figures) -> Iterator[Placed]:
    """Yield the cards that have something to show, each row as wide as the page."""
    for row in _ROWS:
        shown = [kind for kind in row if not _unseen(figures, kind) and not _is_empty(figures, kind)]
        for kind in shown:
            yield Placed(kind, kind.width if len(shown) == len(row) else _COLUMNS // len(shown))


def short(figures: Figures) -> Iterator[tuple[Kind, str]]:
    """Yield the cards that have nothing to show, each with the sentence that says why."""
    for row in _ROWS:
        for kind in row:
            card = getattr(figures, kind.figure)
            if isinstance(card, Unseen):
                yield kind, card.reason
            elif _is_empty(figures, kind):
                yield kind, kind.nothing


def definitions(figures: Figures, kind: Kind) -> list[str]:
    """Return how the figure of a card is counted: a text for each view that it comes from."""
    return [text for text in figures.definitions.get(kind.figure, "").split("\n\n") if text]


def _unseen(figures: Figures, kind: Kind) -> bool:
    return isinstance(getattr(figures, kind.figure), Unseen)


def _is_empty(figures: Figures, kind: Kind) -> bool:
    card = getattr(figures, kind.figure)
    if isinstance(card, LockUps):
        return not any(row.wip_days or row.debtor_days for row in card.rows)
    if isinstance(card, Uninvoiced):
        return not card.rows and not any(money.amount.value for money in card.total)
    return not getattr(card, kind.rows)
