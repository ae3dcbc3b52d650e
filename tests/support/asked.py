"""What a test asks of the sandbox's log: the requests that were sent, as short texts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

__all__ = ["asked"]


def asked(sandbox: Sandbox, *, per_page: bool = False) -> list[str]:
    """Each request as `/path?query`, without the API's prefix and, unless wanted, without `per_page`."""
    texts = []
    for request in sandbox.requests:
        query = {name: value for name, value in request.query.items() if per_page or name != "per_page"}
        path = request.path.removeprefix("/v2")
        texts.append(f"{path}?{urlencode(query)}" if query else path)
    return texts
