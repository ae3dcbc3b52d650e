"""Seeded chance: every believable accident of the sandbox is drawn here, and the same seed draws the same again.

Only `Random.random` is used, whose sequence Python promises to keep between versions; the other methods of `random`
have changed before. Each part of the agency draws from its own stream, so that more expenses do not reshuffle the
clients.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Dice:
    """A stream of chance named by `seed` and `stream`."""

    def __init__(self, seed: int, stream: str) -> None:
        self.roll = random.Random(f"{seed}/{stream}").random  # noqa: S311 - made-up records, no secrets

    def chance(self, probability: float) -> bool:
        """True as often as `probability` says."""
        return self.roll() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.roll() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, each as likely as the next."""
        return choices[int(self.roll() * len(choices))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `choices` in their order, or all of them where there are fewer."""
        left = list(range(len(choices)))
        chosen = [left.pop(int(self.roll() * len(left))) for _ in range(min(count, len(left)))]
        return [choices[index] for index in sorted(chosen)]

    def key(self, length: int = 40) -> str:
        """A lower-case hexadecimal key such as Harvest puts into links for clients."""
        return "".join("0123456789abcdef"[int(self.roll() * 16)] for _ in range(length))


def loaded(*weights: tuple[T, int]) -> tuple[T, ...]:
    """The choices, each as many times as it weighs, for `Dice.pick` to draw from."""
    return tuple(face for face, weight in weights for _ in range(weight))


class Ids:
    """Ids that grow as Harvest's do: large, ascending, with gaps left by other customers."""

    def __init__(self, dice: Dice, start: int, gap: int = 40) -> None:
        self._dice = dice
        self._last = start
        self._gap = gap

    def next(self) -> int:
        """The next id, larger than all before."""
        self._last += 1 + int(self._dice.roll() * self._gap)
        return self._last
