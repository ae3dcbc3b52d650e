"""Faults of whole responses: errors 429 and 5xx, and correct bodies with wrong compression or unusual headers."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from aiohttp import web

from harvest_duck.sandbox.faults.schedule import Fault, Kind
from harvest_duck.sandbox.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_STATUSES = (500, 502, 503, 504)
_DAY = timedelta(days=1)
#: The usual `Retry-After` of an error response.
_RETRY_AFTER = timedelta(seconds=3)


def error_response(fault: Fault, now: datetime) -> web.Response | None:
    """Return a response 429 or 5xx at the moment `now`; None for other kinds."""
    if fault.kind not in _HEADERS:
        return None
    status = 429 if fault.kind in _THROTTLED else fault.random().choice(_STATUSES)
    headers = _HEADERS[fault.kind](now)
    if fault.kind is Kind.THROTTLED and fault.seed % 2:
        # Recorded from Harvest in 2019 and 2020.
        return web.Response(status=status, headers={"Content-Type": _HTML}, body=b"")
    if fault.kind is Kind.FAILED_HTML:
        page = f"<html><head><title>{status}</title></head><body>nginx</body></html>"
        return web.Response(status=status, headers=headers, body=page.encode())
    message = "This request has been throttled." if fault.kind in _THROTTLED else "Internal Server Error"
    return web.Response(status=status, headers={"Content-Type": _JSON} | headers, body=encode({"message": message}))


def _dated(now: datetime) -> dict[str, str]:
    """Return `Date` and `Retry-After` as dates, where the server's clock says `now`."""
    date, later = (format_datetime(moment, usegmt=True) for moment in (now, now + _RETRY_AFTER))
    return {"Date": date, "Retry-After": later}


_HEADERS: dict[Kind, Callable[[datetime], dict[str, str]]] = {
    Kind.THROTTLED: lambda _: {},
    Kind.THROTTLED_SECONDS: lambda _: {"Retry-After": f"{_RETRY_AFTER.seconds}"},
    Kind.THROTTLED_DATE: _dated,
    Kind.THROTTLED_AHEAD: lambda now: _dated(now + _DAY),
    Kind.THROTTLED_BEHIND: lambda now: _dated(now - _DAY),
    Kind.THROTTLED_GARBAGE: lambda _: {"Retry-After": "soon"},
    Kind.THROTTLED_LONG: lambda _: {"Retry-After": "3600"},
    Kind.FAILED: lambda _: {},
    Kind.FAILED_HTML: lambda _: {"Content-Type": _HTML},
    Kind.FAILED_SECONDS: lambda _: {"Retry-After": f"{_RETRY_AFTER.seconds}"},
}
_THROTTLED = frozenset(kind for kind in _HEADERS if kind.startswith("429"))


def plain_body(response: web.Response) -> bytes:
    """Return the uncompressed body of a response of the sandbox."""
    body = response.body
    assert isinstance(body, bytes)  # noqa: S101 - a response of the sandbox
    return gzip.decompress(body) if response.headers.get("Content-Encoding") == "gzip" else body


def encoded_like(plain: bytes, like: web.Response, *, html: bool = False) -> web.Response:
    """Return a response with the body `plain`, compressed if `like` is."""
    coding = like.headers.get("Content-Encoding")
    headers = {"Content-Type": _HTML if html else _JSON} | ({"Content-Encoding": coding} if coding else {})
    return web.Response(headers=headers, body=gzip.compress(plain, 1) if coding else plain)


def _gzip(body: bytes) -> web.Response:
    return web.Response(headers={"Content-Type": _JSON, "Content-Encoding": "gzip"}, body=body)


def _cut(_: web.Response, plain: bytes, rng: Random) -> web.Response:
    packed = gzip.compress(plain, 1)
    return _gzip(packed[: rng.choice([len(packed) // 2, len(packed) - 8, len(packed) - 1])])


def _damaged(_: web.Response, plain: bytes, __: Random) -> web.Response:
    packed = bytearray(gzip.compress(plain, 1))
    # RFC 1952, section 2.3.1: the checksum is the first four of the last eight bytes.
    packed[-8] ^= 1
    return _gzip(bytes(packed))


def _unrequested(_: web.Response, plain: bytes, __: Random) -> web.Response:
    return _gzip(gzip.compress(plain, 1))


def _content_type(response: web.Response, _: bytes, rng: Random) -> web.Response:
    response.headers["Content-Type"] = rng.choice(["text/html", "text/plain; charset=iso-8859-1", "application/pdf"])
    return response


def _shifted(sign: int) -> Callable[[web.Response, bytes, Random], web.Response]:
    def shifted(response: web.Response, _: bytes, rng: Random) -> web.Response:
        shift = sign * rng.choice([timedelta(minutes=1), timedelta(hours=3), 400 * _DAY])
        moment = parsedate_to_datetime(response.headers["Date"])
        response.headers["Date"] = format_datetime(moment + shift, usegmt=True)
        return response

    return shifted


#: Correct responses with wrong compression or unusual headers.
UNUSUAL_RESPONSES: dict[Kind, Callable[[web.Response, bytes, Random], web.Response]] = {
    Kind.GZIP_CUT: _cut,
    Kind.GZIP_DAMAGED: _damaged,
    Kind.GZIP_UNASKED: _unrequested,
    Kind.CONTENT_TYPE: _content_type,
    Kind.DATE_AHEAD: _shifted(1),
    Kind.DATE_BEHIND: _shifted(-1),
}
