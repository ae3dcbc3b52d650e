"""The data source of Spark, in a Spark of one process; all tests share its JVM."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.clients import client
from support.spark import Reads, event_log, running

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.integrations.spark.columns import arrow_schema, ddl
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_OFF = ";RateLimit=off;ReportsRateLimit=off"
_FEW = "id bigint, spent_date date, hours decimal(18,4), account_id bigint"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def spark(folder: Path) -> Iterator[Any]:
    with running("local[2]", folder) as session:
        yield session


@pytest.fixture
def read(spark: Any, connection: str) -> Reads:
    return Reads(spark, connection)


def _asked(sandbox: Sandbox) -> list[dict[str, str]]:
    return [dict(request.query) for request in sandbox.requests]


def test_filters_of_one_query_are_not_those_of_the_next(read: Reads) -> None:
    whole = read("time_entries", schema=_FEW)
    late = whole.where("spent_date >= '2026-06-01'")
    assert (whole.count(), late.count(), whole.count()) == (2500, 874, 2500)
    assert late.union(whole).count() == 3374
    assert late.alias("a").join(whole.alias("b"), "id").count() == 874
    assert whole.limit(3).count() == 3


def test_a_release_of_spark_that_has_mended_push_filters_is_told_from_those_before(spark: Any) -> None:
    source = client("pyspark.sql.datasource")

    # In a function, so that Spark pickles the classes themselves: its workers do not find this module.
    class Reader(source.DataSourceReader):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.least = 0

        def pushFilters(self, filters: Sequence[Any]) -> Iterator[Any]:  # noqa: N802 - Spark's name
            for each in filters:
                if type(each).__name__ == "GreaterThanOrEqual":
                    self.least = each.value
                else:
                    yield each

        def read(self, _: Any) -> Iterator[tuple[int]]:
            return ((number,) for number in range(self.least, 10))

    class Ten(source.DataSource):  # type: ignore[misc, name-defined]
        @classmethod
        def name(cls) -> str:
            return "ten"

        def schema(self) -> str:
            return "id int"

        def reader(self, schema: Any) -> Reader:  # noqa: ARG002 - Spark gives it by name
            return Reader()

    spark.dataSource.register(Ten)
    spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    whole = spark.read.format("ten").load()
    assert (whole.count(), whole.where("id >= 7").count()) == (10, 3)
    assert whole.count() == 3, (
        f"Spark {spark.version} keeps filters of one query from the next: the data source may take them, "
        "see integrations/spark/reader.py and docs/spark.md"
    )


def test_every_table_loads_with_the_schema_that_spark_expects_of_its_batches(spark: Any, read: Reads) -> None:
    to_arrow = client("pyspark.sql.pandas.types").to_arrow_schema
    for table in TABLES.values():
        found = read(table.name).schema
        assert found.names == [column.name for column in table.columns], table.name
        assert to_arrow(found, timezone="UTC").equals(arrow_schema(table, found.names)), table.name
        assert found["account_id" if "account_id" in found.names else "id"].metadata["comment"] in ddl(table)


def test_a_condition_and_a_schema_narrow_the_requests(read: Reads, sandbox: Sandbox) -> None:
    recent = read("time_entries", schema="started_time string, id bigint", where="spent_date >= '2026-06-01'")
    rows = recent.where("id % 2 = 0").collect()
    records = [each for each in sandbox.records(MAIN_ID, "time_entries") if each["spent_date"] >= "2026-06-01"]
    assert {row.id for row in rows} == {each["id"] for each in records if each["id"] % 2 == 0}
    assert {len(row.started_time) for row in rows if row.started_time} == {len("09:30:00")}
    assert _asked(sandbox) == [{"from": "2026-06-01", "per_page": "2000"}]


def test_reports_take_their_period_from_the_condition(
    read: Reads, sandbox: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    period = "from_date = '2026-01-01' AND to_date = '2026-06-30'"
    found = read("report_time_clients", where=period).agg({"total_hours": "sum"}).collect()[0][0]
    expected = con.sql(f"SELECT sum(total_hours) FROM harvest.report_time_clients WHERE {period}").fetchall()
    assert [(found,)] == expected
    with pytest.raises(Exception, match="QueryError: report_time_clients: the report needs from_date"):
        read("report_time_clients").count()


def test_accounts_of_a_token_and_ranges_of_days_are_partitions(read: Reads, sandbox: Sandbox) -> None:
    both = read.connection.replace(str(MAIN_ID), f"{MAIN_ID},{EURO_ID}")
    entries = read("time_entries", schema=_FEW, connection=both)
    assert entries.rdd.getNumPartitions() == 2
    counts = {account: len(sandbox.records(account, "time_entries")) for account in (MAIN_ID, EURO_ID)}
    assert {row.account_id: row["count"] for row in entries.groupBy("account_id").count().collect()} == counts
    ranges = read("time_entries", schema=_FEW, numPartitions="3", lowerBound="2025-01-01", upperBound="2026-01-01")
    sandbox.clear_log()
    assert (ranges.count(), ranges.select("id").distinct().count()) == (2500, 2500)
    spans = {(query.get("from"), query.get("to")) for query in _asked(sandbox) if query["per_page"] == "2000"}
    assert spans == {(None, "2025-05-01"), ("2025-05-02", "2025-08-31"), ("2025-09-01", None)}


def test_what_cannot_be_read_is_one_line_of_ours_before_any_request(read: Reads, sandbox: Sandbox) -> None:
    with pytest.raises(Exception, match="option where") as caught:
        read("time_entries", where="true; SELECT 1")
    assert "\nharvest_duck.errors.QueryError: option where is one condition" in str(caught.value)
    with pytest.raises(Exception, match="harvest_duck") as caught:
        read("time_entries", schema="id int").count()
    assert "\nharvest_duck.errors.QueryError: time_entries.id is bigint and not int" in str(caught.value)
    assert sandbox.requests == []


def test_writes_are_refused(spark: Any) -> None:
    frame = spark.range(1)
    with pytest.raises(Exception, match="QueryError: Harvest is only ever read"):
        frame.write.format("harvest").mode("append").option("table", "clients").save()


def test_the_token_is_in_no_plan_and_no_event_and_no_error(
    read: Reads, sandbox: Sandbox, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    token = "t0ken-that-nobody-may-see-in-spark"
    unknown = read("clients", connection=read.connection.replace("sandbox-admin-token", token))
    with pytest.raises(Exception, match="Unauthorized") as caught:
        unknown.count()
    unknown.explain(mode="extended")
    plan = unknown._jdf.queryExecution()
    shown = (caught.value, unknown, plan.toString(), plan.analyzed().toJSON(), event_log(folder), *capfd.readouterr())
    for text in map(str, shown):
        assert token not in text
    assert "harvest" in event_log(folder)


def test_written_parquet_is_what_an_export_writes(spark: Any, read: Reads, folder: Path, connection: str) -> None:
    # Spark writes moments as INT96 unless it is told otherwise, and has no TIME and no JSON.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    tables = ["time_entries", "invoices", "project_assignments"]
    harvest_duck.export(connection, folder / "export", tables=tables)
    for table in tables:
        read(table).write.parquet(str(folder / "written" / table))
        ours, theirs = f"'{folder}/export/{table}.parquet'", f"'{folder}/written/{table}/*.parquet'"
        kinds = [dict(_types(source)) for source in (ours, theirs)]
        expected = {name: {"TIME": "VARCHAR", "JSON": "VARCHAR"}.get(kind, kind) for name, kind in kinds[0].items()}
        assert kinds[1] == expected
        columns = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in kinds[1].items())
        count = f"SELECT count(*) FROM (SELECT {columns} FROM {ours} EXCEPT ALL FROM {theirs})"
        assert duckdb.sql(
            f"{count} UNION ALL SELECT (SELECT count(*) FROM {ours}) - (SELECT count(*) FROM {theirs})"
        ).fetchall() == [(0,), (0,)]


def _types(source: str) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in duckdb.sql(f"DESCRIBE FROM {source}").fetchall()]


def test_a_stream_goes_on_from_its_checkpoint_and_brings_each_record_once(read: Reads, folder: Path) -> None:
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with Sandbox(seed=3, scale=0.1, time_entries=300, limits=False, now=lambda: moment) as own:
        options = {"connection": own.connection_string() + _OFF, "lag": "0"}
        changes = read("clients", schema="id bigint, name string, updated_at timestamp", stream=True, **options)
        every = sorted(record["id"] for record in own.records(MAIN_ID, "clients"))
        assert _batch(changes, folder) == every

        # One of them at the very second up to which the batch has come.
        _update(own, {every[0]: _read_until(folder), every[1]: _read_until(folder) + timedelta(minutes=1)})
        moment += timedelta(hours=1)
        assert _batch(changes, folder) == every[:2]
        own.clear_log()
        assert _batch(changes, folder) == []
        assert len(own.requests) == 1

        # The other is in a batch to come, and the first changes again.
        _update(own, {every[2]: _read_until(folder), every[3]: moment + timedelta(hours=2)})
        moment += timedelta(hours=1)
        assert _batch(changes, folder) == [every[2]]
        _update(own, {every[2]: _read_until(folder)})
        moment += timedelta(hours=2)
        assert _batch(changes, folder) == [every[2], every[3]]


def _update(sandbox: Sandbox, moments: dict[int, datetime]) -> None:
    records = sandbox.records(MAIN_ID, "clients")
    for record in records:
        if record["id"] in moments:
            record["updated_at"] = f"{moments[record['id']]:%Y-%m-%dT%H:%M:%SZ}"
    sandbox.replace(MAIN_ID, "clients", records)


def _batch(changes: Any, folder: Path) -> list[int]:
    """The ids of what a run of the stream brings, which knows the runs before it by its checkpoint alone."""
    target, files = folder / "stream", set((folder / "stream").glob("*.parquet"))
    query = changes.writeStream.format("parquet").option("checkpointLocation", str(folder / "checkpoint"))
    query.trigger(availableNow=True).start(str(target)).awaitTermination()
    new = [str(file) for file in set(target.glob("*.parquet")) - files]
    return sorted(row[0] for row in duckdb.read_parquet(new).fetchall()) if new else []


def _read_until(folder: Path) -> datetime:
    """Up to when the stream was read."""
    latest = max((folder / "checkpoint/offsets").glob("[0-9]*"), key=lambda file: int(file.name))
    (until,) = json.loads(latest.read_text().splitlines()[-1])["until"].values()
    return datetime.fromisoformat(until)
