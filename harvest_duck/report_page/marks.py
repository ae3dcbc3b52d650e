"""The geometry of the marks that stand for figures: columns, bars, lines and the cells of a heat table.

A mark is drawn at any width: across, everything is in percent of the width, and up likewise of the height. The
templates in `marks.svg.j2` write the SVG.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from math import floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: A bullet ends here, so that one project at 1,735 % does not flatten the others.
_LONGEST_BULLET = Decimal("1.5")
_HALF = Decimal("0.5")
_OVERTIME = Decimal("1.15")
#: So many columns leave no room for a label below each.
_DENSE = 16
_ROUND_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle: where it begins and how large it is, in percent, and what it stands for."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Item:
    """What a column is made of: the text below it, what its tip says, and its values by kind."""

    label: str
    tip: tuple[str, ...]
    values: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is drawn: its place, its label, its tip, and its parts."""

    x: float
    width: float
    label: str
    label_x: float
    tip: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns over an axis: its ticks (place and value), and the points of a line over the columns.

    A label stands at the middle of its column, but at the beginning where they are `dense`.
    """

    ticks: tuple[tuple[float, Decimal], ...]
    columns: tuple[Column, ...]
    line: tuple[tuple[float, float], ...]
    dense: bool


@dataclass(frozen=True, slots=True)
class Bullet:
    """What is spent of a budget: the width of it, that of the whole budget, and whether it goes on beyond the end."""

    spent: float
    budget: float
    beyond: bool


def columns(items: Sequence[Item], *, beside: bool = False, line: Sequence[Decimal] = ()) -> Columns:
    """Return the columns of these items, with their values upon each other, or `beside` each other.

    `line` has a value for each item, and becomes a line in steps.
    """
    tops = [_top(item, beside=beside) for item in items]
    lows = [value for item in items for _, value in item.values]
    ticks = _ticks(min([Decimal(0), *lows]), max([Decimal(0), *tops, *line]))
    low, span = ticks[0], ticks[-1] - ticks[0]

    def up(value: Decimal) -> float:
        return float(100 - (value - low) / span * 100)

    width = 100 / len(items)
    dense = len(items) >= _DENSE
    drawn = []
    for n, item in enumerate(items):
        parts = _beside(item, n * width, width, up) if beside else _upon(item, n * width, width, up)
        label_x = (n + (0.1 if dense else 0.5)) * width
        drawn.append(Column(n * width, width, item.label, label_x, item.tip, parts))
    steps = [(x * width, up(value)) for n, value in enumerate(line) for x in (n, n + 1)]
    return Columns(tuple((up(tick), tick) for tick in ticks), tuple(drawn), tuple(steps), dense)


def _top(item: Item, *, beside: bool) -> Decimal:
    values = [value for _, value in item.values]
    return max(values, default=Decimal(0)) if beside else sum(values, Decimal(0))


def _upon(item: Item, x: float, width: float, up: Callable[[Decimal], float]) -> tuple[Part, ...]:
    gap = width * 0.22
    ends = list(accumulate((value for _, value in item.values), initial=Decimal(0)))
    return tuple(
        Part(kind, x + gap / 2, up(ends[n + 1]), width - gap, up(ends[n]) - up(ends[n + 1]))
        for n, (kind, value) in enumerate(item.values)
        if value > 0
    )


def _beside(item: Item, x: float, width: float, up: Callable[[Decimal], float]) -> tuple[Part, ...]:
    gap = width * 0.3
    each = (width - gap) / len(item.values)
    zero = up(Decimal(0))
    return tuple(
        Part(kind, x + gap / 2 + n * each, min(up(value), zero), each, abs(up(value) - zero))
        for n, (kind, value) in enumerate(item.values)
        if value
    )


def _ticks(low: Decimal, high: Decimal, wanted: int = 4) -> list[Decimal]:
    """Return round numbers from at most `low` to at least `high`, some `wanted` of them."""
    raw = float(high - low) / wanted or 1.0
    power = 10 ** floor(log10(raw))
    step = Decimal(str(next(times * power for times in _ROUND_STEPS if times * power >= raw * 0.999)))
    first = int(low // step) if low >= 0 else -int(-low // step) - (1 if low % step else 0)
    found = [first * step]
    while found[-1] < high or len(found) == 1:
        found.append(found[-1] + step)
    return found


def bar(values: Sequence[tuple[str, Decimal]], top: Decimal) -> tuple[Part, ...]:
    """Return the parts of a bar, one after the other, of which `top` fills the width; nothing goes beyond it."""
    parts = []
    x = Decimal(0)
    for kind, value in values:
        width = min(max(value, Decimal(0)), top - x)
        if width > 0:
            parts.append(Part(kind, float(x / top * 100), 0, float(width / top * 100), 100))
            x += width
    return tuple(parts)


def apart(value: Decimal, largest: Decimal) -> Part:
    """Return the bar of a value from the middle: to the right, or to the left where it is below nothing."""
    width = float(abs(value) / largest * 50) if largest else 0.0
    return Part("gain" if value >= 0 else "loss", 50 if value >= 0 else 50 - width, 0, width, 100)


def bullet(share: Decimal | None) -> Bullet:
    """Return the bullet of the share of a budget that is spent."""
    shown = min(max(share or Decimal(0), Decimal(0)), _LONGEST_BULLET)
    whole = float(100 / _LONGEST_BULLET)
    return Bullet(float(shown) * whole, whole, beyond=share is not None and share > _LONGEST_BULLET)


def spark(values: Sequence[Decimal]) -> tuple[tuple[float, float], ...]:
    """Return the points of a small line, nothing for fewer than two values."""
    top = max(values, default=Decimal(0)) or Decimal(1)
    last = len(values) - 1
    return tuple((n / last * 100, 96 - float(value / top) * 88) for n, value in enumerate(values)) if last > 0 else ()


def level(hours: Decimal | None, expected: Decimal, at_least: Decimal) -> str:
    """Return how full a day is: `off` where no hours were expected, else from `empty` to `long`."""
    if hours is None or not expected:
        return "off"
    share = hours / expected
    if not hours:
        return "empty"
    if share < at_least:
        return "low" if share < min(_HALF, at_least) else "short"
    return "full" if share <= _OVERTIME else "long"
