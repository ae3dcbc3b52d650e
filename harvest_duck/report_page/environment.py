"""The environment of the templates: what they can call, all of it functions of values.

Everything that a template writes is escaped, but for what `named` and the templates themselves make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harvest_duck.report_page import cards, charts, marks, numbers, words
from harvest_duck.report_page.model import Figures, LockUp, Unseen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from decimal import Decimal

    from harvest_duck.report_page.model import Money

_FEW_CURRENCIES = 3


def environment() -> Environment:
    """Return the environment of the templates of the page."""
    made = Environment(
        loader=PackageLoader("harvest_duck.report_page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    functions = (numbers.days, numbers.full_day, numbers.short_day, numbers.weekday, numbers.month_of_year)
    of_words = (words.outlook, words.lack, words.project_type, words.why_unknown, charts.plain, charts.isolated)
    own = (_named, _coordinate, _percentage, _worth, _ends, _extremes, _grouped)
    made.filters |= {each.__name__.lstrip("_"): each for each in (*functions, *of_words, *own)}
    made.tests |= {
        "seen": _is_seen,
        "silent": _is_silent,
        "barred": _is_barred,
        "headlined": _is_headlined,
        "measured": _is_measured,
    }
    drawn = (marks.bar, marks.apart, marks.bullet, marks.spark, marks.level, charts.weeks, charts.months)
    told = (charts.quantity, charts.aged, charts.aged_tip, charts.longest_days, cards.definitions)
    made.globals |= {each.__name__: each for each in (*drawn, *told)}
    made.globals |= {"numeric": _numeric, "most_clients": _most_clients, "headlines": cards.HEADLINES}
    made.globals |= {"WORK_AGES": charts.WORK_AGES, "LATE_AGES": charts.LATE_AGES}
    return made


def _named(text: str) -> Markup:
    """Return text from Harvest as HTML, which cannot turn the text around it."""
    return Markup("<bdi>{}</bdi>").format(charts.plain(text))


def _coordinate(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _percentage(value: float) -> str:
    return f"{_coordinate(value)}%"


def _worth(rows: Sequence[Money]) -> list[Money]:
    """Return the money that is not nothing."""
    return [row for row in rows if row.amount.value]


def _ends(rows: Sequence[Any], each: int) -> list[Any]:
    """Return the first and the last `each` rows, all of them where that leaves out none."""
    return [*rows] if len(rows) <= 2 * each else [*rows[:each], *rows[-each:]]


def _extremes(rows: Sequence[Any], attribute: str) -> tuple[Any, Any]:
    """Return the row with the highest and the row with the lowest value of an attribute."""

    def value(row: object) -> Decimal:
        found: Decimal = getattr(row, attribute)
        return found

    return max(rows, key=value), min(rows, key=value)


def _grouped(rows: Sequence[Any], attribute: str) -> dict[Any, list[Any]]:
    """Return the rows by the value of an attribute, in the order in which the values come first."""
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(getattr(row, attribute), []).append(row)
    return groups


def _numeric(heads: Sequence[str | date]) -> list[tuple[str, str]]:
    """Return heads of columns with numbers: texts as they are, days by their short form."""
    return [(head if isinstance(head, str) else numbers.short_day(head), "n") for head in heads]


def _most_clients(figures: Figures) -> int:
    """Return how many clients of a currency a card shows: fewer where there are many currencies."""
    return 6 if len(figures.currencies) <= _FEW_CURRENCIES else 3


def _is_seen(card: object) -> bool:
    return not isinstance(card, Unseen)


def _is_silent(figures: Figures) -> bool:
    """Whether there is nothing to count."""
    return not any(cards.placed(figures))


def _is_barred(figures: Figures) -> bool:
    """Whether the token may see none of the figures."""
    return not any(_is_seen(getattr(figures, kind.figure)) for kind in cards.KINDS.values())


def _is_headlined(figures: Figures) -> bool:
    """Whether there is a figure for the headlines."""
    return not _is_silent(figures) and any(_is_seen(getattr(figures, kind.figure)) for _, kind in cards.HEADLINES)


def _is_measured(row: LockUp) -> bool:
    return row.wip_days is not None or row.debtor_days is not None
