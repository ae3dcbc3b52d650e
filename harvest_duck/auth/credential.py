"""Which token a request carries: one that is given, or one of a sign-in that is kept, refreshed and, if asked, made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable

    from harvest_duck.connection import Connection, Secret


@dataclass(slots=True)
class BoundUser:
    """The user whose rows a scan returns: the owner of the first token, None before it is known."""

    person: Hashable = None


class Credential(Protocol):
    """What a client asks for tokens; used on one event loop."""

    @property
    def identity(self) -> Hashable:
        """What tells this credential from others; requests of equal ones share their rate limits."""
        ...

    def tokens(self, user: BoundUser) -> AsyncGenerator[Secret]:
        """The tokens to send with one request: the first is good as far as is known, the next is for after a 401.

        Raises `CredentialsError` where they would be those of somebody else than `user` says.
        """
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...


class GivenToken:
    """A personal access token, or an access token that somebody else looks after."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    @property
    def identity(self) -> Hashable:
        """The token itself."""
        return self._token

    async def tokens(self, user: BoundUser) -> AsyncGenerator[Secret]:  # noqa: ARG002 - it is nobody else's
        """The token alone."""
        yield self._token

    async def close(self) -> None:
        """Nothing is open."""


def credential_for(connection: Connection) -> Credential:
    """What authorizes the requests of `connection`; raises as `Connection.require_credentials` where nothing can."""
    connection.require_credentials()
    if not connection.stores_tokens:
        return GivenToken(connection.require_token())
    # Imported here, as a token that is given needs none of OAuth: 60 ms of imports (authlib 1.9, 2026-11).
    from harvest_duck.auth.stored_credential import KeptSignIn  # noqa: PLC0415

    return KeptSignIn(connection)
