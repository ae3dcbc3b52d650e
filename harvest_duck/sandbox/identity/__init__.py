"""Harvest ID of the sandbox: the consent page, authorization codes, and tokens with their expiry.

It takes OAuth 2 requests and answers them with the pages and tokens of Harvest ID. It may import `grants` and `wire`.
"""
