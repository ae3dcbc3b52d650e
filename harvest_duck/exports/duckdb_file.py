"""Tables as a database of DuckDB, with their descriptions as comments, which any DuckDB from 1.4 on reads."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.errors import QueryError
from harvest_duck.mirror.definitions import STORAGE_VERSION
from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from harvest_duck.catalog.model import Table

__all__ = ["DuckdbFile", "refuse_copy"]

_ROWS = "harvest_rows"


class DuckdbFile:
    """A database file that is being written, by a DuckDB of its own."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    @classmethod
    @contextmanager
    def made(cls, path: Path, name: str) -> Iterator[DuckdbFile]:
        """A context with a new file at `path`, which is whole at its end; an error of DuckDB calls it `name`."""
        with _naming(path, name), duckdb.connect() as con:
            con.execute(f"ATTACH {text(str(path))} AS exported (TYPE duckdb, STORAGE_VERSION '{STORAGE_VERSION}')")
            yield cls(con)
            con.execute("CHECKPOINT exported")
            con.execute("DETACH exported")

    def write(self, table: Table, batches: pa.RecordBatchReader) -> int:
        """Write a table with its descriptions, all of it or nothing, and return the number of its rows."""
        self._con.register(_ROWS, batches)
        self._con.begin()
        try:
            rows = self._insert(table)
        except BaseException:
            self._con.rollback()
            raise
        self._con.commit()
        self._con.unregister(_ROWS)
        return rows

    def _insert(self, table: Table) -> int:
        name = f"exported.main.{identifier(table.name)}"
        columns = ", ".join(f"{identifier(column.name)} {column.type.sql}" for column in table.columns)
        self._con.execute(f"CREATE TABLE {name} ({columns})")
        ((rows,),) = self._con.execute(f"INSERT INTO {name} FROM {_ROWS}").fetchall()
        self._con.execute(f"COMMENT ON TABLE {name} IS {text(table.description)}")
        for column in table.columns:
            self._con.execute(f"COMMENT ON COLUMN {name}.{identifier(column.name)} IS {text(column.description)}")
        return int(rows)


@contextmanager
def _naming(path: Path, name: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise type(error)(str(error).replace(str(path), name)) from error


def refuse_copy(path: Path) -> None:
    """Raise `QueryError` for the file of a copy, which an export would end, and for a log that DuckDB would read in."""
    log = path.with_name(f"{path.name}.wal")
    if os.path.lexists(log):
        raise QueryError(f"{escaped(log)} belongs to the file before: open that in DuckDB once, or name another file")
    if not path.exists():
        return
    with duckdb.connect() as con:
        try:
            con.execute(f"ATTACH {text(str(path))} AS there (TYPE duckdb, READ_ONLY)")
        except duckdb.Error:
            return
        found = con.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = 'there' AND schema_name = 'mirror' "
            "AND table_name = 'source'"
        ).fetchall()
    if found:
        raise QueryError(f"{escaped(path)} is a copy that harvest-duck sync keeps: name another file")
