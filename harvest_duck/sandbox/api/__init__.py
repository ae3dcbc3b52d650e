"""The REST API of the stand-in: routes, lists, filters, pages, permissions, reports and rate limits.

It takes HTTP requests; it gives Harvest's answers over the records of an account. It may import `data` and `wire`.
"""
