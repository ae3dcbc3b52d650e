"""Write responses: JSON with exact decimals, bodies cached in both encodings, and error responses.

The `json` module cannot write a `Decimal` with its own text. A page of time entries also repeats the same few clients,
projects and assignments thousands of times. So the sandbox writes JSON itself, and each repeated object only once.
"""

from __future__ import annotations

import gzip
import json
from collections import OrderedDict
from decimal import Decimal
from functools import cached_property, lru_cache
from http import HTTPStatus
from json.encoder import encode_basestring
from types import NoneType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

#: A JSON object; decimals in it are `decimal.Decimal`.
Record = dict[str, Any]

_SCALARS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    Decimal: str,
    int: str,
    float: json.dumps,
    bool: {True: "true", False: "false"}.__getitem__,
    NoneType: {None: "null"}.__getitem__,
}


class _Writer:
    """Writes one body; a dict that occurs in it many times, such as a client in its entries, is written once."""

    def __init__(self) -> None:
        self._written: dict[int, str] = {}

    def text(self, value: object) -> str:
        """Return `value` as JSON."""
        kind = type(value)
        if kind in _SCALARS:
            return _SCALARS[kind](value)
        if isinstance(value, dict):
            text = self._written.get(id(value))
            if text is None:
                text = self._written[id(value)] = self._object(value)
            return text
        if isinstance(value, list | tuple):
            return f"[{','.join([self.text(item) for item in value])}]"
        raise TypeError(f"not a JSON value: {value!r}")

    def _object(self, record: dict[str, Any]) -> str:
        parts = []
        for key, value in record.items():
            scalar = _SCALARS.get(type(value))
            parts.append(f"{_key(key)}{self.text(value) if scalar is None else scalar(value)}")
        return f"{{{','.join(parts)}}}"


@lru_cache(maxsize=1024)
def _key(name: str) -> str:
    """Return the key with its colon."""
    return f"{encode_basestring(name)}:"


def encode(value: object) -> bytes:
    """Return `value` as compact JSON in UTF-8; decimals are numbers with exactly their text."""
    return _Writer().text(value).encode()


class Refusal(Exception):
    """Answers a request with an error: `status`, a JSON `body`, and `headers`."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, object]:
        """The JSON object to send; the shape for 401 is that of OAuth, as observed from Harvest."""
        if self.status == HTTPStatus.UNAUTHORIZED:
            return {"error": "invalid_token", "error_description": str(self)}
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return {"message": str(self), "retry_after": int(self.headers["Retry-After"])}
        return {"message": str(self)}


class Body:
    """The bytes of one response, plain and, on first use, compressed."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain

    @cached_property
    def compressed(self) -> bytes:
        """The body as gzip at the lowest level; the same bytes every time."""
        return gzip.compress(self.plain, compresslevel=1, mtime=0)


class BodyCache:
    """A cache of bodies, so that the same request is cheap to answer again."""

    def __init__(self, limit_bytes: int = 400_000_000) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()

    def get(self, key: Hashable) -> Body | None:
        """Return the body for `key`, or None."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def put(self, key: Hashable, body: Body) -> None:
        """Store `body`; the bodies that were not used for the longest time make room."""
        self._bodies[key] = body
        self._size += len(body.plain)
        while self._size > self._limit and len(self._bodies) > 1:
            _, oldest = self._bodies.popitem(last=False)
            self._size -= len(oldest.plain)
