"""What reads exports beside DuckDB and Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from support.clients import client

import harvest_duck

if TYPE_CHECKING:
    from pathlib import Path


LATE = "spent_date >= '2026-11-01'"


@pytest.fixture
def exported(connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of time entries, and a folder of them by month, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for options in ({"target": "entries.parquet"}, {"target": ".", "partition_by": "month(spent_date)"}):
        harvest_duck.export(connection, tables="time_entries", where=LATE, **options)  # type: ignore[arg-type]
    return tmp_path


def test_pandas_reads_the_rows(exported: Path) -> None:
    pandas = client("pandas")
    entries, wanted = pandas.read_parquet(exported / "entries.parquet"), pq.read_table(exported / "entries.parquet")
    assert entries["hours"].sum() == sum(wanted["hours"].to_pylist())
    assert str(entries["created_at"].dtype) == "datetime64[us, UTC]"
    assert set(pandas.read_parquet(exported / "time_entries")["month"]) == {"2026-11"}


def test_polars_reads_the_rows(exported: Path) -> None:
    polars = client("polars")
    entries, wanted = polars.read_parquet(exported / "entries.parquet"), pq.read_table(exported / "entries.parquet")
    assert entries["hours"].sum() == sum(wanted["hours"].to_pylist())
    assert entries.schema["started_time"] == polars.Time
    assert entries.schema["created_at"] == polars.Datetime("us", "UTC")
    assert set(polars.scan_parquet("time_entries", hive_partitioning=True).collect()["month"]) == {"2026-11"}
