"""The rows of one query, as they stream from a cursor of DuckDB of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from harvest_duck.engine.register import interrupt
from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.failures.stream_errors import of_stream
from harvest_duck.servers.postgres.session.cursors import error_of
from harvest_duck.servers.postgres.values.projection import projection
from harvest_duck.servers.postgres.values.types import (
    BOOL,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    NUMERIC,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    column_type,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from harvest_duck.servers.postgres.session.cursors import Cursors
    from harvest_duck.servers.postgres.session.interruption import Interruption
    from harvest_duck.servers.postgres.session.query import Query, TableQuery
    from harvest_duck.servers.postgres.values.types import ColumnType

__all__ = ["Result", "explained"]

#: DuckDB 2 streams a relation to Arrow, and copies the result of `execute` first; DuckDB 1 does the opposite.
_STREAMS_RELATIONS = not duckdb.__version__.startswith("1.")
#: The most rows of a batch. DuckDB 2 hands over what it has at the moment, as the 2,000 rows of a page; DuckDB 1 waits
#: until a batch is full.
_ROWS, _FEWEST_ROWS = (5000, 5000) if _STREAMS_RELATIONS else (1000, 50)
#: What DuckDB keeps of rows that nobody has asked for, where a client asks for a few at a time.
_LITTLE = "SET streaming_buffer_size = '1KB'"
_MUCH = "RESET streaming_buffer_size"
#: The type of a column of which nothing is known but NULL.
_NULL = '"NULL"'
#: The types that hold every value of another one; text holds every value of any.
_WIDER = {
    INT2: (INT4, INT8, NUMERIC, FLOAT8, TEXT),
    INT4: (INT8, NUMERIC, FLOAT8, TEXT),
    INT8: (NUMERIC, TEXT),
    FLOAT4: (FLOAT8, TEXT),
    # What a client gave for a parameter of which nobody knew the type.
    TEXT: (BOOL, INT2, INT4, INT8, FLOAT8, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, UUID),
}
_WHOLE = (INT2, INT4, INT8)
_DIGITS = r"\s*[+-]?[0-9]+\s*"


def _fits(own: ColumnType, wanted: ColumnType) -> bool:
    """Return whether every value of a type is one of another type, so that a cast changes none."""
    return own.oid == wanted.oid or own.duckdb == _NULL or wanted.oid in _WIDER.get(own.oid, (TEXT,))


def _cast(place: int, own: ColumnType, wanted: ColumnType) -> str:
    """Return a column in the type that was told of it. DuckDB would round a text that is no whole number."""
    column = f"#{place}"
    if own.oid == TEXT and wanted.oid in _WHOLE:
        # In quotes it is refused.
        column = f"CASE WHEN regexp_full_match({column}, '{_DIGITS}') THEN {column} ELSE '\"' || {column} || '\"' END"
    return f"CAST({column} AS {wanted.duckdb}) AS c{place}"


class Result:
    """A query that is bound, and then read. All calls come from the session's thread; each raises a Failure.

    `columns` are the types of its columns, which `wanted` gives where the client was told of them before.
    """

    def __init__(
        self,
        query: Query | TableQuery,
        cursors: Cursors,
        interruption: Interruption,
        wanted: Sequence[ColumnType] | None = None,
    ) -> None:
        self._query = query
        self._cursors = cursors
        self._interruption = interruption
        self._cursor: duckdb.DuckDBPyConnection | None = cursors.take()
        self._revision = cursors.revision
        self._reader: pa.RecordBatchReader | None = None
        self._rest: pa.RecordBatch | None = None
        self._started = False
        self._is_broken = False
        self._sql = query.sql
        try:
            with interruption.using(self._cursor):
                self._relation = query.relation(self._cursor)
            self.columns = tuple(column_type(str(each), arrays=query.reads_catalogue) for each in self._relation.types)
            self.names = tuple(query.names(self._relation.columns))
            self._convert(wanted)
        except Exception as error:
            raise self._failed(error) from error

    def start(self, formats: Sequence[int], limit: int) -> None:
        """Run the query, for columns in these formats; `limit` is how many rows are asked for first, 0 for all."""
        self._refuse_broken()
        cursor = self._cursor
        if cursor is None or self._started:
            return
        self._started = True
        try:
            with self._interruption.using(cursor):
                cursor.execute(_LITTLE if limit else _MUCH)
                self._select(projection(self.columns, formats))
                self._reader = self._streamed(cursor, min(max(limit, _FEWEST_ROWS), _ROWS) if limit else _ROWS)
        except Exception as error:
            raise self._failed(error) from error

    def next(self, limit: int) -> pa.RecordBatch | None:
        """Return the next batch, of at most `limit` rows where that is not 0; None at the end."""
        self._refuse_broken()
        batch, self._rest = self._rest, None
        while batch is None or not batch.num_rows:
            batch = self._read()
            if batch is None:
                return None
        if limit and batch.num_rows > limit:
            batch, self._rest = batch.slice(0, limit), batch.slice(limit)
        return batch

    def close(self) -> None:
        """End the query where it was not read to its end, and give its cursor back."""
        self._rest = None
        cursor, self._cursor = self._cursor, None
        ended = self._reader is None
        if cursor is not None and not ended:
            # A thread of DuckDB may wait for Harvest.
            interrupt(cursor)
        self._release()
        if cursor is not None:
            if ended:
                self._cursors.give_back(cursor, self._revision)
            else:
                self._cursors.throw_away(cursor)

    def _refuse_broken(self) -> None:
        """Raise a Failure where the query has failed: that it has no more rows is not so."""
        if self._is_broken:
            raise Failure("55000", "portal cannot be run", hint="Its query failed: begin it anew.")

    def _read(self) -> pa.RecordBatch | None:
        reader, cursor = self._reader, self._cursor
        if reader is None or cursor is None:
            return None
        try:
            with self._interruption.using(cursor):
                return reader.read_next_batch()
        except StopIteration:
            self._release()
            return None
        except Exception as error:
            raise self._failed(error) from error

    def _release(self) -> None:
        """Free what holds the query, and with it the scans."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _convert(self, wanted: Sequence[ColumnType] | None) -> None:
        """Let the columns have the types that the client was told of before."""
        if wanted is None or tuple(wanted) == self.columns:
            return
        if len(wanted) != len(self.columns) or not all(map(_fits, self.columns, wanted)):
            raise Failure("0A000", "cached plan must not change result type")
        # A numeric has as many digits as it has, whatever was told of the column: a cast would round.
        columns = tuple(own if own.oid == each.oid else each for own, each in zip(self.columns, wanted, strict=True))
        if columns != self.columns:
            casts = map(_cast, range(1, len(columns) + 1), self.columns, columns)
            self._select(", ".join(casts))
            self.columns = columns

    def _select(self, columns: str) -> None:
        """Select expressions over the columns, which have no names to rely on."""
        self._relation = self._relation.project(columns)
        # A comment may end the query.
        self._sql = f"SELECT {columns} FROM ({self._sql}\n) AS selected"

    def _streamed(self, cursor: duckdb.DuckDBPyConnection, rows: int) -> pa.RecordBatchReader:
        """Run the query, and return its rows as they come, at most so many at once."""
        if _STREAMS_RELATIONS or not self._query.sql:
            return _reader(self._relation, rows)
        cursor.execute(self._sql)
        return _reader(cursor, rows)

    def _failed(self, error: Exception) -> Failure:
        """Close, and return the failure for an error."""
        self._is_broken = True
        cursor, self._cursor = self._cursor, None
        failure = self._query.failure(of_stream(error), None if cursor is None else error_of(cursor))
        self._release()
        if cursor is not None:
            self._cursors.throw_away(cursor)
        return failure


def _reader(found: duckdb.DuckDBPyRelation | duckdb.DuckDBPyConnection, rows: int) -> pa.RecordBatchReader:
    """Return what reads the rows of a relation, or of what a connection runs, at most so many at once."""
    # DuckDB 1.4 has the one method, later ones have the other too.
    name = "to_arrow_reader" if hasattr(found, "to_arrow_reader") else "fetch_record_batch"
    return getattr(found, name)(rows)


def explained(query: Query, cursors: Cursors, interruption: Interruption, options: Sequence[str]) -> list[str]:
    """Return the lines of DuckDB's plan of a query; raises a Failure."""
    cursor = cursors.take()
    try:
        with interruption.using(cursor):
            query.relation(cursor)
            words = f"({', '.join(options)}) " if options else ""
            rows = cursor.execute(f"EXPLAIN {words}{query.sql}").fetchall()
    except Exception as error:
        raise query.failure(error, error_of(cursor)) from error
    finally:
        cursors.throw_away(cursor)
    return [line for _, text in rows for line in text.rstrip().split("\n")]
