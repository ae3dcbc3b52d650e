"""One table of Harvest as an Arrow dataset, which DuckDB scans: columns and filter in, record batches out.

The connection string travels to the scan as a filter on the hidden column `_connection`: see `engine`. DuckDB applies a
filter that it has handed over nowhere else, so every batch is filtered here by the whole of it; requests are narrowed
by as much of it as `pushdown` can read.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from harvest_duck.arrow_types import CONNECTION, schema_of
from harvest_duck.builtin import resolved
from harvest_duck.client import client_for
from harvest_duck.decode import Decoder
from harvest_duck.domain import domains
from harvest_duck.endpoints import TABLES
from harvest_duck.errors import CredentialsError, HarvestDuckError, QueryError
from harvest_duck.pages import Scan
from harvest_duck.planner import Target, plan, refuse_unseen
from harvest_duck.predicate import Compare, Op, Predicate, conjuncts
from harvest_duck.pushdown import Filter, read_filter
from harvest_duck.stream import reader
from harvest_duck.table import Host, Table

if TYPE_CHECKING:
    import pyarrow.compute as pc

    from harvest_duck.connection import Connection

__all__ = ["HarvestDataset", "attached", "open_scan"]

Failed = Callable[[HarvestDuckError], None]

_IDS = range(2**63)
_attached: dict[str, str] = {}


def attached(connection: str) -> str:
    """A name for a connection string that SQL may show; the string itself stays in this process."""
    known = next((handle for handle, text in _attached.items() if text == connection), None)
    if known is None:
        # Not to be guessed: every connection of DuckDB in this process could use it.
        known = f"@{secrets.token_hex(16)}"
        _attached[known] = connection
    return known


class HarvestDataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no annotations
    """The dataset of one table; `failed` is told every error that a scan of it ends with."""

    def __init__(self, table: Table, failed: Failed) -> None:
        # Dataset has no constructor to call: DuckDB asks a subclass only for `schema` and `scanner`.
        self._table = table
        self._failed = failed
        self._schema = schema_of(table).append(pa.field(CONNECTION, pa.string()))

    @property
    def schema(self) -> pa.Schema:
        """The columns of the table, and the hidden one that carries the connection string."""
        return self._schema

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - the name by which DuckDB passes it
        **_: object,
    ) -> _Scanner:
        """A scan of `columns` for the rows that `filter` keeps, its requests not yet sent."""
        try:
            names = self._schema.names if columns is None else list(columns)
            read = read_filter(filter, self._schema)
            connection = _connection_in(read.predicate, self._table)
            return _Scanner(_scan(self._table, connection, names, expression=filter, read=read, failed=self._failed))
        except HarvestDuckError as error:
            self._failed(error)
            raise


@dataclass(frozen=True, slots=True)
class _Scanner:
    """What DuckDB asks a dataset's scanner for."""

    reader: pa.RecordBatchReader

    def to_reader(self) -> pa.RecordBatchReader:
        """The batches."""
        return self.reader


def open_scan(
    table: Table, connection: str, columns: Sequence[str] | None, keep: pc.Expression | None
) -> pa.RecordBatchReader:
    """The rows of `table` that `keep` is true of, in the named columns, or in all of them when `columns` is None."""
    schema = schema_of(table)
    names = schema.names if columns is None else list(columns)
    unknown = [name for name in names if name not in table]
    if unknown or not names:
        fault = f'has no column "{unknown[0]}"' if unknown else "was asked for no column at all"
        raise QueryError(f"{table.name} {fault}; harvest_columns('{table.name}') lists them")
    return _scan(table, connection, names, expression=keep, read=read_filter(keep, schema), failed=None)


def _connection_in(predicate: Predicate, table: Table) -> str:
    """The connection string that the filter carries, taken from the terms that all rows have to meet."""
    for term in conjuncts(predicate):
        if isinstance(term, Compare) and term.column == CONNECTION and term.op is Op.EQ:
            return str(term.value)
    raise QueryError(
        f"{table.name}: no connection string reached the scan; write it as a constant or a parameter, "
        "and leave DuckDB's optimizer on (PRAGMA enable_optimizer)"
    )


