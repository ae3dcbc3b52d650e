"""Harvest's rate limits: how many requests may be sent in a window of time, shared among the processes of a user.

It takes the limit of a server and a token; it gives the moment at which the next request may go. It may import
`connection`, `runtime` and `errors`.
"""
