"""What differs between what a client says of two servers, short enough to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["differences", "grouped", "hold"]


def grouped(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return lines by their first value, which a tab ends."""
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, rest = line.partition("\t")
        found.setdefault(name, []).append(rest)
    return found


def hold(found: Mapping[str, Sequence[object]], expected: Mapping[str, Sequence[object]]) -> None:
    """Raise AssertionError with all differences if there are any."""
    lines = []
    for name, (more, less) in sorted(differences(found, expected).items()):
        lines += [name, *(f"  only found: {line}" for line in more), *(f"  missing:    {line}" for line in less)]
    if lines:
        raise AssertionError("\n".join(lines))


def differences(
    found: Mapping[str, Sequence[object]], expected: Mapping[str, Sequence[object]]
) -> dict[str, tuple[list[object], list[object]]]:
    """Return, by name, the lines that are in `found` alone and those that are in `expected` alone, in their order.

    A line that is there more often on one side is among them too. Where the lines are the same in another order, both
    lists have all of them.
    """
    different = {}
    for name in found.keys() | expected.keys():
        left, right = list(found.get(name, ())), list(expected.get(name, ()))
        if left != right:
            more, less = _without(left, right), _without(right, left)
            different[name] = (more, less) if more or less else (left, right)
    return different


def _without(lines: list[object], others: list[object]) -> list[object]:
    """Return the lines that the others do not have, each as often as they lack it."""
    left = list(others)
    alone = []
    for line in lines:
        if line in left:
            left.remove(line)
        else:
            alone.append(line)
    return alone
