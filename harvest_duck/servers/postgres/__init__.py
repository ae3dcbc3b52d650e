"""A server that speaks PostgreSQL's protocol 3, so that every program with a driver for PostgreSQL can ask Harvest.

PostgreSQL 15's documentation describes the protocol, the catalogue and the forms of values in its parts
"Frontend/Backend Protocol", "System Catalogs" and "Data Types".
"""
