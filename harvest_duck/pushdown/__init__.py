"""The filter of a scan: from the Arrow expression that DuckDB hands over to a predicate and the domain of each column.

It takes a serialised expression; it gives a `Predicate`, a `Domain` for each column, and SQL text for people. A term
that it does not understand becomes `Unknown`, which narrows nothing. It may import `errors` and `text`.
"""
