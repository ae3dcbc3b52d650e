"""Arrays that a client gives for parameters, taken apart: lists of texts or of bytes, nested for several dimensions."""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING, Any

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.parameters.parameter_failures import wrong_bytes
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["binary_elements", "list_literal", "text_elements"]

#: PostgreSQL's MAXDIM.
_MOST_DIMENSIONS = 6
_BOUNDS = re.compile(r"\s*(?:\[[+-]?[0-9]{1,10}(?::[+-]?[0-9]{1,10})?\])+\s*=", re.ASCII)
_TOKEN = re.compile(
    r'\s*(?:(?P<edge>[{},])|"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>(?:[^"\\{},]|\\.)++))', re.DOTALL | re.ASCII
)
_SPACE = " \t\n\r\f\v"
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_HEAD, _DIMENSION = struct.Struct(">iiI"), struct.Struct(">ii")
_ELEMENT = ""


class _Malformed(Exception):
    """The text is no array."""


def text_elements(text: str) -> list[Any]:
    """Return what stands in the text of an array, as in `{1,NULL,"a, b"}` (array_in)."""
    try:
        return _whole(text.rstrip(_SPACE))
    except _Malformed:
        raise Failure("22P02", f'malformed array literal: "{shortened(one_line(text[:160]), 80)}"') from None


def _whole(text: str) -> list[Any]:
    bounds = _BOUNDS.match(text)
    tokens = _tokens(text, bounds.end() if bounds else 0)
    if next(tokens, None) != ("{", None):
        raise _Malformed
    elements = _array(tokens, 1)
    if next(tokens, None) is not None:
        raise _Malformed
    _require_box(elements)
    return elements


def _tokens(text: str, at: int) -> Iterator[tuple[str, str | None]]:
    """Yield braces and commas, and elements with what they mean: None for NULL."""
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise _Malformed
        at = token.end()
        yield (token["edge"], None) if token["edge"] else (_ELEMENT, _meaning(token))


def _meaning(token: re.Match[str]) -> str | None:
    if token["quoted"] is not None:
        return _BACKSLASH.sub(r"\1", token["quoted"])
    plain = token["plain"]
    trimmed = plain.rstrip(_SPACE)
    if (len(trimmed) - len(trimmed.rstrip("\\"))) % 2:
        # The space after a backslash is one of the element's own.
        trimmed = plain[: len(trimmed) + 1]
    return None if trimmed.upper() == "NULL" else _BACKSLASH.sub(r"\1", trimmed)


def _array(tokens: Iterator[tuple[str, str | None]], depth: int) -> list[Any]:
    """Return the elements up to the brace that closes; the one that opens is read."""
    elements: list[Any] = []
    kind, value = next(tokens, ("end", None))
    if kind == "}":
        return elements
    while True:
        if kind == "{" and depth < _MOST_DIMENSIONS:
            elements.append(_array(tokens, depth + 1))
        elif kind == _ELEMENT:
            elements.append(value)
        else:
            raise _Malformed
        kind, value = next(tokens, ("end", None))
        if kind == "}":
            return elements
        if kind != ",":
            raise _Malformed
        kind, value = next(tokens, ("end", None))


def _require_box(elements: Sequence[Any]) -> tuple[int, ...]:
    """Return the sizes of the dimensions; raise where lists beside each other differ."""
    sizes = {_require_box(each) if isinstance(each, list) else () for each in elements}
    if len(sizes) > 1:
        raise _Malformed
    return (len(elements), *(sizes.pop() if sizes else ()))


def binary_elements(raw: bytes, element: int) -> list[Any]:
    """Return what stands in the bytes of an array whose elements are of the type `element` (array_recv)."""
    try:
        return _binary(raw, element)
    except struct.error:
        raise wrong_bytes("array") from None


def _binary(raw: bytes, element: int) -> list[Any]:
    count, _, oid = _HEAD.unpack_from(raw)
    if not 0 <= count <= _MOST_DIMENSIONS:
        raise wrong_bytes("array")
    if oid != element:
        raise Failure("42804", f"binary data has array element type {oid} instead of expected {element}")
    at = _HEAD.size
    sizes = [_DIMENSION.unpack_from(raw, at + _DIMENSION.size * number)[0] for number in range(count)]
    at += _DIMENSION.size * count
    # Each element has a length of 4 bytes at least.
    if min(sizes, default=0) < 0 or (count and math.prod(sizes) > (len(raw) - at) // 4):
        raise wrong_bytes("array")
    elements: list[Any] = []
    for _ in range(math.prod(sizes) if count else 0):
        (length,) = struct.unpack_from(">i", raw, at)
        at += 4
        if length < -1 or at + max(length, 0) > len(raw):
            raise wrong_bytes("array")
        elements.append(None if length < 0 else raw[at : at + length])
        at += max(length, 0)
    if at != len(raw):
        raise wrong_bytes("array")
    return _boxed(elements, sizes)


def _boxed(elements: list[Any], sizes: Sequence[int]) -> list[Any]:
    """Return the elements in lists of lists, as many as there are dimensions."""
    if not elements:
        return []
    for size in reversed(sizes[1:]):
        elements = [elements[start : start + size] for start in range(0, len(elements), size)]
    return elements


def list_literal(elements: Sequence[Any], literal: Callable[[Any], str]) -> str:
    """Return a list of DuckDB, in which `literal` says what each element is."""
    shown = (list_literal(each, literal) if isinstance(each, list) else literal(each) for each in elements)
    return f"[{', '.join(shown)}]"
