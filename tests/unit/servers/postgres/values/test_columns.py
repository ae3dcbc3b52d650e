"""Any column of any values is sent so that its text and its binary form mean the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from support.wire_values import sent, value_of

if TYPE_CHECKING:
    import duckdb

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
COLUMNS: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.bool_(): st.booleans(),
    pa.int8(): st.integers(-(2**7), 2**7 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.decimal128(9, 9): st.decimals(-Decimal("0.999999999"), Decimal("0.999999999"), places=9),
    pa.decimal128(18, 4): st.decimals(-(10**13), 10**13, places=4),
    pa.decimal128(38, 0): st.integers(1 - 10**38, 10**38 - 1).map(Decimal),
    pa.string(): TEXTS,
    pa.binary(): st.binary(max_size=12),
    pa.date32(): st.dates(),
    pa.time64("us"): st.times(),
    pa.timestamp("us"): st.datetimes(),
    pa.timestamp("us", "UTC"): st.datetimes(timezones=st.just(UTC)),
}
#: What Python reads in a text, for types whose text is not what `str` writes.
READ: dict[int, Any] = {
    16: lambda text: text == "t",
    17: lambda text: bytes.fromhex(text[2:]),
    25: str,
    701: float,
    1082: date.fromisoformat,
    1083: time.fromisoformat,
    1114: datetime.fromisoformat,
    1184: datetime.fromisoformat,
    1700: Decimal,
}


@st.composite
def columns(draw: st.DrawFn) -> pa.Array:
    """Draw a column: its type, its values, which of them are null, and whether all of them are one."""
    kind = draw(st.sampled_from(list(COLUMNS)))
    values = COLUMNS[kind] if draw(st.booleans()) else COLUMNS[kind] | st.none()
    drawn = draw(st.lists(values, max_size=6)) * draw(st.sampled_from([1, 2, 30]))
    return pa.array(drawn, kind)


@given(table=st.lists(columns(), min_size=1, max_size=4))
def test_text_and_binary_mean_the_values_of_a_column(duck: duckdb.DuckDBPyConnection, table: list[pa.Array]) -> None:
    rows = min(map(len, table))
    source = pa.table({f"c{n}": column[:rows] for n, column in enumerate(table)})
    duck.register("source", source)
    (texts, types), (binaries, _) = (sent(duck, "FROM source", form) for form in (0, 1))
    for n, kind in enumerate(types):
        meant = [None if row[n] is None else value_of(kind.oid, row[n] or b"") for row in binaries]
        assert meant == source.column(n).to_pylist()
        read = READ.get(kind.oid, int)
        assert [None if row[n] is None else read((row[n] or b"").decode()) for row in texts] == meant


@given(values=st.lists(st.lists(st.none() | TEXTS, max_size=4) | st.none(), max_size=5))
def test_an_array_is_quoted_so_that_it_is_read_back(
    duck: duckdb.DuckDBPyConnection, values: list[list[str | None] | None]
) -> None:
    duck.register("source", pa.table({"c": pa.array(values, pa.list_(pa.string()))}))
    (texts, _), (binaries, types) = (sent(duck, "FROM source", form, arrays=True) for form in (0, 1))
    assert [None if row[0] is None else value_of(types[0].oid, row[0]) for row in binaries] == values
    assert [None if row[0] is None else elements(row[0].decode()) for row in texts] == values


def elements(text: str) -> list[str | None]:
    """Return the elements of an array's text, read by the rules of PostgreSQL's documentation of arrays."""
    found: list[str | None] = []
    at = 1
    while text[at:] != "}":
        value, quoted = "", text[at] == '"'
        at += quoted
        while text[at] != '"' if quoted else text[at] not in ",}":
            at += text[at] == "\\"
            value += text[at]
            at += 1
        at += quoted
        found.append(None if value == "NULL" and not quoted else value)
        at += text[at] == ","
    return found
