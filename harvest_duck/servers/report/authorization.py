"""Who may ask a server on loopback: a browser that was opened with its secret, at an address of this machine.

Any program, and any page of any browser, of this machine can send requests to loopback. So the first URL has a token,
as Jupyter's has, and the answer to it a cookie. A page of another site that resolves to 127.0.0.1 (DNS rebinding) has
another Host. A page of another port of this machine is of the same site, and so sends the cookie with a form (RFC
6265bis section 5.2): what acts has a key in its URL, which such a page cannot read.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

__all__ = ["Authorization"]

_USUAL_PORT = 80
_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The secrets of one run of a server on `port`: of its first URL, of its cookie, and of what acts.

    A browser is opened with a token that is good once: other users of the machine can see the arguments of a process.
    """

    port: int
    token: str = field(default_factory=_secret, repr=False)
    once: list[str] = field(default_factory=lambda: [_secret()], repr=False)
    session: str = field(default_factory=_secret, repr=False)
    key: str = field(default_factory=_secret, repr=False)

    @property
    def url(self) -> str:
        """The first URL, which has the token."""
        return self._with(self.token)

    @property
    def url_once(self) -> str:
        """The first URL with the token that is good once."""
        return self._with("".join(self.once))

    @property
    def cookie(self) -> str:
        """The name of the cookie: browsers send a cookie to all ports of a host, and there may be several servers."""
        return f"harvest_duck_report_{self.port}"

    def names(self, host: str | None) -> bool:
        """Whether a Host header names this server; a browser leaves out the port that HTTP has by itself."""
        ports = ("", f":{_USUAL_PORT}") if self.port == _USUAL_PORT else (f":{self.port}",)
        return host is not None and host.lower() in {f"{name}{port}" for name in _HOSTS for port in ports}

    def opens(self, token: str) -> bool:
        """Whether this is the token of the first URL, or the one that is good once, which it then no longer is."""
        if any(_same(token, each) for each in self.once):
            self.once.clear()
            return True
        return _same(token, self.token)

    def knows(self, cookie: str | None) -> bool:
        """Whether this is the value of the cookie."""
        return cookie is not None and _same(cookie, self.session)

    def acts(self, key: str | None) -> bool:
        """Whether this is the key in the URL of what acts."""
        return key is not None and _same(key, self.key)

    def _with(self, token: str) -> str:
        return f"http://127.0.0.1:{self.port}/?token={token}"


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())
