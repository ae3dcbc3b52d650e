"""Reads the rows that a server of PostgreSQL's protocol sent, by PostgreSQL's documentation and send functions."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from harvest_duck.servers.postgres.values.copy_options import copy_options
from harvest_duck.servers.postgres.values.copy_rows import CopyRows
from harvest_duck.servers.postgres.values.projection import projection
from harvest_duck.servers.postgres.values.rows import data_rows
from harvest_duck.servers.postgres.values.types import column_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from harvest_duck.servers.postgres.values.types import ColumnType

EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - timestamps without a time zone begin here, and those with one in UTC
MICROSECOND = timedelta(microseconds=1)


def sent(
    con: duckdb.DuckDBPyConnection, sql: str, form: int, *, arrays: bool = False
) -> tuple[list[list[bytes | None]], list[ColumnType]]:
    """Return the values that our server would send for a query, and the types of its columns.

    Batches are cut in two, as those are that have more rows than a client asks for.
    """
    relation = con.sql(sql)
    types = [column_type(str(kind), arrays=arrays) for kind in relation.types]
    formats = [form] * len(types)
    wanted = relation.project(projection(types, formats))
    reader = (wanted.to_arrow_reader if hasattr(wanted, "to_arrow_reader") else wanted.fetch_record_batch)(100)
    parts = [part for batch in reader for part in (batch.slice(0, 2), batch.slice(2))]
    return [row for part in parts for row in rows_of(data_rows(part, types, formats, relation.columns))], types


def rows_of(sent: bytes | memoryview) -> list[list[bytes | None]]:
    """Return the values of DataRow messages."""
    data, rows = bytes(sent), []
    while data:
        kind, length, columns = struct.unpack(">cih", data[:7])
        assert kind == b"D"
        body, data = data[7 : length + 1], data[length + 1 :]
        row = []
        for _ in range(columns):
            size = int.from_bytes(body[:4], "big", signed=True)
            row.append(None if size < 0 else body[4 : 4 + size])
            body = body[4 + max(size, 0) :]
        assert not body
        rows.append(row)
    return rows


def value_of(oid: int, sent: bytes) -> Any:  # noqa: C901, PLR0912 - a case for each type
    """Return the value that the binary form of a type means."""
    match oid:
        case 16:
            value: Any = {b"\0": False, b"\1": True}[sent]
        case 17 | 25 | 114:
            value = sent if oid == 17 else sent.decode()
        case 20 | 21 | 23:
            value = struct.unpack({20: ">q", 21: ">h", 23: ">i"}[oid], sent)[0]
        case 700 | 701:
            value = struct.unpack({700: ">f", 701: ">d"}[oid], sent)[0]
        case 1082:
            value = date(2000, 1, 1) + timedelta(days=struct.unpack(">i", sent)[0])
        case 1083:
            value = _time(struct.unpack(">q", sent)[0])
        case 1114:
            value = EPOCH + struct.unpack(">q", sent)[0] * MICROSECOND
        case 1184:
            value = (EPOCH + struct.unpack(">q", sent)[0] * MICROSECOND).replace(tzinfo=UTC)
        case 1186:
            microseconds, days, months = struct.unpack(">qii", sent)
            value = (months, days, microseconds)
        case 1266:
            microseconds, west = struct.unpack(">qi", sent)
            value = _time(microseconds).replace(tzinfo=timezone(timedelta(seconds=-west)))
        case 1562:
            count = int.from_bytes(sent[:4], "big")
            value = "".join(f"{byte:08b}" for byte in sent[4:])[:count]
        case 1700:
            value = numeric(sent)
        case 2950:
            value = UUID(bytes=sent)
        case _:
            value = array(sent)
    return value


def numeric(sent: bytes) -> Decimal:
    """Return the number of numeric's binary form; its exponent is the scale."""
    count, weight, sign, scale = struct.unpack(">hhHH", sent[:8])
    groups = struct.unpack(f">{count}H", sent[8:])
    assert not groups or (groups[0] and groups[-1]), "PostgreSQL stores no group of zeros at either end"
    units = sum(group * 10_000 ** (len(groups) - 1 - place) for place, group in enumerate(groups))
    shift = scale + 4 * (weight - count + 1)
    units = units * 10**shift if shift >= 0 else units // 10**-shift
    return Decimal((1 if sign == 0x4000 else 0, tuple(map(int, str(units))), -scale))


def array(sent: bytes) -> list[Any]:
    """Return the elements of an array of one dimension."""
    dimensions, nulls, element = struct.unpack(">iii", sent[:12])
    if not dimensions:
        return []
    count, _lower = struct.unpack(">ii", sent[12:20])
    values, rest = [], sent[20:]
    for _ in range(count):
        size = int.from_bytes(rest[:4], "big", signed=True)
        values.append(None if size < 0 else value_of(element, rest[4 : 4 + size]))
        rest = rest[4 + max(size, 0) :]
    assert not rest
    assert bool(nulls) == (None in values)
    return values


def _time(microseconds: int) -> time:
    if microseconds == 86_400_000_000:  # 24:00:00, which Python's time does not have
        return time.max
    return (EPOCH + microseconds * MICROSECOND).time()


def copied(con: duckdb.DuckDBPyConnection, sql: str, options: Mapping[str, str | tuple[str, ...]]) -> list[bytes]:
    """Return the bodies of the CopyData messages that our server would send for a query."""
    relation = con.sql(sql)
    types = [column_type(str(kind)) for kind in relation.types]
    copy = CopyRows(copy_options(options, relation.columns), types, relation.columns)
    wanted = relation.project(projection(types, copy.formats))
    reader = (wanted.to_arrow_reader if hasattr(wanted, "to_arrow_reader") else wanted.fetch_record_batch)(100)
    data = b"".join(part for batch in reader for part in copy.rows(batch)) + copy.end()
    messages = []
    while data:
        assert data[:1] == b"d"
        length = int.from_bytes(data[1:5], "big")
        messages.append(data[5 : length + 1])
        data = data[length + 1 :]
    return messages
