"""Record batches become DataRow messages that mean the same values, as text and as binary."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from support.wire_values import data_rows as read
from support.wire_values import value_of

from harvest_duck.servers.postgres.projection import projection
from harvest_duck.servers.postgres.rows import data_rows
from harvest_duck.servers.postgres.types import column_type

#: A value, PostgreSQL's text of it, and what its binary form means.
VALUES: list[tuple[str, str, Any]] = [
    ("true", "t", True),
    ("false", "f", False),
    ("(-128)::TINYINT", "-128", -128),
    ("255::UTINYINT", "255", 255),
    ("65535::USMALLINT", "65535", 65535),
    ("4294967295::UINTEGER", "4294967295", 4294967295),
    ("(-9223372036854775808)::BIGINT", "-9223372036854775808", -(2**63)),
    ("18446744073709551615::UBIGINT", "18446744073709551615", Decimal(2**64 - 1)),
    ("(-170141183460469231731687303715884105727)::HUGEINT", str(1 - 2**127), Decimal(1 - 2**127)),
    ("340282366920938463463374607431768211455::UHUGEINT", str(2**128 - 1), Decimal(2**128 - 1)),
    ("1.5::DECIMAL(4,2)", "1.50", Decimal("1.50")),
    ("(-0.0005)::DECIMAL(18,4)", "-0.0005", Decimal("-0.0005")),
    ("'ab'::BLOB", "\\x6162", b"ab"),
    ("''", "", ""),
    ("[1, NULL]", "[1,null]", "[1,null]"),
    ("'10101'::BIT", "10101", "10101"),
    ("INTERVAL '3000000 hours'", "3000000:00:00", (0, 0, 10_800_000_000_000_000)),
]


def sent(
    con: duckdb.DuckDBPyConnection, sql: str, form: int, **options: bool
) -> tuple[list[list[bytes | None]], list[int]]:
    """Return the values that are sent for a query, and the types of its columns."""
    relation = con.sql(sql)
    types = [column_type(str(kind), **options) for kind in relation.types]
    formats = [form] * len(types)
    batches = relation.project(projection(types, formats)).to_arrow_reader(100)
    rows = [row for batch in batches for row in read(data_rows(batch, types, formats))]
    return rows, [kind.oid for kind in types]


@pytest.mark.parametrize(("value", "text", "meaning"), VALUES)
def test_a_value_is_sent_as_text_and_as_binary(value: str, text: str, meaning: Any) -> None:
    with duckdb.connect() as con:
        sql = f"SELECT unnest([{value}, NULL, {value}])"
        assert sent(con, sql, 0)[0] == [[text.encode()], [None], [text.encode()]]
        binaries, oids = sent(con, sql, 1)
    first, none, last = (row[0] for row in binaries)
    assert first is not None
    assert first == last
    assert none is None
    assert value_of(oids[0], first) == meaning
