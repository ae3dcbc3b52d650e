"""The classes that Spark calls, called without Spark: they need its package for Python, and no JVM."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from support.clients import client

from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

_TOKEN = "t0ken-that-nobody-may-see"


@pytest.fixture
def types() -> Any:
    return client("pyspark.sql.types")


def _source(**options: str) -> Any:
    client("pyspark")
    return client("harvest_duck.integrations.spark.data_source").HarvestDataSource(options)


def _pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


def _ids(types: Any) -> Any:
    return types.StructType([types.StructField("id", types.LongType())])


def test_a_partition_is_planned_and_read_after_it_was_pickled(types: Any, connection: str, sandbox: Sandbox) -> None:
    both = connection.replace(str(MAIN_ID), f"{MAIN_ID},{EURO_ID}")
    source = _pickled(_source(table="clients", connection=both))
    reader = source.reader(_ids(types))
    parts = reader.partitions()
    assert sandbox.requests == []
    again, copies = _pickled((reader, parts))
    found = [number for part in copies for batch in again.read(part) for number in batch.column("id").to_pylist()]
    expected = [each["id"] for account in (MAIN_ID, EURO_ID) for each in sandbox.records(account, "clients")]
    assert sorted(found) == sorted(expected)
    assert "token" not in repr((parts, reader, source))


def test_all_accounts_of_a_token_are_those_of_harvest(types: Any, connection: str) -> None:
    every = connection.replace(str(MAIN_ID), "*")
    parts = _source(table="tasks", connection=every).reader(_ids(types)).partitions()
    assert [part.value.source for part in parts] == [str(MAIN_ID), str(EURO_ID)]
    # Harvest ID lists them in one answer.
    assert len(_source(table="accounts", connection=every).reader(_ids(types)).partitions()) == 1


def test_a_partition_that_spark_makes_up_is_refused(types: Any, connection: str) -> None:
    reader = _source(table="tasks", connection=connection).reader(_ids(types))
    with pytest.raises(QueryError, match="was not planned"):
        reader.read(client("pyspark.sql.datasource").InputPartition(None))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"connection": f"AccountId=1;MaxRows=5;APIKey={_TOKEN}"}, "MaxRows is 5"),
        ({"connection": f"AccountId=1;APIKey={_TOKEN};Pagesize=x"}, "Pagesize"),
        ({"connections": f"AccountId=1;APIKey={_TOKEN}\nAccountId=2,1;APIKey={_TOKEN}2"}, "account 1 is in two"),
        ({"connection": "AccountId=1"}, "no Harvest token is given"),
        ({"connection": f"AccountId=1;APIKey={_TOKEN}", "where": "id = 1;"}, 'near ";"'),
    ],
)
def test_what_cannot_be_planned_is_refused_without_a_secret(types: Any, options: dict[str, str], message: str) -> None:
    with pytest.raises(HarvestDuckError) as caught:
        _source(table="time_entries", **options).reader(_ids(types)).partitions()
    assert message in str(caught.value)
    assert _TOKEN not in str(caught.value)


def test_what_does_not_tell_its_changes_is_no_stream(types: Any, connection: str) -> None:
    days = {"numPartitions": "2", "lowerBound": "2026-01-01", "upperBound": "2026-02-01"}
    cases: list[tuple[str, dict[str, str], str]] = [
        ("teammates", {}, "is no stream"),
        ("clients", {"connection": f"{connection};CacheLocation=:memory:"}, "asks Harvest itself"),
        ("time_entries", days, "by accounts"),
    ]
    for table, options, message in cases:
        with pytest.raises(QueryError, match=message):
            _source(**{"table": table, "connection": connection} | options).streamReader(_ids(types))


def test_a_stream_of_payments_asks_for_the_time_and_not_for_each_invoice(
    types: Any, connection: str, sandbox: Sandbox
) -> None:
    reader = _source(table="invoice_payments", connection=connection).streamReader(_ids(types))
    start = reader.initialOffset()
    end = reader.latestOffset(start, None)
    assert [request.path for request in sandbox.requests] == ["/v2/company"]
    (part,) = reader.partitions(start, end)
    assert part.value.since is None
    assert reader.partitions(end, end) == []


def test_writes_are_refused(types: Any) -> None:
    for write in ("writer", "streamWriter"):
        with pytest.raises(QueryError, match="only ever read"):
            getattr(_source(table="clients"), write)(_ids(types), overwrite=False)
