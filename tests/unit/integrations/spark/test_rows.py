"""The rows of a partition, with Spark's types."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import QueryError, Unauthorized
from harvest_duck.integrations.spark.columns import arrow_schema
from harvest_duck.integrations.spark.plan import Share
from harvest_duck.integrations.spark.rows import batches, refuse_unanswerable

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.sandbox import Sandbox


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["time_entries", "project_assignments", "users"])
def test_rows_are_those_of_sql_in_the_types_of_spark(
    name: str, connection: str, con: duckdb.DuckDBPyConnection
) -> None:
    table = TABLES[name]
    names = [column.name for column in table.columns]
    found = list(batches(table, names, Share(connection, ""), None))
    assert {batch.schema for batch in found} == {arrow_schema(table, names)}
    rows = sorted(pa.Table.from_batches(found).to_pylist(), key=str)
    times = [f"{each.name}::VARCHAR AS {each.name}" for each in table.columns if each.type.sql == "TIME"]
    replaced = f"REPLACE ({', '.join(times)})" if times else ""
    expected = con.sql(f"SELECT * {replaced} FROM harvest.{name}").to_arrow_table().to_pylist()
    assert rows == sorted(expected, key=str)


def test_the_days_of_a_share_and_the_condition_narrow_the_requests(connection: str, sandbox: Sandbox) -> None:
    table = TABLES["time_entries"]
    share = Share(connection, "", date(2026, 1, 1), date(2026, 7, 1))
    found = list(batches(table, ["id"], share, "is_billed = false OR\nfalse -- both"))
    (query,) = [dict(request.query) for request in sandbox.requests]
    assert (query["from"], query["to"]) == ("2026-01-01", "2026-06-30")
    expected = {
        each["id"]
        for each in sandbox.records(1000001, "time_entries")
        if "2026-01-01" <= each["spent_date"] < "2026-07-01" and not each["is_billed"]
    }
    assert {number for batch in found for number in batch.column("id").to_pylist()} == expected


def test_an_error_is_ours_and_has_no_cause(connection: str) -> None:
    unknown = Share(connection.replace("sandbox-admin-token", "t0ken-that-nobody-may-see"), "")
    with pytest.raises(Unauthorized) as caught:
        list(batches(TABLES["clients"], ["id"], unknown, None))
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)
    with pytest.raises(QueryError, match=r"^clients: Conversion Error: "):
        list(batches(TABLES["clients"], ["id"], Share(connection, ""), "name::INTEGER = 1"))


def test_what_no_request_answers_is_refused_without_one(connection: str, sandbox: Sandbox) -> None:
    share, report = Share(connection, ""), TABLES["report_time_team"]
    with pytest.raises(QueryError, match="from_date"):
        refuse_unanswerable(report, ["user_id"], share, "from_date = '2026-01-01'")
    refuse_unanswerable(report, ["user_id"], share, "from_date = '2026-01-01' AND to_date = '2026-01-31'")
    assert sandbox.requests == []
