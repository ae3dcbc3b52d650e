"""The published file of a copy, to look at: its rows, and what is known of them, which may be in the file beside it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harvest_duck.mirror import check_file, definitions, mirror_file
from harvest_duck.mirror.paths import MirrorPaths
from harvest_duck.mirror.working_copy import WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from harvest_duck.mirror.run_records import RunRecords


@contextmanager
def published_copy(path: str | os.PathLike[str]) -> Iterator[tuple[WorkingCopy, RunRecords]]:
    """A context with the rows of the copy at `path`, and its newest records; both are empty where there is no copy.

    Raises `MirrorError` for a file that is no copy, and for one that another program writes to.
    """
    paths = MirrorPaths.of(path)
    with mirror_file.instance() as con, mirror_file.reporting(paths.published, "read"):
        if not os.path.lexists(paths.published):
            yield _empty(con)
            return
        mirror_file.attach_published(con, paths.published)
        copy = WorkingCopy(con)
        with check_file.attached(con, paths, copy.source().generation) as checks:
            yield copy, checks or copy


def _empty(con: duckdb.DuckDBPyConnection) -> tuple[WorkingCopy, RunRecords]:
    con.execute(f"ATTACH ':memory:' AS {definitions.CATALOG}")
    for statement in definitions.schemas():
        con.execute(statement)
    copy = WorkingCopy(con)
    copy.make_source("")
    return copy, copy
