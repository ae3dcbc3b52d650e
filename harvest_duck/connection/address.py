"""Checks the hosts and URLs that a request may go to, by their text alone; nothing is looked up."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from urllib.parse import urlsplit

_VISIBLE = re.compile(r"[!-~]+")
# The characters of RFC 3986, section 3.3, that no shell interprets, because people copy URLs from logs and errors.
_PATH = re.compile(r"[A-Za-z0-9._~/%:@+,=-]*")
_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")


def plain_url(text: str) -> str | None:
    """Return `text` with scheme and host in lower case and no slash at the end, None if no token may go there.

    A token may go to https, and by plain http to this machine itself. User, query, fragment and backslashes are
    refused, the last because parsers disagree about the host of such a URL.
    """
    if not _VISIBLE.fullmatch(text) or any(mark in text for mark in "\\?#@"):
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    guarded = parts.scheme == "https" or (parts.scheme == "http" and loopback(host))
    if not guarded or not names_host(host) or not _PATH.fullmatch(parts.path):
        return None
    at = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{at}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"


def names_host(text: str) -> bool:
    """Whether `text` is a host name or an IP address, without port and brackets."""
    return _address(text) is not None or _HOST_NAME.fullmatch(text) is not None


def loopback(host: str) -> bool:
    """Whether `host` is this machine itself: localhost, 127.0.0.0/8 or ::1."""
    address = _address(host)
    if isinstance(address, IPv4Address):
        return address in IPv4Network("127.0.0.0/8")
    return host == "localhost" or address == IPv6Address("::1")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
