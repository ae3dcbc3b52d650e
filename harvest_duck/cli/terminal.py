"""Rows for people: what the screen is like, and how many rows it gets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from harvest_duck.display.chart import chart
from harvest_duck.display.result import OPTIONS, Advice, Form, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Form", "Screen", "chart_text", "result_text", "screen_of"]

#: A table on the terminal ends after so many rows; a file does not.
_ROWS_SHOWN = 1000
#: The width of a terminal that does not know its own.
_USUAL = 80


@dataclass(frozen=True, slots=True)
class Screen:
    """Where text is shown: its width in cells, None where it is no terminal, and whether it has styles."""

    width: int | None = None
    styled: bool = False


def screen_of(stream: IO[Any] | None) -> Screen:
    """Return what a stream is like, as COLUMNS, NO_COLOR, TERM and the terminal have it; None is a closed one."""
    if stream is None or not stream.isatty():
        # A pipe has no width: nothing is folded there.
        return Screen()
    # The older console of Windows shows escape sequences as they are; its Terminal sets WT_SESSION.
    obeys = os.name != "nt" or "WT_SESSION" in os.environ
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") in {"dumb", "unknown"}
    return Screen(_columns(stream), styled=obeys and not plain)


def _columns(stream: IO[Any]) -> int:
    """Return the width that COLUMNS says, else that of the terminal, else 80."""
    told = os.environ.get("COLUMNS", "")
    try:
        return int(told) if told.isdecimal() and int(told) else os.get_terminal_size(stream.fileno()).columns or _USUAL
    except (OSError, ValueError):
        return _USUAL


def result_text(
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    screen: Screen,
    form: Form | None = None,
    *,
    whole: bool = False,
    advice: Advice = OPTIONS,
) -> str:
    """Return the first 1,000 rows as text for a screen, without a line break at the end.

    Only these rows and one more are taken. Without a form, it is the one that suits the screen. `whole` shortens none.
    """
    taken = list(islice(rows, _ROWS_SHOWN + 1))
    more = len(taken) > _ROWS_SHOWN
    shown = taken[:_ROWS_SHOWN]
    return as_text(names, shown, screen.width, form=form, more=more, whole=whole, styled=screen.styled, advice=advice)


def chart_text(names: Sequence[str], rows: Iterable[Sequence[Any]], screen: Screen) -> str:
    """Return rows of two columns as a picture for a screen; raises `QueryError` for others."""
    return chart(names, rows, screen.width, styled=screen.styled)
