"""Check redirect URIs against the registered ones, and add parameters to them.

Harvest says that the `redirect_uri` of a request has to begin with the registered one:
https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/. The sandbox compares the parsed
parts, so that no other host can begin with a registered one; a path begins with another one only up to a slash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

# https://datatracker.ietf.org/doc/html/rfc3986#appendix-A without "#", as RFC 6749 section 3.1.2 forbids fragments.
# Browsers read "\" as "/" and drop line breaks.
_URI = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")
# Segments that lead up, and encoded characters that might become one.
_PARENT_SEGMENTS = re.compile(r"/\.{1,2}(/|$)|%(2e|2f|5c)", re.IGNORECASE)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class _Parts(NamedTuple):
    """The parts of a redirect URI to compare; the port is None if any port is accepted."""

    scheme: str
    host: str
    port: int | None
    path: str


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Return whether `uri` has the scheme, host and port of a `registered` one and a path that begins with its path.

    A loopback host may have any port: https://datatracker.ietf.org/doc/html/rfc8252#section-7.3.
    """
    parts = _parts(uri)
    if parts is None:
        return False
    for known in map(_parts, registered):
        if known is not None and parts[:3] == known[:3]:
            beyond = parts.path.removeprefix(known.path)
            if parts.path.startswith(known.path) and (not beyond or beyond[0] == "/"):
                return True
    return False


def _parts(uri: str) -> _Parts | None:
    """Return the parts of `uri`; None if it is no valid redirect URI, such as one with a user or a fragment."""
    if not _URI.fullmatch(uri):
        return None
    try:
        split = urlsplit(uri)
        port = split.port
    except ValueError:
        return None
    if not split.hostname or "@" in split.netloc or _PARENT_SEGMENTS.search(split.path):
        return None
    loopback = split.scheme == "http" and split.hostname in _LOOPBACK
    return _Parts(
        split.scheme,
        split.hostname,
        None if loopback else port or _DEFAULT_PORTS.get(split.scheme),
        split.path,
    )


def with_parameters(uri: str, **parameters: str | None) -> str:
    """Return `uri` with `parameters` added to its query; parameters that are None are left out."""
    # https://datatracker.ietf.org/doc/html/rfc6749#section-3.1.2
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(given)}"
