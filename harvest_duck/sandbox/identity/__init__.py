"""Harvest ID of the stand-in: consent, codes, tokens and their expiry.

It takes OAuth 2 requests; it gives the pages and answers of Harvest ID. It may import `grants` and `wire`.
"""
