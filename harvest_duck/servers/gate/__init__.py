"""The gate of the servers: which queries of their clients DuckDB runs, by its parse tree, and which it refuses."""
