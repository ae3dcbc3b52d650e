"""Every value is sent with the very bytes that a real PostgreSQL 15 sends for it, as text and as binary."""

from __future__ import annotations

import random
import struct
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.real_postgres import USER, real_postgres
from support.wire_client import WireClient
from support.wire_values import sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from support.real_postgres import RealPostgres

__all__ = ["real_postgres"]

#: DuckDB's SQL of a value, and PostgreSQL's.
Pair = tuple[str, str]
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kolkata",
    "America/St_Johns",
    "Africa/Monrovia",
    "Australia/Lord_Howe",
    "Etc/GMT+5",
]


def drawing(seed: str) -> random.Random:
    """Return what draws the same values each time."""
    return random.Random(seed)  # noqa: S311 - no secret is drawn


@pytest.fixture(scope="module")
def real(real_postgres: RealPostgres) -> Iterator[WireClient]:
    """A connection to a real PostgreSQL."""
    with WireClient(real_postgres.port, USER, "postgres") as client:
        yield client


def cast(duck: str, real: str, values: Sequence[object]) -> list[Pair]:
    """Return the same texts with a cast of either."""
    return [(f"'{value}'::{duck}", f"'{value}'::{real}") for value in values]


def numbers(draw: random.Random) -> list[Pair]:
    """Return numbers of all types."""
    pairs = cast(
        "HUGEINT", "numeric", [draw.randint(1 - 2**127, 2**127 - 1) // 10 ** draw.randint(0, 38) for _ in range(150)]
    )
    pairs += cast("HUGEINT", "numeric", [sign * 10**power for power in range(39) for sign in (-1, 1)])
    pairs += cast(
        "BIGNUM", "numeric", [draw.randint(-(10**80), 10**80) // 10 ** draw.randint(0, 80) for _ in range(100)]
    )
    return [
        *pairs,
        *cast("UHUGEINT", "numeric", [0, 1, 9999, 10_000, 2**128 - 1]),
        *cast("UBIGINT", "numeric", [2**64 - 1]),
    ]


def decimals(draw: random.Random) -> list[Pair]:
    """Return decimals of all widths and scales."""
    pairs = []
    for precision in (1, 2, 3, 4, 5, 9, 10, 17, 18, 19, 28, 37, 38):
        for scale in {0, 1, 2, 3, 4, 5, precision // 2, precision - 1, precision}:
            if scale > precision:
                continue
            kind = f"({precision},{scale})"
            units = [
                0,
                1,
                10**precision - 1,
                1 - 10**precision,
                *(draw.randint(0, 10**precision - 1) for _ in range(4)),
            ]
            units += [draw.randint(-9, 9) * 10 ** draw.randint(0, precision - 1) for _ in range(4)]
            written = [f"{Decimal((int(unit < 0), tuple(map(int, str(abs(unit)))), -scale)):f}" for unit in units]
            pairs += cast(f"DECIMAL{kind}", f"numeric{kind}", written)
    return pairs


def floats(draw: random.Random) -> list[Pair]:
    """Return random bits, and numbers of few digits, as float8."""
    values = [struct.unpack(">d", draw.randbytes(8))[0] for _ in range(400)]
    values += [draw.randint(-(10**9), 10**9) * 10.0 ** draw.randint(-30, 27) for _ in range(400)]
    values += [sign * 10.0**power for power in range(-30, 30) for sign in (1, -1)]
    values += [draw.randint(2**49, 2**50) + draw.choice([0.25, 0.5, 0.125]) for _ in range(200)]
    return cast("DOUBLE", "float8", [*map(repr, values), "-0", "NaN", "Infinity", "-Infinity", "5e-324"])


def short_floats(draw: random.Random) -> list[Pair]:
    """Return random bits, and numbers of few digits, as float4."""
    values = [struct.unpack(">f", draw.randbytes(4))[0] for _ in range(400)]
    values += [draw.randint(-(10**9), 10**9) * 10.0 ** draw.randint(-20, 20) for _ in range(400)]
    values += [sign * 10.0**power for power in range(-30, 30) for sign in (1, -1)]
    return cast("FLOAT", "float4", [*map(repr, values), "-0", "NaN", "Infinity", "-Infinity", "1e-45"])


def intervals(draw: random.Random) -> list[Pair]:
    """Return intervals of either sign in each part."""
    least, most = -(2**31), 2**31 - 1
    pairs = []
    for _ in range(400):
        months = draw.choice([0, 0, draw.randint(-30, 30), draw.randint(least, most)])
        days = draw.choice([0, 0, 1, -1, draw.randint(-99, 99), draw.randint(least, most)])
        time = draw.choice(
            [0, 0, draw.randint(-(10**11), 10**11), draw.randint(-(2**63) + 1, 2**63 - 1), 3_600_000_000]
        )
        seconds, micros = divmod(abs(time), 10**6)
        sign = -1 if time < 0 else 1
        made = f"make_interval(months=>{months}, days=>{days})"
        real = f"{made} + '{sign * seconds} s'::interval + '{sign * micros} us'::interval"
        pairs.append((f"to_months({months}) + to_days({days}) + to_microseconds({time})", real))
    return pairs


def dates(draw: random.Random) -> list[Pair]:
    """Return days from PostgreSQL's first to its last."""
    days = [-2_440_588, 2_145_042_540, -719_163, -719_162, 2_932_896, 2_932_897]
    days += [draw.randint(-2_440_588, 2_145_042_540) for _ in range(200)]
    days += [draw.randint(-800_000, 40_000) for _ in range(200)]
    pairs = [(f"DATE '1970-01-01' + {day}::INTEGER", f"date '1970-01-01' + {day}") for day in days]
    return pairs + cast("DATE", "date", ["infinity", "-infinity"])


def moments(draw: random.Random) -> list[int]:
    """Return microseconds since 1970, of years with four digits mostly."""
    return (
        [draw.randint(-210_866_803_200_000_000 + 10**12, 2**63 - 10**18) for _ in range(60)]
        + [draw.randint(-4 * 10**15, 3 * 10**15) for _ in range(200)]
        + [draw.randint(-(10**9), 2 * 10**9) * 10**6 for _ in range(60)]
        + [0, 1, -1]
    )


def timestamps(draw: random.Random) -> list[Pair]:
    """Return timestamps from PostgreSQL's first on."""
    first = -210_866_803_200_000_000
    pairs = [(f"make_timestamp({moment}::BIGINT)", _timestamp(moment)) for moment in [first, *moments(draw)]]
    return pairs + cast("TIMESTAMP", "timestamp", ["infinity", "-infinity"])


def short_timestamps(_: random.Random) -> list[Pair]:
    """Return timestamps of DuckDB's other types."""
    texts = ["2026-01-02 03:04:05", "1970-01-01 00:00:00", "0044-03-15 10:00:00 BC"]
    ducks = {"TIMESTAMP_S": texts, "TIMESTAMP_MS": texts, "TIMESTAMP_NS": [*texts[:2], "2026-01-02 03:04:05.123456"]}
    infinite = [(f"'{text}'::{duck}", f"'{text}'::timestamp") for duck in ducks for text in ("infinity", "-infinity")]
    return infinite + [
        (
            f"'{text.removesuffix(' BC')}'::{duck}" if "BC" not in text else f"'0044-03-15 (BC) 10:00:00'::{duck}",
            f"'{text}'::timestamp",
        )
        for duck, values in ducks.items()
        for text in values
    ]


def timestamps_with_zone(draw: random.Random) -> list[Pair]:
    """Return moments from PostgreSQL's first on."""
    pairs = [
        (f"make_timestamp({each}::BIGINT) AT TIME ZONE 'UTC'", f"{_timestamp(each)} AT TIME ZONE 'UTC'")
        for each in moments(draw)
    ]
    return pairs + cast("TIMESTAMPTZ", "timestamptz", ["infinity", "-infinity"])


def times(draw: random.Random) -> list[Pair]:
    """Return times of day, with zones and without."""
    clocks = ["00:00:00", "24:00:00", "23:59:59.999999", "12:30:00.5", "00:00:00.000001"]
    zones = ["+00", "+02", "-02:30", "+15:59:59", "-15:59:59", "+05:45"]
    zoned = [clock + zone for clock in clocks for zone in zones]
    return cast("TIME", "time", clocks) + cast("TIMETZ", "timetz", zoned) + cast("TIME_NS", "time", clocks[2:])


def others(draw: random.Random) -> list[Pair]:
    """Return values of types with few cases."""
    bits = ["".join(draw.choice("01") for _ in range(draw.randint(1, 70))) for _ in range(60)]
    identities = ["".join(draw.choice("0123456789abcdef") for _ in range(32)) for _ in range(30)]
    texts = ["", " ", "a", "ä€😀", "x" * 3000, "a\nb\tc\\d", '"q"', "{}", "NULL"]
    pairs = cast("BIT", "varbit", bits) + cast("UUID", "uuid", identities) + cast("VARCHAR", "text", texts)
    for size in (0, 1, 2, 300):
        data = draw.randbytes(size).hex()
        pairs.append((f"unhex('{data}')", f"'\\x{data}'::bytea"))
    pairs += [("true", "true"), ("false", "false"), ("'{\"a\": [1]}'::JSON", "'{\"a\": [1]}'::json")]
    for duck, real, width in (
        ("TINYINT", "int2", 7),
        ("SMALLINT", "int2", 15),
        ("INTEGER", "int4", 31),
        ("BIGINT", "int8", 63),
    ):
        pairs += cast(duck, real, [0, 1, -1, 2**width - 1, -(2**width)])
    return (
        pairs
        + cast("UTINYINT", "int2", [255])
        + cast("USMALLINT", "int4", [65535])
        + cast("UINTEGER", "int8", [2**32 - 1])
    )


KINDS = [numbers, decimals, floats, short_floats, intervals, dates, timestamps, short_timestamps, times, others]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_values_are_sent_as_postgresql_sends_them(
    real: WireClient, make: Callable[[random.Random], list[Pair]]
) -> None:
    with duckdb.connect() as con:
        assert differences(con, real, make(drawing("values"))) == []


@pytest.mark.parametrize("zone", ZONES)
def test_moments_are_told_in_the_zone_of_the_session(real: WireClient, zone: str) -> None:
    real.query(f"SET TimeZone = '{zone}'")
    with duckdb.connect() as con:
        con.execute(f"SET TimeZone = '{zone}'")
        assert differences(con, real, timestamps_with_zone(drawing(zone))) == []


LISTS = {
    "INTEGER[]": ("int4[]", ["[]", "[1]", "[NULL]", "[1, NULL, -3]"], ["{}", "{1}", "{NULL}", "{1,NULL,-3}"]),
    "BOOLEAN[]": ("bool[]", ["[true, NULL, false]"], ["{t,NULL,f}"]),
    "DOUBLE[]": ("float8[]", ["[1e20, 0.1]"], ["{1e20,0.1}"]),
    "DECIMAL(18,4)[]": ("numeric(18,4)[]", ["[1.5, NULL, 0]"], ["{1.5,NULL,0}"]),
    "TIMESTAMP[]": ("timestamp[]", ["['2026-01-02 03:04:05']"], ['{"2026-01-02 03:04:05"}']),
    "DATE[2]": ("date[]", ["['2026-01-02', NULL]"], ["{2026-01-02,NULL}"]),
    "INTERVAL[]": ("interval[]", ["['1 month']"], ['{"1 month"}']),
    "VARCHAR[]": (
        "text[]",
        ["['a', '', 'null', 'NuLl', 'a b', 'a,b', '{', '\"', '\\', NULL, 'ä']", "[]", "['x']"],
        [r'{a,"",null,NuLl,"a b","a,b","{","\"","\\",NULL,ä}'.replace("null,NuLl", '"null","NuLl"'), "{}", "{x}"],
    ),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_the_catalogue_are_arrays(real: WireClient, kind: str) -> None:
    name, ducks, reals = LISTS[kind]
    pairs = [(f"{duck}::{kind}", f"'{text}'::{name}") for duck, text in zip(ducks, reals, strict=True)]
    with duckdb.connect() as con:
        assert differences(con, real, pairs, arrays=True) == []


def test_vectors_of_the_catalogue_are_vectors(real: WireClient) -> None:
    with duckdb.connect() as con:
        ints = [("[1, 2]::USMALLINT[]", "'1 2'::int2vector"), ("[]::USMALLINT[]", "''::int2vector")]
        assert differences(con, real, ints, arrays=True) == []
        oids = [("[16, 4294967295]::UBIGINT[]", "'16 4294967295'::oidvector"), ("[]::UBIGINT[]", "''::oidvector")]
        assert differences(con, real, oids, arrays=True) == []


def test_characters_of_the_catalogue_are_its_type_char(real: WireClient) -> None:
    with duckdb.connect() as con:
        pairs = [
            (f"'{each}'::ENUM('', 'a', '\\', '{{')", f"'{text}'::\"char\"")
            for each, text in (("", ""), ("a", "a"), ("\\", "\\\\"))
        ]
        assert differences(con, real, pairs, arrays=True) == []


def differences(con: duckdb.DuckDBPyConnection, real: WireClient, pairs: list[Pair], **options: bool) -> list[object]:
    """Return what is not the same: the value, whether it is binary, what we send, and what PostgreSQL sends."""
    found: list[object] = []
    for duck, group in _by_type(con, pairs).items():
        theirs = " UNION ALL ".join(f"SELECT {real_sql}, {n}" for n, (_, real_sql) in enumerate(group))
        ours = ", ".join(f"({n}, {duck_sql})" for n, (duck_sql, _) in enumerate(group))
        sql = f"SELECT v::{duck} FROM (VALUES {ours}) AS t(n, v) ORDER BY n"
        for form in (0, 1):
            rows, types = sent(con, sql, form, **options)
            answer = real.run(f"SELECT v FROM ({theirs}) AS t(v, n) ORDER BY n", result_formats=[form])
            assert types[0].oid == answer.columns[0].oid, (duck, types[0])
            for pair, (mine,), (other,) in zip(group, rows, answer.rows, strict=True):
                if mine != (other if form else other.encode()):
                    found.append((pair, form, mine, other))
    return found


def _by_type(con: duckdb.DuckDBPyConnection, pairs: list[Pair]) -> dict[str, list[Pair]]:
    types = con.sql("SELECT " + ", ".join(duck for duck, _ in pairs)).types
    groups: dict[str, list[Pair]] = {}
    for kind, pair in zip(types, pairs, strict=True):
        groups.setdefault(str(kind), []).append(pair)
    return groups


def _timestamp(moment: int) -> str:
    """Return PostgreSQL's SQL of microseconds since 1970."""
    seconds, micros = divmod(moment - 946_684_800_000_000, 10**6)
    return f"(timestamp '2000-01-01' + '{seconds} s'::interval + '{micros} us'::interval)"
