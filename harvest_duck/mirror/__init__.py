"""A copy of an account in a DuckDB file that any DuckDB reads: whole, proven, and with what was deleted.

`sync` reads through the scanner what may have changed, proves by counting that nothing is missing, and publishes the
file by a rename. It takes a connection and a path; it gives the file and a `SyncResult`. It may import `scanner`,
`decoder` and below, and `duckdb`; never `planner` or `http`, nor `engine`, which answers from the copy.
"""
