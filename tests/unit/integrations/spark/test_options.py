"""The options of Spark's data source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.errors import HarvestDuckError
from harvest_duck.integrations.spark.options import cuts, read_options

_BOUNDS = {"lowerBound": "2026-01-01", "upperBound": "2026-01-11"}


def _read(table: str = "time_entries", **options: str) -> Any:
    return read_options({"table": table, **options})


def test_names_of_options_and_tables_are_found_in_any_case() -> None:
    found = read_options({"TABLE": " Time_Entries ", "numpartitions": "2", "LOWERBOUND": "2026-01-01", **_BOUNDS})
    assert (found.table.name, found.cuts, found.connections) == ("time_entries", (date(2026, 1, 6),), ("",))


def test_connections_are_one_in_each_line() -> None:
    assert _read(connections="DSN=a\n\n  DSN=b;AccountId=1,2\n").connections == ("DSN=a", "DSN=b;AccountId=1,2")


def test_a_stream_has_its_start_in_utc_and_its_lag() -> None:
    found = _read(startingTimestamp="2026-01-01T01:00:00+01:00", lag="0")
    assert (found.since, found.lag) == (datetime(2026, 1, 1, tzinfo=UTC), timedelta())
    assert _read().lag == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": ""}, "needs a table"),
        ({"table": "clietns"}, 'did you mean "clients"'),
        ({"tablee": "clients"}, 'no option "tablee"; did you mean table?'),
        ({"connection": "DSN=a", "connections": "DSN=b"}, "leave the option connection out"),
        ({"connections": " \n"}, "there is none"),
        ({"numPartitions": "0"}, "a whole number from 1 to 1000"),
        ({"numPartitions": "1e9"}, "a whole number"),
        ({"numPartitions": "²"}, "a whole number"),
        ({"numPartitions": "2"}, "belong together"),
        ({"lowerBound": "2026-01-01"}, "belong together"),
        ({"numPartitions": "2", "lowerBound": "1 May", "upperBound": "2026-01-01"}, "lowerBound is a day such as"),
        ({"numPartitions": "2", "lowerBound": "2026-01-01", "upperBound": "2026-01-01"}, "has to be before"),
        ({"table": "clients", "numPartitions": "2", **_BOUNDS}, "clients has no day"),
        ({"table": "invoice_line_items", "numPartitions": "2", **_BOUNDS}, "has no day"),
        ({"table": "report_time_team", "numPartitions": "2", **_BOUNDS}, "has no day"),
        ({"hosts": "0"}, "option hosts is a whole number"),
        ({"startingTimestamp": "2026-01-01"}, "with its time zone"),
        ({"startingTimestamp": "now"}, "with its time zone"),
        ({"lag": "-1"}, "option lag is a whole number"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(HarvestDuckError) as caught:
        read_options({"table": "time_entries"} | options)
    assert message in str(caught.value)


def test_no_text_of_the_options_shows_a_secret() -> None:
    assert "secret" not in repr(_read(connection="APIKey=secret"))


@given(
    low=st.dates(date(2000, 1, 1), date(2050, 1, 1)),
    days=st.integers(1, 4000),
    parts=st.integers(1, 50),
)
def test_ranges_are_even_and_as_many_as_asked_for_where_there_are_so_many_days(
    low: date, days: int, parts: int
) -> None:
    found = cuts(low, low + timedelta(days=days), parts)
    assert len(found) == min(parts, days) - 1
    edges = [low, *found, low + timedelta(days=days)]
    lengths = [(after - before).days for before, after in pairwise(edges)]
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1
