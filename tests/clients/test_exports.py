"""What reads exports beside DuckDB and Arrow, and the lakes that rows go to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from support.clients import client
from support.paths import DOCS

import harvest_duck

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

LATE = "spent_date >= '2026-11-01'"
BLOCKS = re.findall(r"```python\n(.*?)```", (DOCS / "export.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def folder(agency: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of time entries, and a folder of them by month."""
    path = tmp_path_factory.mktemp("exported")
    connection = agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off"
    for target, by in ((path / "entries.parquet", []), (path, ["month(spent_date)"])):
        harvest_duck.export(connection, target, tables="time_entries", where=LATE, partition_by=by)
    return path


@pytest.fixture
def exported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder, which is the current one."""
    monkeypatch.chdir(folder)
    return folder


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


def example(word: str, connection: str) -> str:
    """The example of the page with a word in it."""
    (found,) = [block for block in BLOCKS if f"from {word}" in block]
    return found.replace("DSN=sandbox", connection)


def test_delta_lake_takes_the_rows_of_the_page(connection: str, exported: Path) -> None:
    deltalake = client("deltalake")
    names: dict[str, Any] = {"harvest_duck": harvest_duck}
    for _ in range(2):
        exec(example("deltalake", connection), names)  # noqa: S102 - the page's own code
    names["con"].close()
    read = deltalake.DeltaTable("delta/time_entries")
    assert read.to_pyarrow_dataset().count_rows() == pq.read_metadata(exported / "entries.parquet").num_rows
    kinds = {field.name: field.type.type for field in read.schema().fields}
    assert (kinds["started_time"], kinds["hours"], kinds["created_at"]) == ("string", "decimal(18,4)", "timestamp")


def test_iceberg_takes_the_rows_of_the_page(connection: str, exported: Path) -> None:
    # Not required of clients: it takes fifteen packages more.
    pytest.importorskip("pyiceberg.catalog.sql")
    with harvest_duck.connect(connection) as con:
        names: dict[str, Any] = {"harvest_duck": harvest_duck, "con": con}
        code = example("pyiceberg", connection).replace("file://warehouse", f"file://{exported}/warehouse")
        exec(code, names)  # noqa: S102 - the page's own code
        ((wanted,),) = con.execute("SELECT count(*) FROM harvest.invoices").fetchall()
    assert len(names["table"].scan().to_arrow()) == wanted


def test_descriptions_of_a_file_are_comments_of_a_lake(exported: Path) -> None:
    rows = harvest_duck.for_lake(pq.read_table(exported / "entries.parquet"))
    assert rows.schema.field("hours").metadata[b"comment"] == rows.schema.field("hours").metadata[b"description"]
