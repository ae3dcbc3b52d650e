"""A script on standard input: its pieces run one after the other, as soon as each is there, until one fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from harvest_duck.cli import failures
from harvest_duck.cli.shell import actions
from harvest_duck.cli.shell.pieces import pieces
from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.runtime import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harvest_duck.cli.shell.session import Session

__all__ = ["run"]


def run(session: Session, lines: Iterable[bytes]) -> None:
    """Run what the lines of standard input have, to their end or to `.quit`; the first error ends it with its line."""
    for piece in pieces(_decoded(lines)):
        try:
            actions.run(session, piece.text)
        except EOFError:
            return
        except (duckdb.Error, HarvestDuckError, OSError) as error:
            if interrupt.is_interrupt(error) or isinstance(error, BrokenPipeError):
                raise
            raise QueryError(f"standard input, line {piece.line}: {failures.one_line_of(error)}") from error


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise QueryError(f"standard input, line {number}: it is no UTF-8: write it in UTF-8") from None
