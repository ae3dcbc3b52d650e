"""Harvest by SQLAlchemy: `create_engine("harvest://acme")`, on SQLAlchemy 2.0 and 2.1.

::

    harvest://acme ─ url ─→ connection string ─ database ─→ one DuckDB in memory ─ dbapi ─→ the pool's connections
                                                                                      ▲
    inspect(engine) ─ reflection ─→ the catalog of harvest_duck          select(…) ─ compiler

`dialect` puts these together, and SQLAlchemy finds it by an entry point. Reflection sends no request. The compilers
come from the dialect of PostgreSQL, whose SQL DuckDB speaks; duckdb-engine is not needed. Nothing outside of the
package imports it, and `url` alone works without SQLAlchemy.
"""
