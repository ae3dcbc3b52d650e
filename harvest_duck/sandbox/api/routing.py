"""One request on its way to an answer: who asks, for what, and where links have to lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from multidict import MultiMapping

    from harvest_duck.sandbox.api.permissions import Rule, Viewer
    from harvest_duck.sandbox.data.account import Account

#: The JSON object to answer with.
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request with a good token: `ids` are those in its path, `url` is what stands before that path in links."""

    viewer: Viewer
    path: str
    query: MultiMapping[str]
    ids: dict[str, int]
    url: str

    @property
    def account(self) -> Account:
        """The account that the visitor asks about."""
        return self.viewer.account


Handler = Callable[[Visit], Answer]


class Routes:
    """Paths and who answers them; `{name}` in a pattern stands for a number."""

    def __init__(self) -> None:
        self._patterns: dict[int, list[tuple[tuple[str, ...], Handler]]] = {}

    def add(self, pattern: str, handler: Handler) -> None:
        """Let `handler` answer the paths of `pattern`."""
        parts = tuple(pattern.split("/"))
        self._patterns.setdefault(len(parts), []).append((parts, handler))

    def find(self, path: str) -> tuple[Handler, dict[str, int]]:
        """The handler for `path` and the numbers in it; refuses unknown paths with 404."""
        parts = path.split("/")
        for pattern, handler in self._patterns.get(len(parts), ()):
            ids = _match(pattern, parts)
            if ids is not None:
                return handler, ids
        raise Refusal(404, "Not Found")


def _match(pattern: tuple[str, ...], parts: list[str]) -> dict[str, int] | None:
    """The numbers in a path of `pattern`, None where it is another path."""
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
    """Refuse with 403 those whom `rule` does not allow."""
    if not rule(viewer):
        raise Refusal(403, "You do not have permission to access this resource")
