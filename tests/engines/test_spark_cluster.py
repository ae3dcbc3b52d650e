"""The data source of Spark, in a cluster of two executors, each as a host of its own; all tests share its JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.spark import Reads, event_log, running

from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The directory of an executor is its own, and so is what it records of the limits there.
_APART = {
    "spark.executorEnv.HARVEST_DUCK_CONFIG_DIR": "of_this_host",
    "spark.executor.memory": "512m",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
_FEW = "id bigint, spent_date date, hours decimal(18,4), account_id bigint"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def spark(folder: Path) -> Iterator[Any]:
    with running("local-cluster[2,1,1024]", folder, _APART) as session:
        yield session


@pytest.fixture
def read(spark: Any, connection: str) -> Reads:
    return Reads(spark, connection)


def test_queries_of_several_accounts_count_right_again_and_again(read: Reads, sandbox: Sandbox) -> None:
    both = read.connection.replace(str(MAIN_ID), f"{MAIN_ID},{EURO_ID}")
    whole = read("time_entries", schema=_FEW, connection=both)
    every = [each for account in (MAIN_ID, EURO_ID) for each in sandbox.records(account, "time_entries")]
    late = whole.where("spent_date >= '2026-06-01'")
    expected = sum(each["spent_date"] >= "2026-06-01" for each in every)
    assert (whole.count(), late.count(), whole.count()) == (len(every), expected, len(every))
    assert late.union(whole).count() == expected + len(every)
    assert late.alias("a").join(whole.alias("b"), ["account_id", "id"]).count() == expected
    (total,) = whole.groupBy().sum("hours").collect()
    assert total[0] == sum(each["hours"] for each in every)


def test_hosts_that_share_a_token_divide_its_limit(spark: Any, folder: Path) -> None:
    # More requests than Harvest allows at once, on two hosts that know nothing of each other.
    with Sandbox(seed=7, scale=0.3, time_entries=2500) as own:
        parts = {"numPartitions": "2", "lowerBound": "2024-06-01", "upperBound": "2026-11-20"}
        entries = Reads(spark, own.connection_string() + ";Pagesize=20")("time_entries", schema=_FEW, **parts)
        assert entries.select("id").distinct().count() == 2500
        assert {request.status for request in own.requests} == {200}
        assert len(own.requests) > 100
    assert len(list((folder / "home/work").glob("*/*/of_this_host/limits"))) == 2
    assert "sandbox-admin-token" not in event_log(folder)


def test_an_error_of_an_executor_reaches_the_driver(read: Reads) -> None:
    unknown = read("clients", connection=read.connection.replace("admin", "unknown"))
    with pytest.raises(Exception, match=r"harvest_duck\.errors\.Unauthorized: .*401"):
        unknown.count()
