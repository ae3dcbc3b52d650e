"""Record batches become DataRow messages that mean the same values, as text and as binary."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from support.wire_values import rows_of, sent, value_of

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.values import rows
from harvest_duck.servers.postgres.values.rows import data_rows, row_parts
from harvest_duck.servers.postgres.values.types import column_type

if TYPE_CHECKING:
    import duckdb

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


@pytest.mark.parametrize(("value", "text", "meaning"), VALUES)
def test_a_value_is_sent_as_text_and_as_binary(
    duck: duckdb.DuckDBPyConnection, value: str, text: str, meaning: Any
) -> None:
    sql = f"SELECT unnest([{value}, NULL, {value}])"
    assert sent(duck, sql, 0)[0] == [[text.encode()], [None], [text.encode()]]
    binaries, types = sent(duck, sql, 1)
    first, none, last = (row[0] for row in binaries)
    assert first is not None
    assert first == last
    assert none is None
    assert value_of(types[0].oid, first) == meaning


REFUSED = [
    ("'a' || chr(0)", "22021"),
    ("DATE '4714-11-23 (BC)'", "22008"),
    ("DATE '5874898-01-01'", "22008"),
    ("TIMESTAMP '4714-11-23 (BC) 23:59:59.999999'", "22008"),
    ("TIMESTAMPTZ '4714-11-23 (BC) 23:59:59.999999+00'", "22008"),
    ("TIMESTAMP_NS '2026-01-01 00:00:00.000000001'", "22008"),
    ("TIME_NS '00:00:00.000000001'", "22008"),
    ("repeat('9', 131073)::BIGNUM", "22003"),
]


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize(("value", "sqlstate"), REFUSED)
def test_what_postgresql_cannot_hold_is_refused_by_the_name_of_its_column(
    duck: duckdb.DuckDBPyConnection, value: str, sqlstate: str, form: int
) -> None:
    with pytest.raises(Failure, match='column "odd"') as refused:
        sent(duck, f"SELECT 1 AS fine, unnest([NULL, {value}]) AS odd", form)
    assert refused.value.sqlstate == sqlstate


def test_no_row_and_no_column_are_sent_as_they_are(duck: duckdb.DuckDBPyConnection) -> None:
    assert sent(duck, "SELECT 1 AS a, 'b' AS b WHERE false", 1)[0] == []
    batch = pa.record_batch({"c1": [1, 1]})
    assert bytes(data_rows(batch, [], [])) == b"D\0\0\0\6\0\0" * 2


def test_parts_of_a_batch_whose_texts_are_long_are_sent_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PART_BYTES", 1000)
    batch = pa.record_batch({"c1": ["x" * 1000, None, "y" * 1000, "z"]})
    parts = list(row_parts(batch, [column_type("VARCHAR")], [0]))
    assert len(parts) == 4
    read = rows_of(b"".join(parts))
    assert [row[0] and len(row[0]) for row in read] == [1000, None, 1000, 1]
