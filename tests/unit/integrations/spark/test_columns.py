"""The columns of a table in the types that Spark has."""

from __future__ import annotations

import pyarrow as pa
import pytest

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.model import BIGINT, DECIMAL, TIME, VARCHAR, Column, ListOf, Paging, StructOf, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import QueryError
from harvest_duck.integrations.spark.columns import Asked, arrow_schema, ddl, names_of, selection, spark_type

_NESTED = ListOf(StructOf((("id", BIGINT), ("rates", ListOf(DECIMAL)), ("at", TIME))))


def test_nested_types_are_written_as_spark_writes_them() -> None:
    assert spark_type(_NESTED) == "array<struct<id:bigint,rates:array<decimal(18,4)>,at:string>>"


@pytest.mark.parametrize("table", TABLES.values(), ids=str)
def test_arrow_types_differ_from_ours_in_times_and_names_of_items_alone(table: Table) -> None:
    ours = schema_of(table)
    found = arrow_schema(table, ours.names)
    assert found.names == ours.names
    for column, other in zip(ours, found, strict=True):
        expected = pa.string() if column.type == pa.time64("us") else column.type
        # Arrow does not count the name of a list's items.
        assert other.type.equals(expected), column.name
        assert not pa.types.is_list(other.type) or other.type.value_field.name == "element"


def test_a_schema_has_the_descriptions_of_its_columns_with_quotes_and_backslashes() -> None:
    columns = (Column(name="id", type=BIGINT, description=r"The user's \n"),)
    table = Table(
        name="t",
        description="",
        path="/t",
        body_key="t",
        paging=Paging.PAGE,
        own_columns=columns,
        docs="",
        permission="",
    )
    assert ddl(table).split(", ")[0] == r"`id` bigint COMMENT 'The user\'s \\n'"


def test_times_of_day_are_selected_as_text() -> None:
    found = selection(TABLES["time_entries"], ["id", "started_time"])
    assert found == '"id" AS "id", "started_time"::VARCHAR AS "started_time"'


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "no column at all"),
        ([Asked("spent_dat", "date")], 'no column "spent_dat"; did you mean spent_date?'),
        ([Asked("ID", "bigint")], 'no column "ID"; did you mean id?'),
        ([Asked("id", "int")], "time_entries.id is bigint and not int"),
        ([Asked("hours", "decimal(10,2)")], "hours is decimal(18,4) and not decimal(10,2)"),
        ([Asked("id", "bigint", nullable=False)], "leave NOT NULL out"),
    ],
)
def test_a_schema_that_the_table_does_not_have_is_refused(asked: list[Asked], message: str) -> None:
    with pytest.raises(QueryError) as caught:
        names_of(TABLES["time_entries"], asked)
    assert message in str(caught.value)


def test_columns_come_in_the_order_of_the_schema() -> None:
    asked = [Asked("notes", spark_type(VARCHAR)), Asked("id", "bigint")]
    assert names_of(TABLES["time_entries"], asked) == ["notes", "id"]
