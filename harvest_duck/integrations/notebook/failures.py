"""Errors of a cell as one line: IPython shows that in the place of a traceback, and the cell has failed nonetheless."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.connection.secret_lines import may_hold_secret
from harvest_duck.engine import register
from harvest_duck.engine.arrow_stream import sentence_in
from harvest_duck.errors import HarvestDuckError
from harvest_duck.exports.source import our_errors
from harvest_duck.runtime.interrupt import is_interrupt
from harvest_duck.text import one_line, shortened, terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["one_line_errors", "requests_ended"]

#: What DuckDB shows of the SQL below a message, and where in it the fault is.
_PLACE = re.compile(r"\n+(?P<begin>LINE \d+: )(?P<code>.*)\n(?P<before> *)\^", re.DOTALL)
#: The most characters of the SQL that stand in an error.
_LONGEST = 60
_INTERRUPTED = "KeyboardInterrupt: the query is interrupted, and its requests have ended"


@contextmanager
def one_line_errors() -> Iterator[None]:
    """A context whose errors IPython shows as one line: those of ours, of DuckDB, of the system, and Ctrl-C."""
    try:
        yield
    except (HarvestDuckError, duckdb.Error, OSError, KeyboardInterrupt) as error:
        line = _line(error)
        # IPython asks an error how it is shown: `InteractiveShell.showtraceback`, IPython 7 to 9.
        error._render_traceback_ = lambda: [line]  # type: ignore[union-attr]
        raise


@contextmanager
def requests_ended(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A context that raises our errors, and after whose interrupt no request of the connection is under way."""
    try:
        with our_errors(con):
            yield
    except KeyboardInterrupt:
        register.interrupt(con)
        raise
    except (duckdb.Error, OSError, RuntimeError) as error:
        if not is_interrupt(error):
            raise
        register.interrupt(con)
        raise KeyboardInterrupt from error


def _line(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED
    told = terminal_safe(sentence_in(str(error)))
    if not isinstance(error, duckdb.Error):
        return f"{type(error).__name__}: {one_line(told)}"
    place = _PLACE.search(told)
    if place is None:
        return one_line(told)
    if may_hold_secret(place["code"], ()):
        return one_line(told[: place.start()])
    # The number of the line is that in the statement, of which the cell may have several.
    fault = one_line(place["code"][max(len(place["before"]) - len(place["begin"]), 0) :])
    return f"{one_line(told[: place.start()])}, at: {shortened(fault, _LONGEST)}"
