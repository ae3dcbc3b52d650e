"""Faults of the stand-in, injected from a seed: broken bodies, refused answers, cut connections, records that change.

It takes a seed; it gives the schedule of faults and an interceptor that carries it out. It may import `api`, `data`
and `wire`.
"""
