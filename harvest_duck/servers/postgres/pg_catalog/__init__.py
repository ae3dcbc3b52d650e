"""PostgreSQL's catalogue in DuckDB: relations as tables and views, functions as macros, spellings rewritten.

What PostgreSQL 15 itself has comes from a real one, by `docs/postgres_catalogue.py`; what Harvest has is added to it.
"""
