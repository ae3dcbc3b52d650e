"""How much a run tries of what could go on for ever: examples that are drawn, seeds, processes at once.

A usual run tries a twentieth of them, drawn anew each time; `pytest --thorough` tries all, or what `--share` says.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

Case = TypeVar("Case")

__all__ = ["add_option", "apply", "keep_what_differs", "share", "some_of", "some_of_postgres", "usually"]

#: The share that a thorough run tries; the processes of a run inherit it.
_VARIABLE = "HARVEST_DUCK_THOROUGH"
_USUAL = 0.05
#: Where a step of `.ci` sets one of them, every case of the server that speaks PostgreSQL's protocol is tried.
_WHOLE = ("HARVEST_DUCK_REQUIRE_POSTGRES", "HARVEST_DUCK_EVERY_CASE")
#: What hypothesis draws where a test does not say how much.
_EXAMPLES = 100


def share(number: int) -> int:
    """Return the share of a number that this run tries: in a usual one a twentieth; at least 1."""
    return max(1, round(number * float(os.environ.get(_VARIABLE) or _USUAL)))


def some_of(cases: Iterable[Case], turn: int, every: int = 6) -> list[Case]:
    """Return every sixth case or so, beginning with another at each turn; a thorough run takes others, or more."""
    if thorough := os.environ.get(_VARIABLE):
        every = min(every, round(1 / float(thorough)))
        turn += 1
    return list(cases)[turn % every :: every]


def some_of_postgres(cases: Iterable[Case], every: int = 4) -> list[Case]:
    """Return every fourth case or so of the PostgreSQL server, and all of them in the steps of `.ci`."""
    return list(cases)[:: 1 if any(map(os.environ.get, _WHOLE)) else every]


def usually(cases: Iterable[object], every: int = 2) -> list[object]:
    """Return all cases, of which a usual run takes every second or so, and a thorough one the others."""
    return [
        case if number % every == 0 else pytest.param(case, marks=pytest.mark.thorough)
        for number, case in enumerate(cases)
    ]


def add_option(parser: pytest.Parser) -> None:
    """Add `--thorough`, `--share` and `--with-thorough`."""
    parser.addoption(
        "--thorough",
        action="store_true",
        help="run the tests that draw examples, with all of them, those of all faults, and what is left to such a run",
    )
    parser.addoption(
        "--share",
        type=float,
        default=1.0,
        help="how much of what --thorough draws it takes, such as 0.3; all by default",
    )
    parser.addoption(
        "--with-thorough",
        action="store_true",
        help="run also the tests that are left to a thorough run, with as many examples as usual",
    )


def apply(config: pytest.Config) -> None:
    """Let this process, whose test modules are still to be imported, draw as many examples as the option says."""
    if config.getoption("--thorough"):
        os.environ[_VARIABLE] = str(config.getoption("--share"))
    else:
        os.environ.pop(_VARIABLE, None)
    settings.register_profile("of the run", max_examples=share(_EXAMPLES), deadline=None)
    settings.load_profile("of the run")


def keep_what_differs(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect in a thorough run what does no more than in a usual one, and in a usual one what is left to that.

    What writes pages anew runs all that checks them.
    """
    if config.getoption("--with-thorough") or os.environ.get("UPDATE_README"):
        return
    chosen = _draws if config.getoption("--thorough") else _is_usual
    config.hook.pytest_deselected(items=[item for item in items if not chosen(item)])
    items[:] = filter(chosen, items)


def _is_usual(item: pytest.Item) -> bool:
    """Whether a test also runs in a usual run."""
    return item.get_closest_marker("thorough") is None


def _draws(item: pytest.Item) -> bool:
    """Whether hypothesis draws for a test, it takes a share of something else, or runs in a thorough run alone."""
    return (
        hasattr(getattr(item, "obj", None), "hypothesis")
        or any(item.get_closest_marker(name) is not None for name in ("takes_a_share", "thorough"))
        or "seeds" in getattr(item, "fixturenames", ())
    )
