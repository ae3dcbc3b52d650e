"""Columns of DuckDB's as PostgreSQL's values: their types, and rows of bytes."""