def _scan(
    table: Table,
    connection: str,
    names: list[str],
    *,
    expression: pc.Expression | None,
    read: Filter,
    failed: Failed | None,
) -> pa.RecordBatchReader:
    settings = resolved(_attached.get(connection, connection))
    settings.require_credentials()
    account_id = _account_id(settings, table)
    restricted = domains(read.predicate)
    refuse_unseen(table, names, restricted)
    target = Target(settings.base_url, settings.id_url, account_id, settings.page_size)
    planned = plan(table, TABLES, restricted, target)
    fields = _needed(table, names, read)
    keep = _Keep(connection, names, expression if _restricts(read.predicate) else None)

    async def batches() -> AsyncGenerator[pa.RecordBatch]:
        try:
            async with client_for(settings) as client:
                scan = Scan(
                    planned,
                    Decoder(table, fields),
                    client,
                    window=settings.max_connections,
                    account_id=account_id,
                    keep=keep,
                )
                async with aclosing(_first(settings.max_rows, scan.batches())) as found:
                    async for batch in found:
                        yield batch
        except HarvestDuckError as error:
            if failed is None:
                raise
            failed(error)
            # DuckDB prints the traceback of every cause behind the message; the error that is kept has them all.
            raise _bare(error) from None

    whole = schema_of(table).append(pa.field(CONNECTION, pa.string()))
    return reader(pa.schema([whole.field(name) for name in names]), batches)


def _bare(error: HarvestDuckError) -> HarvestDuckError:
    """The same error without its causes and traceback."""
    bare = type(error).__new__(type(error))
    bare.args = error.args
    bare.__dict__.update(vars(error))
    return bare


def _account_id(settings: Connection, table: Table) -> int | None:
    """The account to ask; the accounts of a token can be listed without one."""
    if table.host is Host.ID and settings.account_id is None:
        return None
    account_id = int(settings.require_account())
    if account_id not in _IDS:
        raise CredentialsError(f"AccountId {account_id} is larger than any account number of Harvest")
    return account_id


def _needed(table: Table, names: Sequence[str], read: Filter) -> list[str]:
    """The columns to decode: those asked for and those that the filter looks at, in the order of the table."""
    if read.columns is None:
        return [column.name for column in table.columns]
    wanted = {*names, *read.columns}
    return [column.name for column in table.columns if column.name in wanted]


def _restricts(predicate: Predicate) -> bool:
    """Whether the filter asks for more than the connection, which every row of a scan has anyway."""
    return any(not (isinstance(term, Compare) and term.column == CONNECTION) for term in conjuncts(predicate))


@dataclass(frozen=True, slots=True)
class _Keep:
    """Cuts a decoded batch down to the rows that the filter keeps and the columns that were asked for."""

    connection: str
    names: list[str]
    expression: pc.Expression | None

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows and columns that are wanted."""
        if self.expression is not None or CONNECTION in self.names:
            batch = batch.append_column(CONNECTION, pa.repeat(pa.scalar(self.connection), batch.num_rows))
        if self.expression is None:
            return batch.select(self.names)
        # Not RecordBatch.filter, which fails in pyarrow 18 where no row is left.
        kept = pa.Table.from_batches([batch]).filter(self.expression).select(self.names).combine_chunks()
        return next(iter(kept.to_batches()), batch.select(self.names).slice(0, 0))


async def _first(rows: int | None, batches: AsyncGenerator[pa.RecordBatch]) -> AsyncGenerator[pa.RecordBatch]:
    """The batches until `rows` rows have come, all of them where `rows` is None."""
    async with aclosing(batches):
        async for batch in batches:
            yield batch if rows is None else batch.slice(0, rows)
            if rows is not None and (rows := rows - batch.num_rows) <= 0:
                return
