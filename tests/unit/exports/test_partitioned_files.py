"""Rows of many partitions, in any order, are in files of bounded number and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from harvest_duck.exports.model import Mode
from harvest_duck.exports.partitioned_files import Written, write_partitions
from harvest_duck.exports.partitions import Partition
from harvest_duck.exports.staged_files import staged
from harvest_duck.formats.parquet_file import ROW_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SCHEMA = pa.schema([("id", pa.int64()), ("of", pa.int64())])


def written(folder: Path, batches: Iterable[pa.RecordBatch], mode: Mode = Mode.WHOLE) -> Written:
    """Write batches to a table that is divided by the column `of`."""
    with staged(folder / "t") as files:
        return write_partitions(
            batches, SCHEMA, "t", keys=[Partition("of", "of")], staged=files, mode=mode, most_begun=4
        )


def batch(ids: range, partitions: int) -> pa.RecordBatch:
    """Rows of which one after the other is in each of so many partitions."""
    return pa.record_batch([list(ids), [each % partitions for each in ids]], schema=SCHEMA)


def test_partitions_beyond_those_begun_get_several_files_and_lose_none(tmp_path: Path) -> None:
    found = written(tmp_path, [batch(range(6), 6), batch(range(6, 12), 6)])
    assert found.rows == 12
    assert sum(path.endswith("-1.parquet") for path in found.paths) == len(found.paths) - 6 > 0
    table = ds.dataset(tmp_path / "t", partitioning="hive").to_table()
    rows = zip(table["id"].to_pylist(), table["of"].to_pylist(), strict=True)
    assert sorted(rows) == [(each, each % 6) for each in range(12)]
    # The second file of a partition goes with the first.
    written(tmp_path, [batch(range(6), 6)], Mode.PARTITIONS)
    assert sorted(ds.dataset(tmp_path / "t").to_table(columns=["id"])["id"].to_pylist()) == list(range(6))


def test_rows_that_wait_are_as_many_as_in_one_file(tmp_path: Path) -> None:
    batches = (batch(range(start, start + 10_000), 3) for start in range(0, 2 * ROW_GROUP, 10_000))
    found = written(tmp_path, batches)
    groups = [pq.read_metadata(tmp_path / path).num_row_groups for path in found.paths]
    assert len(groups) == 3
    assert max(groups) >= 2
    assert sum(pq.read_metadata(tmp_path / path).num_rows for path in found.paths) == found.rows
