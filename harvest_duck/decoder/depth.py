"""The depth of a body: what nests deeper than any answer of Harvest is left out before Python reads the rest.

Python's json recurses, and from Python 3.12 on it goes deeper than the stack of a thread may hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: No column lies deeper, so that what is left out can only be in values that no column reads.
_DEEPEST = 100
#: Brackets that open or close, and what stands before them; quantifiers that never go back keep nothing in memory.
_TOKENS = re.compile(
    rb"""(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"?)*+(?:([\[{]+)|([\]}]+)|\Z)""",
    re.DOTALL,
)


def shallow(body: bytes) -> bytes:
    """Return a body of JSON with null in place of each array and object that nests more than 100 deep.

    What is left out is skipped bracket by bracket, and not checked further.
    """
    return _cut(body) if any(depth > _DEEPEST for _, depth in _depths(body)) else body


def _cut(body: bytes) -> bytes:
    kept: list[bytes] = []
    start = 0
    cutting = False
    for end, depth in _depths(body):
        if not cutting and depth > _DEEPEST:
            kept += [body[start : end - (depth - _DEEPEST)], b"null"]
            start, cutting = len(body), True
        elif cutting and depth <= _DEEPEST:
            start, cutting = end - (_DEEPEST - depth), False
    return b"".join([*kept, body[start:]])


def _depths(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each row of brackets ends that open or that close, and how deep it is behind them."""
    depth = 0
    for token in _TOKENS.finditer(body):
        opened, closed = token.span(1), token.span(2)
        depth += opened[1] - opened[0] - closed[1] + closed[0]
        yield token.end(), depth
