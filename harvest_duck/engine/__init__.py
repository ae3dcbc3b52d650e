"""Harvest inside DuckDB: the table functions, the views of an account, and what is kept for each connection.

It takes a connection of DuckDB; it gives it `harvest_scan` and the functions beside it, and runs scans when DuckDB
asks for them. It is the only package below the command line that asks DuckDB anything. It may import everything but
`cli`.
"""
