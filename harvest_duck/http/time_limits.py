"""The time limits of an exchange, as `Timeout` of a connection string sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from harvest_duck.connection import Connection

#: Seconds that opening a connection, with its TLS, may take.
_CONNECT_S = 15.0
#: A whole answer may take so many times the time limit between two of its pieces.
_WHOLE = 3


def connect_s(connection: Connection) -> float | None:
    """Return the seconds that opening a connection, with its TLS, may take; None for any number."""
    return None if connection.timeout_s is None else min(connection.timeout_s, _CONNECT_S)


def time_limits(connection: Connection) -> aiohttp.ClientTimeout:
    """Return `Timeout` as the limit between two pieces of an answer, no more to connect, and more for all of it."""
    timeout_s = connection.timeout_s
    total_s = None if timeout_s is None else _WHOLE * timeout_s
    return aiohttp.ClientTimeout(total=total_s, sock_connect=connect_s(connection), sock_read=timeout_s)
