"""The DuckDB type of each type that columns of PostgreSQL's catalogue have.

Each stands for one type of PostgreSQL, so that a result tells which it was: no table of Harvest and no usual expression
has these integers without sign, nor decimals of these precisions.
"""

from __future__ import annotations

__all__ = ["REGISTERED", "SCHEMAS", "duckdb_type"]

#: Where DuckDB has PostgreSQL's schemas: one of these names would be ambiguous, or may not be made.
SCHEMAS = {"pg_catalog": "postgres.catalog", "information_schema": "postgres.information"}

#: Types that are a number and look like the name of what it numbers. All compare with numbers.
REGISTERED = {
    "regclass": "DECIMAL(37,0)",
    "regproc": "DECIMAL(36,0)",
    "regtype": "DECIMAL(35,0)",
    "regnamespace": "DECIMAL(34,0)",
}
_TYPES = {
    **REGISTERED,
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "smallint": "SMALLINT",
    "boolean": "BOOLEAN",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "numeric": "DECIMAL(38,0)",
    "bytea": "BLOB",
    "interval": "INTERVAL",
    "timestamp with time zone": "TIMESTAMPTZ",
    "oid": "UINTEGER",
    "xid": "BIGINT",
    "oidvector": "UBIGINT[]",
    "int2vector": "USMALLINT[]",
    "information_schema.cardinal_number": "INTEGER",
    "information_schema.time_stamp": "TIMESTAMPTZ",
}


def duckdb_type(postgres: str) -> str:
    """Return the DuckDB type of a column whose type `format_type` calls `postgres`; VARCHAR for what has text alone."""
    if postgres.endswith("[]"):
        return duckdb_type(postgres[:-2]) + "[]"
    return _TYPES.get(postgres, "VARCHAR")
