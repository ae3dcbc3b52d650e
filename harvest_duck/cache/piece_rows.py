"""Rows of pieces: those at some places, those that were not delivered, and a piece with the records that changed."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.pushdown.arrow_filter import matching

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from harvest_duck.cache.memory import Piece
    from harvest_duck.catalog.model import Table
    from harvest_duck.pushdown.domain import Domain
    from harvest_duck.pushdown.ranges import Range

_ACCOUNT = "account_id"


class Records:
    """A set of records of one table, by their ids and accounts."""

    def __init__(self, table: Table) -> None:
        identity = table.identity
        assert identity is not None  # noqa: S101 - pieces are put together of tables whose records have ids
        self.columns = (identity.name, _ACCOUNT)
        self._ids: dict[int | None, list[pa.Array]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the records of a batch."""
        for account, ids in self._by_account(batch):
            self._ids.setdefault(account, []).append(ids)

    def without(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of a batch that are of none of the records."""
        found = batch
        for account, several in self._ids.items():
            ids = pc.is_in(found[self.columns[0]], value_set=pa.concat_arrays(several))
            known = pc.and_(ids, _equal(found[_ACCOUNT], account))
            if pc.any(known).as_py():
                found = matching(found, pc.invert(known))
        return found

    def _by_account(self, batch: pa.RecordBatch) -> Iterator[tuple[int | None, pa.Array]]:
        ids, accounts = batch[self.columns[0]], batch[_ACCOUNT]
        for account in accounts.unique().to_pylist():
            yield account, ids.filter(_equal(accounts, account))


def _equal(accounts: pa.Array, account: int | None) -> pa.BooleanArray:
    return pc.is_null(accounts) if account is None else pc.fill_null(pc.equal(accounts, account), fill_value=False)


def brought_up(piece: Piece, changed: Sequence[pa.RecordBatch], table: Table, horizon: datetime, state: int) -> Piece:
    """Return a piece with the records that changed as they are now; those at other places do no harm."""
    records = Records(table)
    for batch in changed:
        records.add(batch)
    kept = [records.without(batch) for batch in piece.batches]
    batches = (*(batch for batch in kept if batch.num_rows), *changed)
    return replace(piece, batches=batches, horizon=horizon, state=state)


def at_places(batch: pa.RecordBatch, column: str, along: Domain) -> pa.RecordBatch:
    """Return the rows of a batch whose place lies within a domain."""
    return batch if along.everything else matching(batch, _within(column, along, batch.schema.field(column).type))


def count_within(batches: Iterable[pa.RecordBatch], domains: Mapping[str, Domain]) -> int:
    """Return the number of rows whose columns lie within domains; 0 where they cannot be compared."""
    found = 0
    for batch in batches:
        kept = batch.select(list(domains))
        try:
            for column, domain in domains.items():
                kept = at_places(kept, column, domain)
        except (pa.ArrowException, TypeError, OverflowError):
            return 0
        found += kept.num_rows
    return found


def _within(column: str, along: Domain, kind: pa.DataType) -> pc.Expression:
    field = pc.field(column)
    single = [part.single for part in along.ranges if part.single is not None]
    terms = [_between(field, part, kind) for part in along.ranges if part.single is None]
    terms += [field.isin(pa.array(single, kind))] if single else []
    terms += [field.is_null()] if along.nulls else []
    return reduce(or_, terms, pc.scalar(False))  # noqa: FBT003 - no row


def _between(field: pc.Expression, part: Range, kind: pa.DataType) -> pc.Expression:
    found = field.is_valid()
    if part.low is not None:
        end = pa.scalar(part.low.value, kind)
        found &= field >= end if part.low.inclusive else field > end
    if part.high is not None:
        end = pa.scalar(part.high.value, kind)
        found &= field <= end if part.high.inclusive else field < end
    return found
