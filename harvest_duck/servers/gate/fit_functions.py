"""Which functions of DuckDB a client may call. Those of our own schemas are fit, whatever their names."""

from __future__ import annotations

__all__ = ["TABLE_FUNCTIONS", "unfit"]

#: Table functions of DuckDB that compute from what they are given. Others read files, settings, memory or catalogs.
TABLE_FUNCTIONS = frozenset(
    {
        "generate_series",
        "generate_subscripts",
        "json_each",
        "json_tree",
        "range",
        "regexp_split_to_table",
        "repeat_row",
        "string_split",
        "unnest",
    }
)
#: Scalar functions of DuckDB that read or change more than their arguments, or trust bytes that a client made up.
_UNFIT = frozenset(
    {
        "combine",
        "current_query",
        "current_setting",
        "currval",
        "finalize",
        "getenv",
        "getvariable",
        "in_search_path",
        "index_key",
        "json_deserialize_sql",
        "json_execute_serialized_sql",
        "json_serialize_plan",
        "json_serialize_sql",
        "nextval",
        "pg_get_constraintdef",
        "pg_get_expr",
        "pg_get_viewdef",
        "query",
        "query_table",
        "read_blob",
        "read_text",
        "setval",
        "to_aggregate_state",
        "variant_bytes_to_variant",
        "which_secret",
        "write_log",
    }
)
#: Beginnings of the names of functions that look into DuckDB, or that it calls itself.
_FAMILIES = ("__", "arrow_scan", "duckdb_", "enable_", "disable_", "pragma_", "python_", "parse_duckdb_log")


def unfit(function: str) -> bool:
    """Whether a scalar function of DuckDB of this small name is not for clients."""
    return function in _UNFIT or function.startswith(_FAMILIES)
