"""The error that a failed exchange means: which host, what happened to the connection, and what to do about it."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from harvest_duck.errors import TransportError
from harvest_duck.http.proxy import unread_bundle, unread_proxy
from harvest_duck.http.time_limits import connect_s, time_limits

if TYPE_CHECKING:
    from harvest_duck.connection import Connection


def no_answer(where: str, url: str, error: BaseException, connection: Connection) -> TransportError:
    """Return the error for a request to `url` without a whole answer; its message begins with `where`.

    An error that a second try would only repeat is not `retriable`.
    """
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return _tls_failed(where, url, error, connection)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refused_by_proxy(where, error, connection)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return _unreachable(where, url, error, connection)
    host = host_of(url)
    if isinstance(error, TimeoutError):
        return _too_slow(where, url, error, connection)
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, aiohttp.ClientResponseError):
        reason = f"{error.status} {error.message}"
    return TransportError(f"{where}: the answer from {host} broke off ({reason}): try again")


def host_of(url: str) -> str:
    """Return the host and the port of a URL."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def tls_reason(error: BaseException) -> str:
    """Return the reason inside the nested errors of aiohttp and OpenSSL."""
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    reason = getattr(inner, "verify_message", None) or getattr(inner, "reason", None) or str(inner)
    return " ".join(str(reason).split()) or type(inner).__name__


def _tls_failed(where: str, url: str, error: BaseException, connection: Connection) -> TransportError:
    advice = "check SSLServerCert, BaseURL and the clock of this machine"
    if bundle := unread_bundle(connection):
        advice += f"; {bundle} names certificates, which SSLServerCert would use"
    failed = TransportError(f"{where}: TLS with {host_of(url)} failed ({tls_reason(error)}): {advice}")
    failed.retriable = False
    return failed


def _too_slow(where: str, url: str, error: TimeoutError, connection: Connection) -> TransportError:
    limits = time_limits(connection)
    silent = isinstance(error, aiohttp.SocketTimeoutError)
    missing, within_s = ("no answer", limits.sock_read) if silent else ("no whole answer", limits.total)
    within = f" within {within_s:g} s" if within_s else ""
    hint = _proxy_hint(url, connection)
    return TransportError(f"{where}: {missing} from {host_of(url)}{within}: try again, or raise Timeout{hint}")


def _refused_by_proxy(where: str, error: aiohttp.ClientHttpProxyError, connection: Connection) -> TransportError:
    settings = _chosen(connection, "ProxyServer, ProxyUser and ProxyPassword")
    refused = TransportError(f"{where}: the proxy answered {error.status}: check {settings}")
    refused.retriable = error.status >= 500  # noqa: PLR2004 - the class of server errors
    return refused


def _unreachable(
    where: str,
    url: str,
    error: aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError,
    connection: Connection,
) -> TransportError:
    failed = TransportError(f"{where}: {_why_unreachable(url, error, connection)}")
    failed.reached = False
    return failed


def _why_unreachable(
    url: str, error: aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError, connection: Connection
) -> str:
    own, host = "BaseURL" if url.startswith(connection.base_url) else "IdURL", host_of(url)
    advice = f"check the network, {own} and ProxyServer{_proxy_hint(url, connection)}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"{host} cannot be reached (no connection within {connect_s(connection):g} s): {advice}"
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    reason = reason or " ".join(str(error).split()) or type(error).__name__
    if error.host != urlsplit(url).hostname:
        settings = _chosen(connection, "ProxyServer and ProxyPort")
        return f"the proxy {error.host}:{error.port} cannot be reached ({reason}): check {settings}"
    return f"{host} cannot be reached ({reason}): {advice}"


def _chosen(connection: Connection, own: str) -> str:
    """Return what chooses the proxy: `own`, the properties of the connection, or the environment."""
    return "HTTPS_PROXY, which ProxyAutoDetect=true reads" if connection.proxy_from_environment else own


def _proxy_hint(url: str, connection: Connection) -> str:
    unread = unread_proxy(connection, url)
    return "" if unread is None else f"; {unread.source} names a proxy, which ProxyAutoDetect=true would use"
