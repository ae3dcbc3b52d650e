"""What the sandbox was asked and told to do otherwise: the log of requests, and answers forced by a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A challenge by the method "plain" is the verifier itself.
_SECRETS = frozenset({"access_token", "client_secret", "code", "code_challenge", "code_verifier", "refresh_token"})


@dataclass(slots=True)
class LoggedRequest:
    """A request as it came; `status` is None until it is answered, and stays so where the client went away.

    `query` and `form`, the fields of a POST, hold decoded values, `***` in place of secrets; `headers` neither token
    nor cookie: `has_token` tells whether there was one. `time` is the sandbox's clock.
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
    """Parameters for the log; of those given twice, the last one."""
    return {name: "***" if name in _SECRETS else value for name, value in pairs}


@dataclass(slots=True)
class Forced:
    """An answer to give instead of the true one, to requests whose path begins with `path_prefix`, `times` times."""

    path_prefix: str
    status: int
    headers: dict[str, str]
    body: bytes
    times: int

    def fits(self, path: str) -> bool:
        """Whether the request for `path` is meant, with or without `/v2` in front."""
        return path.startswith(self.path_prefix) or path.removeprefix("/v2").startswith(self.path_prefix)


class Forcing:
    """The forced answers that are still to be given, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Forced] = []

    def add(self, forced: Forced) -> None:
        """Give this answer after those already waiting for the same path."""
        self._waiting.append(forced)

    def take(self, path: str) -> Forced | None:
        """The answer to force upon a request for `path`, counted as given; None where the true one is due."""
        for forced in self._waiting:
            if forced.fits(path):
                forced.times -= 1
                if forced.times <= 0:
                    self._waiting.remove(forced)
                return forced
        return None

    def clear(self) -> None:
        """Force nothing any more."""
        self._waiting.clear()
