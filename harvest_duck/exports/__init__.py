"""Exports: whole tables of Harvest as files, as folders of Parquet files, or as a database of DuckDB.

Nothing here is imported by name: `harvest_duck.export` and `harvest_duck.for_lake` are the public functions.
"""
