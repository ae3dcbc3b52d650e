"""What goes back over the wire: JSON with exact decimals, bodies kept in both encodings, and refusals.

The `json` module cannot write a `Decimal` with its own text, and a page of time entries names the same few clients,
projects and assignments thousands of times; so the sandbox writes JSON itself, and what it names often only once.
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
    """Writes one answer; an object that stands in it many times, such as a client in its entries, is written once."""

    def __init__(self) -> None:
        self._written: dict[int, str] = {}

    def text(self, value: object) -> str:
        """`value` as JSON."""
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
    """The key as it stands before its value."""
    return f"{encode_basestring(name)}:"


def encode(value: object) -> bytes:
    """`value` as compact JSON in UTF-8; decimals as numbers with exactly their text."""
    return _Writer().text(value).encode()


class Refusal(Exception):
    """An answer other than 200: `status`, a JSON `body`, and `headers`."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, object]:
        """The JSON object to send; the shape for 401 is OAuth's, observed from Harvest."""
        if self.status == HTTPStatus.UNAUTHORIZED:
            return {"error": "invalid_token", "error_description": str(self)}
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return {"message": str(self), "retry_after": int(self.headers["Retry-After"])}
        return {"message": str(self)}


class Body:
    """The bytes of one answer, plain and, once somebody asks, compressed."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain

    @cached_property
    def compressed(self) -> bytes:
        """The body as gzip at the cheapest level, the same bytes every time."""
        return gzip.compress(self.plain, compresslevel=1, mtime=0)


class Bodies:
    """The answers given lately, by what decides them, so that a page asked for again costs next to nothing."""

    def __init__(self, limit_bytes: int = 400_000_000) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()

    def get(self, key: Hashable) -> Body | None:
        """The answer for `key`, None where it has to be made."""
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def keep(self, key: Hashable, body: Body) -> None:
        """Remember `body`; the answers not asked for the longest make room."""
        self._bodies[key] = body
        self._size += len(body.plain)
        while self._size > self._limit and len(self._bodies) > 1:
            _, oldest = self._bodies.popitem(last=False)
            self._size -= len(oldest.plain)
