"""Each literal is evaluated by DuckDB: it has the value and the type, and nothing else."""

from __future__ import annotations

import math
import re
import struct
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.parameters.parameters import ARRAY_OF, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

NULL = b"\xff\xff\xff\xff"


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'Europe/Berlin'; SET threads = 1")
        yield con


def value(duck: duckdb.DuckDBPyConnection, oid: int, form: int, raw: bytes | None) -> Any:
    """The value that DuckDB has for a parameter, beside one that must stay as it is."""
    row = duck.execute(f"SELECT {literal(oid, form, raw)}, 'end'").fetchone()
    assert row is not None
    assert row[1:] == ("end",)
    return row[0]


def shown(duck: duckdb.DuckDBPyConnection, oid: int, raw: bytes | None, form: int = 0) -> tuple[str, str]:
    """The type in DuckDB and the text there."""
    made = literal(oid, form, raw)
    row = duck.execute(f"SELECT typeof({made}), CAST({made} AS VARCHAR)").fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("oid", "text", "duckdb_type", "is_shown"),
    [
        (16, b" TRUE ", "BOOLEAN", "true"),
        (16, b"of", "BOOLEAN", "false"),
        (21, b"-32768", "SMALLINT", "-32768"),
        (23, b" +7 ", "INTEGER", "7"),
        (20, b"-9223372036854775808", "BIGINT", "-9223372036854775808"),
        (26, b"4294967295", "UINTEGER", "4294967295"),
        (700, b"0.1", "FLOAT", "0.1"),
        (701, b"1e300", "DOUBLE", "1e+300"),
        (701, b"-Infinity", "DOUBLE", "-inf"),
        (701, b"nan", "DOUBLE", "nan"),
        (1700, b"1.50", "DECIMAL(3,2)", "1.50"),
        (1700, b"-.05", "DECIMAL(3,2)", "-0.05"),
        (1700, b"1e3", "DECIMAL(4,0)", "1000"),
        (1700, b"12345678901234567890123456789012345678", "DECIMAL(38,0)", "12345678901234567890123456789012345678"),
        (1700, b"0." + b"0" * 40, "DECIMAL(38,37)", "0." + "0" * 37),
        (1700, b"7." + b"0" * 50, "DECIMAL(38,37)", "7." + "0" * 37),
        (1700, b"NaN", "DOUBLE", "nan"),
        (25, b"it's \\ $1 -- /* \"", "VARCHAR", "it's \\ $1 -- /* \""),
        (19, b"name", "VARCHAR", "name"),
        (0, b"2026-01-01 +00", "VARCHAR", "2026-01-01"),
        (25, b"2026-01-01 +00", "VARCHAR", "2026-01-01 +00"),
        (17, b"\\x00 ff", "BLOB", "\\x00\\xFF"),
        (17, b"a\\000\\\\b", "BLOB", "a\\x00\\x5Cb"),
        (17, b"", "BLOB", ""),
        (1082, b"2026-1-2", "DATE", "2026-01-02"),
        (1082, b"20260102", "DATE", "2026-01-02"),
        (1082, b"2026-01-02 +00", "DATE", "2026-01-02"),
        (1082, b"2026-01-02T23:00:00Z", "DATE", "2026-01-02"),
        (1082, b"0044-03-15 BC", "DATE", "0044-03-15 (BC)"),
        (1082, b"4714-11-24 BC", "DATE", "4714-11-24 (BC)"),
        (1082, b"5874897-12-31", "DATE", "5874897-12-31"),
        (1082, b"-infinity", "DATE", "-infinity"),
        (1082, b"epoch", "DATE", "1970-01-01"),
        (1083, b"24:00", "TIME", "24:00:00"),
        (1083, b"04:05:06.7890125+02", "TIME", "04:05:06.789013"),
        (1266, b"04:05:06-05:30", "TIME WITH TIME ZONE", "04:05:06-05:30"),
        (1114, b"2026-01-02 03:04:05.5+02", "TIMESTAMP", "2026-01-02 03:04:05.5"),
        (1114, b"2026-01-02", "TIMESTAMP", "2026-01-02 00:00:00"),
        (1114, b"2026-12-31 23:59:60", "TIMESTAMP", "2027-01-01 00:00:00"),
        (1114, b"infinity", "TIMESTAMP", "infinity"),
        (1184, b"2026-01-02 03:04:05+05:30", "TIMESTAMP WITH TIME ZONE", "2026-01-01 22:34:05+01"),
        (1184, b"2026-07-02 03:04:05", "TIMESTAMP WITH TIME ZONE", "2026-07-02 03:04:05+02"),
        (1184, b"2026-01-02 +00", "TIMESTAMP WITH TIME ZONE", "2026-01-02 01:00:00+01"),
        (1184, b"2026-01-02T03:04:05 America/New_York", "TIMESTAMP WITH TIME ZONE", "2026-01-02 09:04:05+01"),
        (1186, b"1 year 2 mons -3 days +04:05:06.7", "INTERVAL", "1 year 2 months -3 days 04:05:06.7"),
        (1186, b"1 day, 2:03:04", "INTERVAL", "1 day 02:03:04"),
        (1186, b"@ 2.5 months 1.5 days ago", "INTERVAL", "-2 months -16 days -12:00:00"),
        (1186, b"P1Y2M3DT4H5M6.5S", "INTERVAL", "1 year 2 months 3 days 04:05:06.5"),
        (1186, b"-3-2", "INTERVAL", "-3 years -2 months"),
        (1186, b"5", "INTERVAL", "00:00:05"),
        (2950, b"{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}", "UUID", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (114, b'{"a": [1, null, "\'"]}', "JSON", '{"a": [1, null, "\'"]}'),
        (1016, b"{1,NULL, 3 }", "BIGINT[]", "[1, NULL, 3]"),
        (1007, b"[0:1]={{1,2},{3,4}}", "INTEGER[][]", "[[1, 2], [3, 4]]"),
        (1182, b"{2026-01-02}", "DATE[]", "[2026-01-02]"),
        (1231, b"{1,2.50}", "DECIMAL(3,2)[]", "[1.00, 2.50]"),
        (1007, b"{}", "INTEGER[]", "[]"),
    ],
)  # fmt: skip
def test_a_text_is_read(
    duck: duckdb.DuckDBPyConnection, oid: int, text: bytes, duckdb_type: str, is_shown: str
) -> None:
    assert shown(duck, oid, text) == (duckdb_type, is_shown)


