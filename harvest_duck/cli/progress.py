"""The progress of a query on a terminal: what is read, how much of it, and how long it will take."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harvest_duck.display.progress_line import progress_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb
    from rich.console import Console

#: Seconds until something is shown, and between two updates.
_PATIENCE_S = 1.0


@contextmanager
def shown(con: duckdb.DuckDBPyConnection) -> Iterator[Callable[[], None]]:
    """A context that shows the progress of the query of `con` as `line_shown` does, and yields what that yields."""
    if not on_terminal():
        yield lambda: None
        return
    # Imported where there is a terminal, and before the thread, which may not be importing when the process ends.
    from harvest_duck.engine import register  # noqa: PLC0415

    with line_shown(lambda: progress_line(register.progress(con).to_pylist())) as end:
        yield end


def on_terminal() -> bool:
    """Return whether progress is shown: where standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def line_shown(line: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """A context that shows a line on the terminal of standard error after a second, and again each second.

    It yields a function that takes away what is shown, before something else is written to the terminal.
    """
    # As above.
    from rich.console import Console  # noqa: PLC0415

    over = threading.Event()
    showing = threading.Thread(target=_show, args=(Console(stderr=True), line, over), daemon=True)
    showing.start()

    def end() -> None:
        over.set()
        showing.join()

    try:
        yield end
    finally:
        end()


def _show(console: Console, line: Callable[[], str], over: threading.Event) -> None:
    if over.wait(_PATIENCE_S):
        return
    with console.status("") as status:
        while not over.is_set():
            status.update(line())
            over.wait(_PATIENCE_S)
