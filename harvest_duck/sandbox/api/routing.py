"""Routes from paths to handlers, and the request that a handler gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from multidict import MultiMapping

    from harvest_duck.sandbox.api.permissions import Rule, Viewer
    from harvest_duck.sandbox.data.account_state import AccountState

#: The JSON object to answer with.
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request with a valid token: `ids` are those in its path, `url` is the part of links before that path."""

    viewer: Viewer
    path: str
    query: MultiMapping[str]
    ids: dict[str, int]
    url: str

    @property
    def account(self) -> AccountState:
        """The account that the request is about."""
        return self.viewer.account


Handler = Callable[[RequestContext], Answer]


class Routes:
    """The handlers by path; `{name}` in a pattern stands for a number."""

    def __init__(self) -> None:
        self._patterns: dict[int, list[tuple[tuple[str, ...], Handler]]] = {}

    def add(self, pattern: str, handler: Handler) -> None:
        """Let `handler` answer the paths that match `pattern`."""
        parts = tuple(pattern.split("/"))
        self._patterns.setdefault(len(parts), []).append((parts, handler))

    def find(self, path: str) -> tuple[Handler, dict[str, int]]:
        """Return the handler for `path` and the numbers in it; refuse unknown paths with 404."""
        parts = path.split("/")
        for pattern, handler in self._patterns.get(len(parts), ()):
            ids = _match(pattern, parts)
            if ids is not None:
                return handler, ids
        raise Refusal(404, "Not Found")


def _match(pattern: tuple[str, ...], parts: list[str]) -> dict[str, int] | None:
    """Return the numbers in `parts` if they match `pattern`, else None."""
    ids = {}
    for expected, part in zip(pattern, parts, strict=True):
        if expected.startswith("{"):
            if not (part.isascii() and part.isdigit()):
                return None
            ids[expected[1:-1]] = int(part)
        elif expected != part:
            return None
    return ids


def require(rule: Rule, viewer: Viewer) -> None:
    """Refuse with 403 if `rule` does not allow the viewer, in words that were recorded from Harvest."""
    if not rule(viewer):
        raise Refusal(403, "Not authorized!")
