"""The log of requests, and the responses that a test forces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A challenge by the method "plain" is the verifier itself.
_SECRETS = frozenset({"access_token", "client_secret", "code", "code_challenge", "code_verifier", "refresh_token"})


@dataclass(slots=True)
class LoggedRequest:
    """A request as received; `status` is None until it is answered, and remains None if the client went away.

    `query` and `form`, the fields of a POST, hold decoded values, with `***` in place of secrets. `headers` holds
    neither token nor cookie; `has_token` says whether there was a token. `time` is that of the sandbox's clock.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    has_token: bool
    user_agent: str | None
    account_id: str | None
    time: float
    status: int | None = None
    form: dict[str, str] = field(default_factory=dict)


def without_secrets(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters for the log; of a parameter given twice, the last value."""
    return {name: "***" if name in _SECRETS else value for name, value in pairs}


@dataclass(slots=True)
class ForcedResponse:
    """A response to send in place of the usual one, `times` times, if the path begins with `path_prefix`."""

    path_prefix: str
    status: int
    headers: dict[str, str]
    body: bytes
    times: int

    def fits(self, path: str) -> bool:
        """Return whether this response is for `path`; the prefix may leave out `/v2`."""
        return path.startswith(self.path_prefix) or path.removeprefix("/v2").startswith(self.path_prefix)


class ForcedResponses:
    """The forced responses that are still to send, in the order in which they were added."""

    def __init__(self) -> None:
        self._waiting: list[ForcedResponse] = []

    def add(self, forced: ForcedResponse) -> None:
        """Send this response after those already added for the same path."""
        self._waiting.append(forced)

    def take(self, path: str) -> ForcedResponse | None:
        """Return the forced response for `path` and count it as sent; None for the usual response."""
        for forced in self._waiting:
            if forced.fits(path):
                forced.times -= 1
                if forced.times <= 0:
                    self._waiting.remove(forced)
                return forced
        return None

    def clear(self) -> None:
        """Drop all forced responses."""
        self._waiting.clear()
