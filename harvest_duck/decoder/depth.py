"""The depth of a body: what nests deeper than any answer of Harvest is left out before Python reads the rest.

Python's json recurses, and from Python 3.12 on it goes deeper than the stack of a thread may hold.
"""

from __future__ import annotations

import re
from itertools import accumulate

#: No column lies deeper, so that what is left out can only be in values that no column reads.
_DEEPEST = 100
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_TOKENS = re.compile(_STRINGS.pattern + rb"|([\[{]+)|([\]}]+)", re.DOTALL)
_CHANGES = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_OTHERS = bytes(set(range(256)) - set(_CHANGES))


def shallow(body: bytes) -> bytes:
    """Return a body of JSON with null in place of each array and object that nests more than 100 deep.

    What is left out is skipped bracket by bracket, and not checked further.
    """
    return _cut(body) if _deepest(body) > _DEEPEST else body


def _deepest(body: bytes) -> int:
    brackets = _STRINGS.sub(b"", body).translate(None, delete=_OTHERS)
    return max(accumulate(map(_CHANGES.__getitem__, brackets)), default=0)


def _cut(body: bytes) -> bytes:
    kept: list[bytes] = []
    start = depth = 0
    cutting = False
    for token in _TOKENS.finditer(body):
        opened, closed = token.span(1), token.span(2)
        deeper = depth + (opened[1] - opened[0]) - (closed[1] - closed[0])
        if not cutting and deeper > _DEEPEST:
            kept += [body[start : opened[0] + _DEEPEST - depth], b"null"]
            start, cutting = len(body), True
        elif cutting and deeper <= _DEEPEST:
            start, cutting = closed[0] + depth - _DEEPEST, False
        depth = deeper
    return b"".join([*kept, body[start:]])