def test_the_elements_of_a_text_are_read(duck: duckdb.DuckDBPyConnection) -> None:
    text = rb'{a b , "x, \"y\"\\" ,NULL,"NULL","", it\'s,e\,f, trailing\ }'
    assert value(duck, 1009, 0, text) == ["a b", 'x, "y"\\', None, "NULL", "", "it's", "e,f", "trailing "]


@pytest.mark.parametrize(
    ("oid", "text", "sqlstate"),
    [
        (16, b"o", "22P02"),
        (23, b"1.5", "22P02"),
        (23, b"", "22P02"),
        (23, "\u0661".encode(), "22P02"),
        (23, b"2147483648", "22003"),
        (20, b"9" * 5000, "22003"),
        (26, b"-1", "22003"),
        (701, b"1_0", "22P02"),
        (701, b"1e400", "22003"),
        (701, b"1e-400", "22003"),
        (700, b"1e39", "22003"),
        (701, b".", "22P02"),
        (1700, b"1,5", "22P02"),
        (1700, b"1e38", "22003"),
        (1700, b"1e-39", "22003"),
        (1700, b"1e999999999", "22003"),
        (1082, b"01/02/2026", "22007"),
        (1082, b"2026-02-29", "22008"),
        (1082, b"0000-01-01", "22008"),
        (1082, b"5874898-01-01", "22008"),
        (1082, b"2026-01-01'::DATE", "22007"),
        (1083, b"24:00:01", "22008"),
        (1266, b"04:05:06", "22007"),
        (1114, b"2026-01-01 12:60:00", "22008"),
        (1114, b"294277-01-01", "22008"),
        (1184, b"2026-01-01 12:00:00+16", "22008"),
        (1184, b"2026-01-01 12:00:00 x", "22007"),
        (1186, b"", "22007"),
        (1186, b"1 parsec", "22007"),
        (1186, b"1 2:03", "22007"),
        (1186, b"P1H", "22007"),
        (1186, b"PT", "22007"),
        (1186, b"2147483648 days", "22008"),
        (2950, b"a0eebc99", "22P02"),
        (114, b"{a}", "22P02"),
        (114, b"NaN", "22P02"),
        (114, b"[" * 100_000, "22P02"),
        (17, b"\\x0", "22P02"),
        (17, b"\\9", "22P02"),
        (25, b"\xff", "22021"),
        (25, b"a\0b", "22021"),
        (1016, b"1,2", "22P02"),
        (1016, b"{1,}", "22P02"),
        (1016, b"{1,{2}}", "22P02"),
        (1016, b"{1}{2}", "22P02"),
        (1016, b"{{1},{2,3}}", "22P02"),
        (1016, b'{"1}', "22P02"),
        (1016, b"{x}", "22P02"),
        (1016, b"{{{{{{{1}}}}}}}", "22P02"),
        (1231, b"{NaN,1.5}", "0A000"),
        (790, b"1", "0A000"),
    ],
)
def test_a_text_that_is_no_value_is_refused(oid: int, text: bytes, sqlstate: str) -> None:
    with pytest.raises(Failure) as caught:
        literal(oid, 0, text)
    assert (caught.value.sqlstate, caught.value.fatal) == (sqlstate, False)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


