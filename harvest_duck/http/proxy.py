"""The proxy of a request, and the settings of the environment that other programs follow and this one does not.

A proxy comes from the connection string, or with ProxyAutoDetect from the environment or the system. Certificates come
from the system, which OpenSSL finds by SSL_CERT_FILE and SSL_CERT_DIR, or from SSLServerCert.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from harvest_duck.connection import loopback
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from harvest_duck.connection import Connection

#: The certificates of requests, https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification, and of
#: curl, https://curl.se/docs/sslcerts.html.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class NamedProxy:
    """A proxy that the environment or the system names: its address, and the variable that names it, if one does."""

    url: str
    variable: str | None

    @property
    def source(self) -> str:
        """What names it, for people."""
        return self.variable or "the settings of the system"


def proxy_for(connection: Connection, url: str) -> URL | None:
    """Return the proxy through which a request for `url` goes, with its user and password, None if there is none.

    Raises `ConnectionStringError` for a proxy of the environment that cannot be used.
    """
    proxy = connection.proxy
    if connection.proxy_from_environment:
        named = named_proxy(url)
        return None if named is None else _address(named)
    if proxy is None or not proxy.serves(urlsplit(url).hostname or ""):
        return None
    address = URL(proxy.url)
    if proxy.user is not None:
        password = proxy.password.reveal() if proxy.password else None
        address = address.with_user(proxy.user).with_password(password)
    return address


def named_proxy(url: str) -> NamedProxy | None:
    """Return the proxy that the environment or the system names for a URL; None without one, or where NO_PROXY has it.

    aiohttp's own lookup would also read passwords from .netrc. There is no proxy for this machine itself, as it could
    read what is sent there without TLS.
    """
    parts = urlsplit(url)
    host, found = parts.hostname or "", getproxies()
    if loopback(host) or proxy_bypass(host):
        return None
    for kind in (parts.scheme, "all"):
        if found.get(kind):
            return NamedProxy(found[kind], _variable(f"{kind}_proxy"))
    return None


def unread_proxy(connection: Connection, url: str) -> NamedProxy | None:
    """Return the proxy that is named for a URL while the connection takes none from there, None where there is none."""
    return None if connection.proxy is not None or connection.proxy_from_environment else named_proxy(url)


def unread_bundle(connection: Connection) -> str | None:
    """Return the variable that names certificates for other programs, while SSLServerCert names none for this one."""
    if connection.ssl_server_cert is not None:
        return None
    return next((name for name in _BUNDLES if os.environ.get(name)), None)


def _variable(name: str) -> str | None:
    """Return the spelling under which the environment has a variable; Python reads any, and the lower case first."""
    return next((each for each in (name, name.upper()) if os.environ.get(each)), None)


def _address(named: NamedProxy) -> URL:
    text = named.url if "://" in named.url else f"http://{named.url}"
    try:
        address = URL(text)
        usable = address.scheme in {"http", "https"} and address.host
    except ValueError:
        usable = None
    if not usable:
        # Neither chained nor repeated, because it may hold a password.
        raise ConnectionStringError(
            f"the proxy that {named.source} names is no http or https URL: correct it, or give ProxyServer and "
            "ProxyPort"
        )
    return address
