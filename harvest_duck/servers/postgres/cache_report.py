"""What a served database holds of Harvest, how old it is, and what it has asked: the rows of `SHOW harvest.cache`."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.cache.coverage import Region
from harvest_duck.cache.memory import memory
from harvest_duck.cache.moment import now
from harvest_duck.errors import MirrorError
from harvest_duck.http.request_log import FILE, HARVEST, MEMORY
from harvest_duck.mirror.status import mirror_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harvest_duck.cache.memory import HeldTable
    from harvest_duck.cache.moment import Moment
    from harvest_duck.connection import Connection
    from harvest_duck.mirror.status import TableStatus

__all__ = ["COLUMNS", "cache_report"]

#: `whole` tells whether a query of any rows is answered; `age_s` is that of the oldest rows. `requests` are those that
#: the server has sent for a table since it began, in the first of its rows.
COLUMNS = pa.schema(
    [
        ("table_name", pa.string()),
        ("source", pa.string()),
        ("whole", pa.bool_()),
        ("rows", pa.int64()),
        ("bytes", pa.int64()),
        ("age_s", pa.float64()),
        ("tolerance_s", pa.float64()),
        ("requests", pa.int64()),
    ]
)


def cache_report(settings: Connection, requests: Mapping[str, int]) -> pa.Table:
    """Return a row of `COLUMNS` for each table that is held or was asked for, given the requests that were sent.

    The rows are in the order of their names. Nothing is sent. What is too old to answer is left out.
    """
    found = [*_of_file(settings), *_of_memory(settings, now())]
    held = {row["table_name"] for row in found}
    found += [
        {"table_name": name, "source": HARVEST} for name, number in requests.items() if number and name not in held
    ]
    found.sort(key=itemgetter("table_name", "source"))
    told: set[str] = set()
    for row in found:
        if row["table_name"] not in told:
            row["requests"] = requests.get(row["table_name"], 0)
            told.add(row["table_name"])
    return pa.Table.from_pylist(found, COLUMNS)


def _of_memory(settings: Connection, at: Moment) -> Iterator[dict[str, Any]]:
    cache = settings.cache
    if cache is None or cache.offline:
        return
    for name, table in memory().tables(settings.identity).items():
        row = _held(table, cache.tolerance_s, at)
        if row is not None:
            yield {"table_name": name, "source": MEMORY, "tolerance_s": cache.tolerance_s, **row}


def _held(table: HeldTable, tolerance_s: float, at: Moment) -> dict[str, Any] | None:
    pieces = table.fresh(tolerance_s, at)
    if not pieces:
        return None
    batches = [batch for piece in pieces for batch in piece.batches]
    return {
        "whole": any(Region(inputs=piece.region.inputs).within(piece.region) for piece in pieces),
        "rows": sum(batch.num_rows for batch in batches),
        "bytes": sum(batch.nbytes for batch in batches),
        "age_s": round(max(piece.began.age_s(at) for piece in pieces), 1),
    }


def _of_file(settings: Connection) -> Iterator[dict[str, Any]]:
    cache = settings.cache
    if cache is None or cache.path is None:
        return
    tolerance_s = None if cache.offline else cache.tolerance_s
    for table in _tables_of(cache.path):
        row = {"whole": table.values_whole_at is not None, "rows": table.rows, "bytes": table.bytes}
        yield {"table_name": table.table, "source": FILE, "tolerance_s": tolerance_s, "age_s": _age_s(table), **row}


def _tables_of(path: Path) -> tuple[TableStatus, ...]:
    """The tables of a copy; none where there is no copy yet."""
    with suppress(MirrorError):
        return mirror_status(path).tables
    return ()


def _age_s(table: TableStatus) -> float | None:
    """The seconds since the rows were known to be all of them, None where they never were."""
    if table.proven_at is None:
        return None
    return round(max(0.0, (datetime.now(UTC) - table.proven_at).total_seconds()), 1)