def days(of: date) -> bytes:
    return struct.pack(">i", (of - date(2000, 1, 1)).days)


def microseconds(of: datetime) -> int:
    return (of - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("oid", "raw", "duckdb_type", "is_shown"),
    [
        (16, b"\x01", "BOOLEAN", "true"),
        (21, b"\xff\xfe", "SMALLINT", "-2"),
        (23, b"\0\0\0\x07", "INTEGER", "7"),
        (20, b"\x80" + bytes(7), "BIGINT", "-9223372036854775808"),
        (26, b"\xff\xff\xff\xff", "UINTEGER", "4294967295"),
        (700, struct.pack(">f", 0.1), "FLOAT", "0.1"),
        (701, struct.pack(">d", -math.inf), "DOUBLE", "-inf"),
        (1700, struct.pack(">hhHHhhh", 3, 1, 0x4000, 2, 1, 2345, 6700), "DECIMAL(7,2)", "-12345.67"),
        (1700, struct.pack(">hhHHh", 1, 0, 0, 3, 7), "DECIMAL(4,3)", "7.000"),
        (1700, struct.pack(">hhHHh", 1, -2, 0, 8, 5), "DECIMAL(9,8)", "0.00000005"),
        (1700, struct.pack(">hhHHh", 1, 2, 0, 0, 5), "DECIMAL(9,0)", "500000000"),
        (1700, struct.pack(">hhHHh", 1, -1, 0, 2, 1299), "DECIMAL(3,2)", "0.12"),
        (1700, struct.pack(">hhHH", 0, 0, 0, 2), "DECIMAL(3,2)", "0.00"),
        (1700, struct.pack(">hhHH", 0, 0, 0xC000, 0), "DOUBLE", "nan"),
        (17, b"a'\0", "BLOB", "a\\x27\\x00"),
        (1082, days(date(1999, 12, 31)), "DATE", "1999-12-31"),
        (1082, b"\x7f\xff\xff\xff", "DATE", "infinity"),
        (1083, struct.pack(">q", 86_400_000_000), "TIME", "24:00:00"),
        (1266, struct.pack(">qi", 1_000_000, -7200), "TIME WITH TIME ZONE", "00:00:01+02"),
        (1114, struct.pack(">q", -1), "TIMESTAMP", "1999-12-31 23:59:59.999999"),
        (1114, b"\x80" + bytes(7), "TIMESTAMP", "-infinity"),
        (1184, struct.pack(">q", 0), "TIMESTAMP WITH TIME ZONE", "2000-01-01 01:00:00+01"),
        (1186, struct.pack(">qii", -1, 2, -26), "INTERVAL", "-2 years -2 months 2 days -00:00:00.000001"),
        (2950, bytes(range(16)), "UUID", "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        (114, b"[1]", "JSON", "[1]"),
        (3802, b"\x01[1]", "JSON", "[1]"),
        (25, b"it's", "VARCHAR", "it's"),
        (0, b"it's", "VARCHAR", "it's"),
        (1005, struct.pack(">iiIii", 1, 1, 21, 2, 1) + b"\0\0\0\x02\0\x07" + NULL, "SMALLINT[]", "[7, NULL]"),
        (1009, struct.pack(">iiI", 0, 0, 25), "VARCHAR[]", "[]"),
        (1005, struct.pack(">iiIiiii", 2, 0, 21, 1, 1, 2, 1) + b"\0\0\0\x02\0\x07" * 2, "SMALLINT[][]", "[[7, 7]]"),
        (1005, struct.pack(">iiIiiii", 2, 0, 21, 2**31 - 1, 1, 0, 1), "SMALLINT[]", "[]"),
    ],
)
def test_bytes_are_read(duck: duckdb.DuckDBPyConnection, oid: int, raw: bytes, duckdb_type: str, is_shown: str) -> None:
    assert shown(duck, oid, raw, 1) == (duckdb_type, is_shown)


@pytest.mark.parametrize(
    ("oid", "raw", "sqlstate"),
    [
        *[(oid, b"\0\0\0\0\0", "22P03") for oid in (16, 21, 23, 20, 26, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266)],
        (2950, b"\0", "22P03"),
        (3802, b"\x02{}", "22P03"),
        (1700, b"\0\x01", "22P03"),
        (1700, struct.pack(">hhHH", 1, 0, 0, 0), "22P03"),
        (1700, struct.pack(">hhHHh", 1, 0, 0, 0, 10_000), "22P03"),
        (1700, struct.pack(">hhHHh", 1, 0, 1, 0, 1), "22P03"),
        (1700, struct.pack(">hhHHh", 1, 0, 0, 0x4000, 1), "22P03"),
        (1700, struct.pack(">hhHHh", 1, 32767, 0, 0, 1), "22003"),
        (1082, struct.pack(">i", -2_451_546), "22008"),
        (1083, struct.pack(">q", -1), "22008"),
        (1266, struct.pack(">qi", 0, 57_600), "22008"),
        (1114, b"\x7f" + b"\xff" * 6 + b"\xf0", "22008"),
        (1005, struct.pack(">iiIii", 1, 0, 21, 2**31 - 1, 1), "22P03"),
        (1005, struct.pack(">iiIii", 1, 0, 21, -1, 1), "22P03"),
        (1005, struct.pack(">iiIii", 1, 0, 21, 1, 1) + b"\0\0\0\x03\0\x07", "22P03"),
        (1005, struct.pack(">iiIii", 1, 0, 21, 1, 1) + NULL + b"x", "22P03"),
        (1005, struct.pack(">iiI", 7, 0, 21), "22P03"),
        (1005, struct.pack(">iiI", 0, 0, 23), "42804"),
        (1005, b"\0", "22P03"),
        (114, b"\xff", "22021"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_value_are_refused(oid: int, raw: bytes, sqlstate: str) -> None:
    with pytest.raises(Failure) as caught:
        literal(oid, 1, raw)
    assert (caught.value.sqlstate, caught.value.fatal) == (sqlstate, False)


def test_null_has_the_type_of_its_parameter(duck: duckdb.DuckDBPyConnection) -> None:
    oids = [0, 16, 17, 20, 25, 114, 700, 1082, 1184, 1186, 1700, 2950, 1016, 1009, 1231]
    assert [value(duck, oid, 0, None) for oid in oids] == [None] * len(oids)
    assert literal(1082, 1, None) == "CAST(NULL AS DATE)"


def test_every_array_has_elements_that_are_known() -> None:
    for array in ARRAY_OF:
        assert literal(array, 0, b"{}")


NUMERICS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text(
    "'\\\"$;-/*ab\n\u00a0\u2003", max_size=12
)
VALUES = st.one_of(
    st.tuples(st.just(25), TEXTS),
    st.tuples(st.just(0), TEXTS),
    st.tuples(st.just(20), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(701), st.floats(allow_nan=False)),
    st.tuples(st.just(1700), NUMERICS),
    st.tuples(st.just(1082), st.dates()),
    st.tuples(st.just(1083), st.times()),
    st.tuples(st.just(1114), st.datetimes()),
    st.tuples(st.just(2950), st.uuids()),
    st.tuples(st.just(17), st.binary(max_size=20)),
    st.tuples(st.just(1009), st.lists(TEXTS | st.none(), max_size=4)),
)  # fmt: skip


def text_of(oid: int, of: Any) -> bytes:
    """The text that a client sends for a value."""
    if isinstance(of, bytes):
        return b"\\x" + of.hex().encode()
    if isinstance(of, list):
        quoted = ("NULL" if each is None else '"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in of)
        return ("{" + ",".join(quoted) + "}").encode()
    return str(of).encode()


def bytes_of(oid: int, of: Any) -> bytes:
    """The bytes that a client sends for a value."""
    match of:
        case datetime():
            return struct.pack(">q", microseconds(of.replace(tzinfo=UTC)))
        case date():
            return days(of)
        case time():
            return struct.pack(">q", ((of.hour * 60 + of.minute) * 60 + of.second) * 1_000_000 + of.microsecond)
        case int():
            return struct.pack(">q", of)
        case float():
            return struct.pack(">d", of)
        case UUID():
            return of.bytes
        case Decimal():
            digits = f"{abs(of):.4f}".replace(".", "")
            digits = digits.rjust(-(-len(digits) // 4) * 4, "0")
            groups = [int(digits[at : at + 4]) for at in range(0, len(digits), 4)]
            return struct.pack(f">hhHH{len(groups)}h", len(groups), len(groups) - 2, 0x4000 * (of < 0), 4, *groups)
        case list():
            elements = (NULL if each is None else struct.pack(">i", len(each.encode())) + each.encode() for each in of)
            return (
                struct.pack(">iiI", 1 if of else 0, 0, 25)
                + (struct.pack(">ii", len(of), 1) if of else b"")
                + b"".join(elements)
            )
        case bytes():
            return of
    return str(of).encode()


@settings(deadline=None, max_examples=share(400))
@given(st.lists(VALUES, min_size=1, max_size=5))
def test_a_literal_has_the_value_in_text_and_in_bytes(
    duck: duckdb.DuckDBPyConnection, given_: list[tuple[int, Any]]
) -> None:
    parts = [(literal(oid, 0, text_of(oid, of)), literal(oid, 1, bytes_of(oid, of))) for oid, of in given_]
    row = duck.execute(f"SELECT {', '.join(part for pair in parts for part in pair)}").fetchone()
    assert row is not None
    expected = [each for _, of in given_ for each in (of, of)]
    assert list(row) == expected


@settings(deadline=None, max_examples=share(400))
@given(st.integers(-2_451_545, 2_145_031_948), st.integers(-211_813_488_000_000_000, 9_222_424_646_400_000_000))
def test_days_and_moments_are_those_of_duckdb(duck: duckdb.DuckDBPyConnection, day: int, moment: int) -> None:
    made = literal(1082, 1, struct.pack(">i", day)), literal(1114, 1, struct.pack(">q", moment))
    of_duckdb = f"DATE '2000-01-01' + {day}", f"make_timestamp({moment + 946_684_800_000_000})"
    assert duck.execute(f"SELECT {made[0]} = {of_duckdb[0]}, {made[1]} = {of_duckdb[1]}").fetchone() == (True, True)
    text = duck.execute(f"SELECT CAST({made[0]} AS VARCHAR), CAST({made[1]} AS VARCHAR)").fetchone()
    assert text is not None
    of_postgres = [re.sub(r"(.*) \(BC\)(.*)", r"\1\2 BC", each).encode() for each in text]
    assert (literal(1082, 0, of_postgres[0]), literal(1114, 0, of_postgres[1])) == made


@settings(deadline=None, max_examples=share(400))
@given(
    st.sampled_from([0, 16, 17, 20, 25, 114, 701, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 2950, 1009, 1016, 1231]),
    st.integers(0, 1),
    TEXTS | st.text("0123456789-: .eE+'{}\",", max_size=20),
)
def test_any_text_is_one_expression_or_refused(duck: duckdb.DuckDBPyConnection, oid: int, form: int, text: str) -> None:
    """What DuckDB cannot read itself, as a zone without that name, is an error of a conversion and never of syntax."""
    try:
        made = literal(oid, form, text.encode())
    except Failure:
        return
    statements = duck.extract_statements(f"SELECT {made} AS it, 'end'")
    assert len(statements) == 1
    try:
        row = duck.execute(f"SELECT {made} AS it, 'end'").fetchone()
    except (
        duckdb.ConversionException,
        duckdb.InvalidInputException,
        duckdb.OutOfRangeException,
        OverflowError,
        ValueError,
    ):
        return
    assert row is not None
    assert row[1:] == ("end",)
