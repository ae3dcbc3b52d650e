"""The CallbackURL of an OAuth application: where a sign-in leads the browser back to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from harvest_duck.connection import loopback
from harvest_duck.errors import ConnectionStringError


@dataclass(frozen=True, slots=True)
class Callback:
    """A CallbackURL on this machine: its host as written, its port and its path."""

    host: str
    port: int
    path: str

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses to listen on; for localhost a browser uses either of two."""
        return ("127.0.0.1", "::1") if self.host == "localhost" else (self.host,)

    @property
    def names(self) -> frozenset[str]:
        """The possible Host headers of a request for it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return frozenset({f"{host}:{self.port}", host} if self.port == 80 else {f"{host}:{self.port}"})  # noqa: PLR2004 - HTTP's own


def callback_in(url: str) -> Callback | None:
    """Return the callback that `url` names, None if it is on another machine or needs TLS.

    Raises `ConnectionStringError` for a text that is no URL of http or https.
    """
    wrong = "CallbackURL has to be the redirect URI of your OAuth application, such as http://localhost:8765/callback"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConnectionStringError(wrong) from None
    if parts.scheme not in ("http", "https") or not host or parts.fragment or parts.username is not None:
        raise ConnectionStringError(wrong)
    if parts.scheme == "https" or not loopback(host):
        return None
    return Callback(host, port or 80, parts.path or "/")
