"""Rows for lakes keep their values, in types that both of them have."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harvest_duck
from harvest_duck.errors import QueryError
from harvest_duck.exports.lake_types import as_lake_type

TIME = pa.time64("us")
SAVED = pa.struct([("at", TIME), ("seen", pa.list_(pa.uint8()))])


def saved(value: Any) -> Any:
    """What a lake holds of a value."""
    if isinstance(value, dt.time):
        return value.isoformat()
    if isinstance(value, list):
        return [saved(each) for each in value]
    return {name: saved(each) for name, each in value.items()} if isinstance(value, dict) else value


times = st.none() | st.times()
structs = st.none() | st.fixed_dictionaries(
    {"at": times, "seen": st.none() | st.lists(st.integers(0, 255), max_size=3)}
)


@given(st.lists(st.tuples(times, structs, st.none() | st.lists(structs, max_size=3)), max_size=8), st.integers(0, 8))
def test_values_stay_wherever_they_lie(rows: list[tuple[Any, Any, Any]], start: int) -> None:
    kinds = (TIME, SAVED, pa.list_(SAVED))
    columns = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds)]
    found = harvest_duck.for_lake(pa.table(columns, names=["a", "b", "c"]).slice(start)).read_all()
    found.validate(full=True)
    assert [tuple(row.values()) for row in found.to_pylist()] == [tuple(map(saved, row)) for row in rows[start:]]


@pytest.mark.parametrize(
    ("kind", "lake"),
    [
        (pa.timestamp("ns", "Europe/Berlin"), pa.timestamp("us", "UTC")),
        (pa.timestamp("s"), pa.timestamp("us")),
        (pa.uint64(), pa.decimal128(20, 0)),
        (pa.null(), pa.string()),
        (pa.dictionary(pa.int8(), pa.string()), pa.string()),
        (pa.map_(pa.string(), pa.uint32()), pa.map_(pa.string(), pa.int64())),
        (pa.decimal128(18, 4), pa.decimal128(18, 4)),
    ],
    ids=str,
)
def test_types_that_a_lake_lacks_become_others(kind: pa.DataType, lake: pa.DataType) -> None:
    assert as_lake_type(kind) == lake
    assert harvest_duck.for_lake(pa.table({"a": pa.array([None], kind)})).read_all()["a"].type == lake


def test_a_relation_of_duckdb_is_converted() -> None:
    with duckdb.connect() as con:
        con.execute("SET arrow_lossless_conversion = true")
        rows = con.sql("SELECT '{}'::JSON AS j, TIME '08:30' AS t, 255::UTINYINT AS u, 1.5::DECIMAL(18, 4) AS d")
        assert harvest_duck.for_lake(rows).read_all().to_pylist() == [
            {"j": "{}", "t": "08:30:00", "u": 255, "d": Decimal("1.5")}
        ]


def test_a_description_is_the_comment_of_the_column_in_both() -> None:
    field = pa.field("a", TIME, metadata={"description": "when"})
    (found,) = harvest_duck.for_lake(pa.schema([field]).empty_table()).schema
    assert found.metadata == {b"description": b"when", b"comment": b"when", b"doc": b"when"}


@pytest.mark.parametrize("kind", [pa.month_day_nano_interval(), pa.duration("us"), pa.decimal256(50, 0)], ids=str)
def test_what_no_lake_has_is_refused(kind: pa.DataType) -> None:
    with pytest.raises(
        QueryError, match=r"span: neither Delta Lake nor Iceberg has the type .*: cast the column to VAR"
    ):
        harvest_duck.for_lake(pa.table({"span": pa.array([None], pa.list_(kind))}))
