"""DuckDB's types as PostgreSQL's: numbers of types, their sizes and their modifiers.

The numbers are those of PostgreSQL 15's src/include/catalog/pg_type.dat.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BOOL",
    "BYTEA",
    "CHAR",
    "DATE",
    "FLOAT4",
    "FLOAT8",
    "INT2",
    "INT2VECTOR",
    "INT4",
    "INT8",
    "INTERVAL",
    "JSON",
    "NUMERIC",
    "OID",
    "OIDVECTOR",
    "REGCLASS",
    "REGNAMESPACE",
    "REGPROC",
    "REGTYPE",
    "TEXT",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "TIMETZ",
    "UUID",
    "VARBIT",
    "VARIABLE",
    "ColumnType",
    "column_type",
    "element_type",
    "format_type",
    "is_array",
]

BOOL, BYTEA, CHAR, INT8, INT2, INT2VECTOR, INT4, TEXT = 16, 17, 18, 20, 21, 22, 23, 25
OID, OIDVECTOR, JSON = 26, 30, 114
FLOAT4, FLOAT8, NUMERIC = 700, 701, 1700
DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, TIMETZ = 1082, 1083, 1114, 1184, 1186, 1266
VARBIT, UUID = 1562, 2950
REGPROC, REGCLASS, REGTYPE, REGNAMESPACE = 24, 2205, 2206, 4089

#: The size of a type whose values have not all the same one.
VARIABLE = -1

SIZES = {
    BOOL: 1,
    CHAR: 1,
    INT2: 2,
    INT4: 4,
    INT8: 8,
    OID: 4,
    REGPROC: 4,
    REGCLASS: 4,
    REGTYPE: 4,
    REGNAMESPACE: 4,
    FLOAT4: 4,
    FLOAT8: 8,
    DATE: 4,
    TIME: 8,
    TIMESTAMP: 8,
    TIMESTAMPTZ: 8,
    TIMETZ: 12,
    INTERVAL: 16,
    UUID: 16,
}
#: The type of an array, by the type of its elements.
ARRAYS = {
    BOOL: 1000,
    BYTEA: 1001,
    CHAR: 1002,
    INT2: 1005,
    INT4: 1007,
    TEXT: 1009,
    INT8: 1016,
    FLOAT4: 1021,
    FLOAT8: 1022,
    OID: 1028,
    TIMESTAMP: 1115,
    DATE: 1182,
    TIME: 1183,
    TIMESTAMPTZ: 1185,
    INTERVAL: 1187,
    NUMERIC: 1231,
    TIMETZ: 1270,
    JSON: 199,
    VARBIT: 1563,
    UUID: 2951,
}
ELEMENTS = {array: element for element, array in ARRAYS.items()} | {INT2VECTOR: INT2, OIDVECTOR: OID}
NAMES = {
    BOOL: "boolean",
    BYTEA: "bytea",
    CHAR: '"char"',
    INT8: "bigint",
    INT2: "smallint",
    INT2VECTOR: "int2vector",
    INT4: "integer",
    TEXT: "text",
    OID: "oid",
    OIDVECTOR: "oidvector",
    REGPROC: "regproc",
    REGCLASS: "regclass",
    REGTYPE: "regtype",
    REGNAMESPACE: "regnamespace",
    JSON: "json",
    FLOAT4: "real",
    FLOAT8: "double precision",
    NUMERIC: "numeric",
    DATE: "date",
    TIME: "time without time zone",
    TIMESTAMP: "timestamp without time zone",
    TIMESTAMPTZ: "timestamp with time zone",
    INTERVAL: "interval",
    TIMETZ: "time with time zone",
    VARBIT: "bit varying",
    UUID: "uuid",
}
#: What DuckDB's types are. Unsigned ones take the next wider type of PostgreSQL, which has none.
SCALARS = {
    "BOOLEAN": BOOL,
    "TINYINT": INT2,
    "UTINYINT": INT2,
    "SMALLINT": INT2,
    "USMALLINT": INT4,
    "INTEGER": INT4,
    "UINTEGER": INT8,
    "BIGINT": INT8,
    "UBIGINT": NUMERIC,
    "HUGEINT": NUMERIC,
    "UHUGEINT": NUMERIC,
    "BIGNUM": NUMERIC,
    "FLOAT": FLOAT4,
    "DOUBLE": FLOAT8,
    "BLOB": BYTEA,
    "BIT": VARBIT,
    "DATE": DATE,
    "TIME": TIME,
    "TIME_NS": TIME,
    "TIME WITH TIME ZONE": TIMETZ,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMP_S": TIMESTAMP,
    "TIMESTAMP_MS": TIMESTAMP,
    "TIMESTAMP_NS": TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMPTZ,
    "INTERVAL": INTERVAL,
    "UUID": UUID,
    "JSON": JSON,
}
#: The digits of whole numbers that are wider than bigint; PostgreSQL has numeric alone for them.
WHOLE_NUMBERS = {"UBIGINT": 20, "HUGEINT": 39, "UHUGEINT": 39}
#: What columns of PostgreSQL's catalogue are, where DuckDB's tables of it have a type that nothing else there has.
CATALOGUE = {
    "UINTEGER": OID,
    "UINTEGER[]": ARRAYS[OID],
    "UBIGINT[]": OIDVECTOR,
    "USMALLINT[]": INT2VECTOR,
    "DECIMAL(37,0)": REGCLASS,
    "DECIMAL(36,0)": REGPROC,
    "DECIMAL(35,0)": REGTYPE,
    "DECIMAL(34,0)": REGNAMESPACE,
}
NESTED = ("STRUCT(", "TUPLE(", "MAP(", "UNION(")


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type as RowDescription tells it, and DuckDB's type that it stands for."""

    oid: int
    size: int
    typmod: int
    duckdb: str


