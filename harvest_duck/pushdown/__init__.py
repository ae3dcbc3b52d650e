"""The filter of a scan: from the Arrow expression that DuckDB hands over to a predicate, and to a domain for each column.

It takes a serialised expression; it gives a `Predicate`, the `Domain` of each column, and SQL text for people. A term
that it does not understand becomes `Unknown`, which narrows nothing. It may import `errors` alone of this project.
"""
