"""Rows find their folders, all of them once, and in their order."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.catalog.tables import table
from harvest_duck.errors import QueryError
from harvest_duck.exports.partitions import Partition, partitions_of, split

ENTRIES = table("time_entries")
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", "UTC")),
        ("name", pa.string()),
        ("on", pa.bool_()),
    ]
)
KEYS = {
    "year": Partition("year", "day", "year"),
    "month": Partition("month", "at", "month"),
    "day": Partition("day", "day", "day"),
    "name": Partition("name", "name"),
    "on": Partition("on", "on"),
}
rows = st.fixed_dictionaries(
    {
        "day": st.none() | st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)) | st.just(dt.date(2026, 11, 20)),
        "at": st.none() | st.datetimes(timezones=st.just(dt.UTC)),
        "name": st.none() | st.sampled_from(["a", "A", "a/b", "%", "é", "", "=", " x "]),
        "on": st.none() | st.booleans(),
    }
)


def value_of(key: Partition, row: dict[str, Any]) -> str:
    """The value of a key, as Python has it."""
    value = row[key.column]
    if value is None:
        return "__HIVE_DEFAULT_PARTITION__"
    if key.period:
        return value.isoformat()[: {"year": 4, "month": 7, "day": 10}[key.period]]
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(st.lists(rows, max_size=12), st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3, unique=True))
def test_every_row_is_in_the_folder_of_its_values(drawn: list[dict[str, Any]], names: list[str]) -> None:
    numbered = [{"id": number, **row} for number, row in enumerate(drawn)]
    keys = [KEYS[name] for name in names]
    wanted: dict[str, list[int]] = {}
    for row in numbered:
        folder = "\n".join(f"{key.name}={value_of(key, row)}" for key in keys)
        wanted.setdefault(folder, []).append(row["id"])
    found = list(split(pa.RecordBatch.from_pylist(numbered, SCHEMA), keys))
    assert {"\n".join(map(unquote, folder.split("/"))): batch["id"].to_pylist() for folder, batch in found} == wanted
    left_out = {key.column for key in keys if not key.period}
    assert all(set(batch.schema.names) == set(SCHEMA.names) - left_out for _, batch in found)


def test_keys_are_read_as_they_are_written() -> None:
    assert partitions_of(ENTRIES, ["Month( spent_date )", "user_id, is_running"]) == (
        Partition("month", "spent_date", "month"),
        Partition("user_id", "user_id"),
        Partition("is_running", "is_running"),
    )
    assert partitions_of(ENTRIES, []) == ()


@pytest.mark.parametrize(
    ("written", "name", "says"),
    [
        ("week(spent_date)", "time_entries", r"week\(spent_date\): no partition: write year\(COLUMN\), month"),
        ("month(spent_date", "time_entries", "no partition"),
        ("", "time_entries", "the empty text: no partition"),
        ("month(spent)", "time_entries", "time_entries has no column spent for partitions"),
        (
            "month(hours)",
            "time_entries",
            r"time_entries.hours: month takes DATE or TIMESTAMP WITH TIME ZONE, and it is",
        ),
        ("hours", "time_entries", "a partition takes BIGINT, BOOLEAN, DATE or VARCHAR, and it is DECIMAL"),
        ("month(spent_date),month(created_at)", "time_entries", "the name month of another column"),
        ("year(created_at)", "pto_allocations", "the name year of another column"),
    ],
)
def test_what_is_no_key_is_told(written: str, name: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        partitions_of(table(name), [written])


def test_a_value_that_names_no_folder_is_told() -> None:
    names = pa.RecordBatch.from_pydict({"name": ["a", "Ж" * 42]})
    key = Partition("name", "name")
    with pytest.raises(QueryError, match=r'name: "ЖЖЖ.*too long for the name of a folder: choose another key'):
        key.folders(names)
    assert len(key.folders(names.slice(0, 1))) == 1