def column_type(duckdb_type: str, *, arrays: bool = False) -> ColumnType:
    """Return PostgreSQL's type for one of DuckDB's; lists are json.

    With `arrays`, which is for statements that read the catalogue, lists are arrays, and some types are those that the
    catalogue's tables have.
    """
    if arrays and (oid := CHAR if _is_char(duckdb_type) else CATALOGUE.get(duckdb_type)):
        return ColumnType(oid, SIZES.get(oid, VARIABLE), -1, duckdb_type)
    if arrays and duckdb_type.endswith("]"):
        inner = _element(duckdb_type)
        element = column_type(inner, arrays=_is_char(inner))
        return ColumnType(ARRAYS[element.oid], VARIABLE, element.typmod, duckdb_type)
    if duckdb_type.endswith("]") or duckdb_type.startswith(NESTED):
        return ColumnType(JSON, VARIABLE, -1, duckdb_type)
    if duckdb_type.startswith("DECIMAL("):
        precision, scale = duckdb_type.removeprefix("DECIMAL(").removesuffix(")").split(",")
        return ColumnType(NUMERIC, VARIABLE, _numeric_modifier(int(precision), int(scale)), duckdb_type)
    oid = SCALARS.get(duckdb_type, TEXT)
    digits = WHOLE_NUMBERS.get(duckdb_type)
    return ColumnType(oid, SIZES.get(oid, VARIABLE), _numeric_modifier(digits, 0) if digits else -1, duckdb_type)


def is_array(kind: ColumnType) -> bool:
    """Whether a type is one of PostgreSQL's arrays, as int2vector and oidvector are."""
    return kind.oid in ELEMENTS


def element_type(array: ColumnType) -> ColumnType:
    """Return the type of an array's elements."""
    oid = ELEMENTS[array.oid]
    return ColumnType(oid, SIZES.get(oid, VARIABLE), array.typmod, _element(array.duckdb))


def format_type(oid: int, typmod: int) -> str:
    """Return the name of a type in SQL, as PostgreSQL's function of this name does: `numeric(18,4)`."""
    name = NAMES.get(oid)
    if name is None:
        return f"{format_type(ELEMENTS[oid], typmod)}[]" if oid in ELEMENTS else "???"
    if oid == NUMERIC and typmod >= 0:
        return f"{name}({(typmod - 4) >> 16},{(typmod - 4) & 0xFFFF})"
    return name


def _element(duckdb_type: str) -> str:
    """Return DuckDB's type of the elements of a list or an array: `INTEGER` of `INTEGER[]` and `INTEGER[3]`."""
    return duckdb_type[: duckdb_type.rindex("[")]


def _is_char(duckdb_type: str) -> bool:
    """Whether DuckDB's type is that of the catalogue's "char": the characters of ASCII, or none."""
    return duckdb_type.startswith("ENUM(") and duckdb_type.endswith(")")


def _numeric_modifier(precision: int, scale: int) -> int:
    """Return the modifier of `numeric(precision, scale)`: make_numeric_typmod of PostgreSQL 15's numeric.c."""
    return ((precision << 16) | scale) + 4
