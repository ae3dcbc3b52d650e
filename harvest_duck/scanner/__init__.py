"""Runs a plan: the requests of a scan become Arrow record batches, complete and in Harvest's order.

It takes a scan request (table, columns, filter, connection); it gives a reader of record batches that holds exactly
the rows that the filter keeps, or raises. This file stays free of aiohttp, which is loaded by the first scan. It may
import `auth`, `planner`, `decoder`, `http` and below, and never `duckdb`.
"""
