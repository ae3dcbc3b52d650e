"""Where the tokens of requests come from: the interface, a token that the user gave, and the user it is bound to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable

    from harvest_duck.connection import Secret


@dataclass(slots=True)
class BoundUser:
    """The user whose rows a scan returns: the owner of the first token, None before it is known."""

    person: Hashable = None


class Credential(Protocol):
    """A source of tokens; used on one event loop."""

    @property
    def identity(self) -> Hashable:
        """The identity of this credential; requests of credentials with equal ones share their rate limits."""
        ...

    def tokens(self, user: BoundUser) -> AsyncGenerator[Secret]:
        """Yield the tokens for one request: first the one that should work, then another to send after a 401.

        Raises `CredentialsError` if they belong to somebody other than `user`.
        """
        ...

    def accepted(self, token: Secret) -> None:
        """Note that Harvest took a token, so that it was good, should it be refused later."""
        ...

    async def aclose(self) -> None:
        """Close the open connections."""
        ...


class GivenToken:
    """A personal access token, or an access token that the caller refreshes."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    @property
    def identity(self) -> Hashable:
        """The token itself."""
        return self._token

    async def tokens(self, user: BoundUser) -> AsyncGenerator[Secret]:  # noqa: ARG002 - one token has one owner
        """Yield the token alone."""
        yield self._token

    def accepted(self, token: Secret) -> None:
        """Do nothing, as there is no other token."""

    async def aclose(self) -> None:
        """Do nothing, as nothing is open."""
