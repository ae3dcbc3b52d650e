"""Who may ask the server by HTTP: who has its token, at an address of this machine, from no page of another site.

Any program of this machine, and any page of its browsers, can send requests to loopback. A page of another site that
resolves to 127.0.0.1 (DNS rebinding) has another Host; one that asks across origins has another Origin.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harvest_duck.errors import QueryError
from harvest_duck.servers.report.authorization import Authorization
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]
    App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

__all__ = ["HttpAccess", "kept_token"]

#: A token that can be guessed is none.
_SHORTEST = 20


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """An ASGI application in front of another one: it answers 421, 403 or 401 itself, and lets the others pass."""

    app: App
    port: int
    token: str = field(repr=False)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        refused = self.refusal(scope["headers"]) if scope["type"] == "http" else None
        if refused is None:
            await self.app(scope, receive, send)
            return
        status, reason = refused
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
        if status == 401:  # noqa: PLR2004 - of RFC 9110
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": f"{reason}\n".encode()})

    def refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        """Return the status and the reason for who may not ask, None for who may."""
        found: dict[str, list[str]] = {}
        for name, value in headers:
            found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        names = Authorization(self.port).names
        hosts, origins, given = (found.get(name, []) for name in ("host", "origin", "authorization"))
        if len(hosts) != 1 or not names(hosts[0]):
            return 421, "This server answers under the address that it was started with alone."
        if not all(names(origin.removeprefix("http://")) for origin in origins):
            return 403, "Pages of other sites may not ask this server."
        if len(given) != 1 or not self._opens(given[0]):
            return 401, "Send the token of the server: Authorization: Bearer TOKEN."
        return None

    def _opens(self, given: str) -> bool:
        scheme, _, token = given.partition(" ")
        expected = self.token.encode()
        return scheme.lower() == "bearer" and secrets.compare_digest(token.strip().encode(), expected)


def kept_token(file: Path | None) -> str:
    """Return the token of a file, which is made where it is not there, or one that nobody keeps.

    Raises `QueryError` for a file without a token, and OSError.
    """
    token = secrets.token_urlsafe(32)
    if file is None:
        return token
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = file.read_text("utf-8", errors="replace").strip()
        if len(found) < _SHORTEST or len(found.split()) != 1 or not found.isascii():
            raise QueryError(
                f"{escaped(file)}: it has to hold a token of at least {_SHORTEST} characters, alone and on one line; "
                "name a file that is not there, and it is made"
            ) from None
        return found
    with os.fdopen(made, "w", encoding="utf-8") as opened:
        opened.write(f"{token}\n")
    return token
