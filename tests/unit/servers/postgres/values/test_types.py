"""DuckDB's types are PostgreSQL's, by their numbers, sizes and names."""

from __future__ import annotations

import pytest

from harvest_duck.servers.postgres.values.types import column_type, element_type, format_type

DATA = [
    ("BIGINT", 20, 8, "bigint"),
    ("DECIMAL(18,4)", 1700, -1, "numeric(18,4)"),
    ("HUGEINT", 1700, -1, "numeric(39,0)"),
    ("BIGNUM", 1700, -1, "numeric"),
    ("TIMESTAMP WITH TIME ZONE", 1184, 8, "timestamp with time zone"),
    ("INTEGER[]", 114, -1, "json"),
    ("DECIMAL(18,4)[3]", 114, -1, "json"),
    ('STRUCT("a)" INTEGER, b VARCHAR[])', 114, -1, "json"),
    ("MAP(VARCHAR, INTEGER)", 114, -1, "json"),
    ("TUPLE(INTEGER, VARCHAR)", 114, -1, "json"),
    ("ENUM('a', 'b')", 25, -1, "text"),
    ('"NULL"', 25, -1, "text"),
    ("UINTEGER", 20, 8, "bigint"),
]
CATALOGUE = [
    ("UINTEGER", 26, "oid"),
    ("UINTEGER[]", 1028, "oid[]"),
    ("UBIGINT[]", 30, "oidvector"),
    ("USMALLINT[]", 22, "int2vector"),
    ("DECIMAL(37,0)", 2205, "regclass"),
    ("DECIMAL(18,4)[]", 1231, "numeric(18,4)[]"),
    ("VARCHAR[]", 1009, "text[]"),
    ("ENUM('', 'a')", 18, '"char"'),
    ("ENUM('', 'a')[]", 1002, '"char"[]'),
    ("INTEGER[][]", 199, "json[]"),
]


@pytest.mark.parametrize(("duck", "oid", "size", "name"), DATA)
def test_a_type_of_data(duck: str, oid: int, size: int, name: str) -> None:
    kind = column_type(duck)
    assert (kind.oid, kind.size, format_type(kind.oid, kind.typmod)) == (oid, size, name)


@pytest.mark.parametrize(("duck", "oid", "name"), CATALOGUE)
def test_a_type_of_the_catalogue(duck: str, oid: int, name: str) -> None:
    kind = column_type(duck, arrays=True)
    assert (kind.oid, format_type(kind.oid, kind.typmod)) == (oid, name)


def test_the_elements_of_an_array_keep_their_modifier() -> None:
    element = element_type(column_type("DECIMAL(18,4)[3]", arrays=True))
    assert (format_type(element.oid, element.typmod), element.duckdb) == ("numeric(18,4)", "DECIMAL(18,4)")


def test_a_type_that_is_not_known_has_a_name_that_says_so() -> None:
    assert format_type(99_999, -1) == "???"
