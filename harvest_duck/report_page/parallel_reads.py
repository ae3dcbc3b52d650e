"""Several queries of one connection at the same time, each by a cursor of its own."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.engine import register
from harvest_duck.engine.sibling import sibling

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from harvest_duck.errors import HarvestDuckError

__all__ = ["Read", "read_all"]

#: Seconds between two attempts to end what still runs: a query may begin to wait in between.
_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Read:
    """A query with a name, and the errors of a scan that are results of it as rows are."""

    name: str
    sql: str
    results: tuple[type[HarvestDuckError], ...] = ()


def read_all(con: duckdb.DuckDBPyConnection, reads: Sequence[Read]) -> dict[str, pa.Table | HarvestDuckError]:
    """Return the rows of each query; all of them end with the first that fails, or when the connection is interrupted.

    Raises the error of the first that fails.
    """
    cursors = [sibling(con) for _ in reads]
    with ThreadPoolExecutor(max(1, len(reads)), "harvest-duck report") as pool:
        futures = [pool.submit(_read, cursor, each) for cursor, each in zip(cursors, reads, strict=True)]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            return {each.name: future.result() for each, future in zip(reads, _finished(futures), strict=True)}
        finally:
            _end(futures, cursors)


def _finished(futures: list[Future[pa.Table]]) -> list[Future[pa.Table]]:
    """Return the futures; raises the error of the first that failed."""
    for future in futures:
        if future.done():
            future.result()
    return futures


def _end(futures: list[Future[pa.Table]], cursors: list[duckdb.DuckDBPyConnection]) -> None:
    """End what still runs, and wait for its end."""
    while wait(futures, timeout=0).not_done:
        for cursor in cursors:
            with suppress(duckdb.Error):
                register.interrupt(cursor)
        wait(futures, timeout=_AGAIN_S)
    for cursor in cursors:
        cursor.close()


def _read(cursor: duckdb.DuckDBPyConnection, wanted: Read) -> pa.Table | HarvestDuckError:
    try:
        return cursor.sql(wanted.sql).to_arrow_table()
    except (duckdb.Error, OSError) as error:
        # DuckDB has only the text of our errors.
        cause = register.last_error(cursor)
        if cause is None or str(cause) not in str(error):
            raise
        if isinstance(cause, wanted.results):
            return cause
        raise cause from error
