"""Seeded random numbers: the same seed gives the same numbers again.

Only `Random.random` is used, whose sequence Python promises to keep between versions; the other methods of `random`
have changed before. Each part of the agency has its own stream, so that a change of the expenses does not change the
clients.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class RandomSource:
    """A stream of random numbers named by `seed` and `stream`."""

    def __init__(self, seed: int, stream: str) -> None:
        self.random = random.Random(f"{seed}/{stream}").random  # noqa: S311 - made-up records, no secrets

    def chance(self, probability: float) -> bool:
        """Return True with that probability."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of `choices`, each with the same probability."""
        return choices[int(self.random() * len(choices))]

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """Return `count` different ones of `choices` in their order, or all if there are fewer."""
        left = list(range(len(choices)))
        chosen = [left.pop(int(self.random() * len(left))) for _ in range(min(count, len(left)))]
        return [choices[index] for index in sorted(chosen)]

    def key(self, length: int = 40) -> str:
        """Return a lower-case hexadecimal key such as Harvest puts into links for clients."""
        return "".join("0123456789abcdef"[int(self.random() * 16)] for _ in range(length))


def weighted(*weights: tuple[T, int]) -> tuple[T, ...]:
    """Return each choice as many times as its weight, for `RandomSource.pick`."""
    return tuple(choice for choice, weight in weights for _ in range(weight))


class Ids:
    """Ids like Harvest's: large, ascending, with gaps."""

    def __init__(self, rng: RandomSource, start: int, gap: int = 40) -> None:
        self._rng = rng
        self._last = start
        self._gap = gap

    def next(self) -> int:
        """Return the next id, larger than all before."""
        self._last += 1 + int(self._rng.random() * self._gap)
        return self._last
