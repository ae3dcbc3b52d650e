"""The partitions of a read, planned beside the driver; `AccountId=*` and ranges of days take a few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from harvest_duck.errors import QueryError
from harvest_duck.integrations.spark.plan import refuse_twice, shares
from harvest_duck.integrations.spark.rows import refuse_unanswerable
from harvest_duck.integrations.spark.sources import sources
from harvest_duck.scanner.table_reader import TableReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.integrations.spark.options import Options
    from harvest_duck.integrations.spark.plan import Share

#: How often a list is counted again whose totals do not add up, as those of one that changes meanwhile.
_ROUNDS = 3


def planned(options: Options, names: Sequence[str]) -> list[Share]:
    """Return what each partition reads; there is always one.

    Raises the errors that a query would raise before its first request, and `QueryError` where ranges of days would
    leave out rows.
    """
    found = sources(options.connections, options.table)
    refuse_twice(found)
    parts = shares(found, options.cuts, options.hosts)
    refuse_unanswerable(options.table, names, parts[0], options.where)
    if options.cuts:
        for share in parts:
            if share.first is None:
                _refuse_rows_without_day(options, share)
    return parts


def _refuse_rows_without_day(options: Options, share: Share) -> None:
    """Raise `QueryError` unless the totals of Harvest prove that each record has a day, and so is in a range."""
    table, reader = options.table, TableReader(share.connection)
    assert table.day is not None  # noqa: S101 - `options` lets no other table have ranges
    name, cut = table.day.name, options.cuts[0]
    for _ in range(_ROUNDS):
        parts = (pc.field(name) < cut, pc.field(name) >= cut)
        if reader.count(table).rows == sum(reader.count(table, keep).rows for keep in parts):
            return
    raise QueryError(
        f"{table.name}: as Harvest counts them, some rows have no {name}, or rows come and go all the time, so that "
        "ranges of days may leave some out: leave numPartitions out"
    )
