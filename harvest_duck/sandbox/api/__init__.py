"""The REST API of the sandbox: routes, lists, filters, pages, permissions, reports and rate limits.

It takes HTTP requests and answers them as Harvest would, from the records of an account. It may import `data`,
`identity`, `grants` and `wire`.
"""
