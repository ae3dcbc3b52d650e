"""Harvest inside DuckDB: table functions, the views of an account, and a session for each connection of DuckDB.

It takes a connection of DuckDB, adds `harvest_scan` and the other functions to it, and runs the scans that DuckDB
opens. It is the only package below the command line that calls DuckDB, and the only one that knows hidden columns. It
may import every package but `cli`.
"""
