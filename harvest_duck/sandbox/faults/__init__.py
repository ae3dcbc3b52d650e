"""Faults that the sandbox injects from a seed: broken bodies, error responses, cut connections, changed records.

It takes a seed. It gives the schedule of the faults, and an interceptor for the server of `api` that injects them. It
may import `api` and `wire`.
"""
