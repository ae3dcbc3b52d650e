"""Tables about queries: what a query would send, what a token sees, which tables and columns there are.

`sql_completion` says how SQL that somebody is still writing may go on.

It takes scan requests, plans and answers; it gives Arrow tables, the rows of `harvest_explain`, `harvest_access`,
`harvest_tables` and `harvest_columns`. It may import what scans are made of (`scanner` and below), and never
`duckdb`.
"""
