"""The values of parameters over the wire: their types where the client gave none, and the requests that they save."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import duckdb
import pytest

from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from support.wire_client import WireClient

    from tests.postgres.conftest import Serving

BOOL, INT8, INT4, TEXT, NUMERIC, DATE, INT8_ARRAY = 16, 20, 23, 25, 1700, 1082, 1016
ENTRIES = "SELECT id FROM time_entries"


@pytest.mark.parametrize(
    ("sql", "oids"),
    [
        (f"{ENTRIES} WHERE id = $1 AND spent_date BETWEEN $2 AND $3", [INT8, DATE, DATE]),
        (f"{ENTRIES} WHERE client_id = ANY($1) AND user_id IN ($2, 5) LIMIT $3", [INT8_ARRAY, INT8, INT8]),
        (f"{ENTRIES} WHERE $1 AND hours > $2 AND notes LIKE $3 AND billable = $4", [BOOL, NUMERIC, TEXT, BOOL]),
        ("SELECT * FROM harvest.utilization($1, to_date := $2)", [DATE, DATE]),
        ("SELECT $1, $2::int + $3, CAST($4 AS date)", [TEXT, INT4, INT4, DATE]),
    ],
)
def test_a_parameter_without_a_type_has_that_of_its_place(client: WireClient, sql: str, oids: list[int]) -> None:
    client.parse(sql)
    client.describe("S")
    assert client.sync().parameters == oids


def test_values_are_the_same_as_text_and_as_bytes(client: WireClient) -> None:
    sql = "SELECT $1 || '', $2::int8 + 1, $3::date + 1, $4::numeric(10, 2) * 2, NOT $5::bool, $6::text"
    of_text = client.run(sql, ["it's", "41", "2025-12-31", "1.50", "f", None])
    raw = [
        b"it's",
        struct.pack(">q", 41),
        struct.pack(">i", 9496),
        struct.pack(">hhHHhh", 2, 0, 0, 2, 1, 5000),
        b"\0",
        None,
    ]
    of_bytes = client.run(sql, raw, formats=[1])
    assert of_text.rows == of_bytes.rows == [("it's", "42", "2026-01-01", of_text.rows[0][3], "t", None)]
    assert of_text.rows[0][3].rstrip("0") == "3."


def test_a_value_never_ends_its_quotes(client: WireClient) -> None:
    values = ["'; DROP TABLE x; --", "\\'", "$1", "$$", "'' || version() || ''", '"', "/*", "é\u2028🚀"]
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    assert client.run(f"SELECT {places}", values).rows == [tuple(values)]


def test_a_value_that_is_none_names_its_type(client: WireClient) -> None:
    client.parse(f"{ENTRIES} WHERE id = $1")
    client.bind(["x"])
    error = client.sync(refuse=False).error
    assert error is not None
    assert (error.sqlstate, error.message) == ("22P02", 'invalid input syntax for type bigint: "x"')


def test_a_date_of_pgjdbc_is_a_date(client: WireClient) -> None:
    """It has no type, and a zone, so that it fits a timestamp too."""
    day = "2026-01-05 +00"
    assert client.run("SELECT count(*) > 0 FROM time_entries WHERE spent_date >= $1", [day]).rows == [("t",)]
    assert client.run("SELECT coalesce($1, '2026-01-05') = DATE '2026-01-05'", [day]).rows == [("t",)]


@pytest.mark.parametrize("array", ["{%s}", "ARRAY"])
def test_a_list_of_values_travels_to_harvest(served: Serving, client: WireClient, array: str) -> None:
    """`= ANY` of an array asks for what IN asks for."""
    chosen = sorted({entry["client"]["id"] for entry in served.sandbox.records(MAIN_ID, "time_entries")})[:1]
    expected = client.query(f"{ENTRIES} WHERE client_id IN ({chosen[0]}) ORDER BY id").rows
    with_in = served.requests("/time_entries")
    if array == "ARRAY":
        found = client.query(f"{ENTRIES} WHERE client_id = ANY(ARRAY[{chosen[0]}]) ORDER BY id").rows
    else:
        found = client.run(f"{ENTRIES} WHERE client_id = ANY($1) ORDER BY id", [array % chosen[0]]).rows
    assert found == expected
    assert served.requests("/time_entries") == 2 * with_in
    assert 0 < len(expected) < len(served.sandbox.records(MAIN_ID, "time_entries"))


#: Types, values and what comes back of them: that nothing on the way to DuckDB takes a literal for something else.
VALUES = [
    (16, "yes", "t"),
    (21, "-32768", "-32768"),
    (20, "-9223372036854775808", "-9223372036854775808"),
    (700, "0.1", "0.1"),
    (701, "1e20", "1e+20"),
    (701, "-infinity", "-Infinity"),
    (1700, "-0.05", "-0.05"),
    (1700, "12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
    (25, "{1,2}", "{1,2}"),
    (25, "now", "now"),
    (25, "\\x41", "\\x41"),
    (1043, "a\\b%_", "a\\b%_"),
    (17, "\\x00275cff", "\\x00275cff"),
    (1082, "0044-03-15 BC", "0044-03-15 BC"),
    (1082, "infinity", "infinity"),
    (1083, "04:05:06.789", "04:05:06.789"),
    (1266, "04:05:06-05:30", "04:05:06-05:30"),
    (1114, "2026-01-05 12:00:00.5", "2026-01-05 12:00:00.5"),
    (1184, "2026-01-05 12:00:00+02", "2026-01-05 10:00:00+00"),
    (1186, "1 year 2 mons -3 days 04:05:06.7", "1 year 2 mons -3 days +04:05:06.7"),
    (2950, "A0EEBC999C0B4EF8BB6D6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    (114, '{"a": [1, "\'"]}', '{"a": [1, "\'"]}'),
    (1043, None, None),
    (1082, None, None),
]  # fmt: skip


def test_values_of_every_type_come_back_as_they_went(client: WireClient) -> None:
    client.query("SET TimeZone = 'UTC'")
    places = ", ".join(f"${number}" for number in range(1, len(VALUES) + 1))
    result = client.run(f"SELECT {places}", [value for _, value, _ in VALUES], types=[oid for oid, *_ in VALUES])
    assert result.rows == [tuple(back for *_, back in VALUES)]
    assert [column.oid for column in result.columns] == [{1043: 25}.get(oid, oid) for oid, *_ in VALUES]


@pytest.mark.parametrize(
    ("sql", "value", "row"),
    [
        ("SELECT $1", "1.23456789", "1.23456789"),
        ("SELECT $1 * 1.5", "1.23456", "1.851840"),
        ("SELECT coalesce($1, 1.5)", "1.234567", "1.234567"),
        ("SELECT $1 UNION SELECT $1", "0.00001", "0.00001"),
    ],
)
def test_a_numeric_keeps_its_digits_whatever_was_told_of_its_column(
    client: WireClient, sql: str, value: str, row: str
) -> None:
    """A statement is described before its values are known."""
    client.parse(sql, types=[NUMERIC])
    client.describe("S")
    client.bind([value])
    client.execute()
    assert client.sync().rows == [(row,)]


def test_a_value_that_would_lose_something_in_its_column_is_refused(client: WireClient) -> None:
    """DuckDB has no NaN but among floating-point numbers."""
    client.parse("SELECT $1", types=[NUMERIC])
    client.describe("S")
    client.bind(["NaN"])
    client.execute()
    error = client.sync(refuse=False).error
    assert error is not None
    assert (error.sqlstate, error.message) == ("0A000", "cached plan must not change result type")


@pytest.mark.skipif(duckdb.__version__.startswith("1."), reason="DuckDB 1 tells of a text")
def test_a_value_of_no_type_becomes_what_was_told_of_its_column(client: WireClient) -> None:
    for value, rows, sqlstate in (("2", [("2",), ("1",)], None), ("1.5", [], "22P02"), ("x", [], "22P02")):
        client.parse("SELECT $1 UNION ALL SELECT 1")
        client.describe("S")
        client.bind([value])
        client.execute()
        result = client.sync(refuse=False)
        assert result.columns[0].oid == INT4
        assert (result.rows, None if result.error is None else result.error.sqlstate) == (rows, sqlstate)
