"""Responses 429 and 5xx, wrong compression, and unusual headers."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
from support.fault_injection import inject, received

from harvest_duck.sandbox import Kind, Sandbox

if TYPE_CHECKING:
    from support.api_caller import Caller

RETRY_AFTER = {
    Kind.THROTTLED: None,
    Kind.THROTTLED_SECONDS: "3",
    Kind.THROTTLED_GARBAGE: "soon",
    Kind.THROTTLED_LONG: "3600",
}


def test_429_with_and_without_retry_after(small: Sandbox, caller: Caller) -> None:
    found = {}
    for kind in RETRY_AFTER:
        inject(small, kind)
        answer = caller.get("/clients")
        found[kind] = answer.headers["Retry-After"]
        assert answer.status == 429, kind
        assert "message" in answer.body, kind
        assert caller.get("/clients").status == 200, kind
    assert found == RETRY_AFTER


def test_429_without_advice_may_be_empty(small: Sandbox, caller: Caller) -> None:
    """As recorded from Harvest; the seed of the fault decides."""
    inject(small, Kind.THROTTLED, seed=1)
    answer = caller.get("/clients")
    assert (answer.status, answer.content, answer.headers["Retry-After"]) == (429, b"", None)
    assert answer.headers["Content-Type"].startswith("text/html")


def test_429_with_a_date_by_a_clock_that_may_be_wrong(small: Sandbox, caller: Caller) -> None:
    for kind, days in ((Kind.THROTTLED_DATE, 0), (Kind.THROTTLED_AHEAD, 1), (Kind.THROTTLED_BEHIND, -1)):
        inject(small, kind)
        answer = caller.get("/clients")
        served_at, retry_at = (parsedate_to_datetime(answer.headers[name]) for name in ("Date", "Retry-After"))
        assert retry_at - served_at == timedelta(seconds=3), kind
        assert abs(served_at - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=5), kind


def test_5xx_with_json_html_and_retry_after(small: Sandbox, caller: Caller) -> None:
    for kind in (Kind.FAILED, Kind.FAILED_HTML, Kind.FAILED_SECONDS):
        statuses = set()
        for seed in range(30):
            inject(small, kind, seed)
            answer = caller.get("/clients")
            statuses.add(answer.status)
            assert answer.headers["Retry-After"] == ("3" if kind is Kind.FAILED_SECONDS else None), kind
            assert answer.content.startswith(b"<html>" if kind is Kind.FAILED_HTML else b"{"), kind
        assert statuses == {500, 502, 503, 504}, kind


def test_gzip_is_damaged_while_http_is_correct(small: Sandbox) -> None:
    correct = received(small, headers="Connection: close\r\n")[0].partition(b"\r\n\r\n")[2]
    for kind, error in ((Kind.GZIP_UNASKED, None), (Kind.GZIP_CUT, EOFError), (Kind.GZIP_DAMAGED, gzip.BadGzipFile)):
        inject(small, kind)
        head, _, packed = received(small, headers="Connection: close\r\n")[0].partition(b"\r\n\r\n")
        assert b"Content-Encoding: gzip" in head, kind
        assert f"Content-Length: {len(packed)}\r\n".encode() in head + b"\r\n", kind
        if error is None:
            assert gzip.decompress(packed) == correct
        else:
            with pytest.raises(error):
                gzip.decompress(packed)


def test_the_content_type_may_be_another(small: Sandbox, caller: Caller) -> None:
    inject(small, Kind.CONTENT_TYPE)
    answer = caller.get("/clients")
    assert answer.body["clients"]
    assert not answer.headers["Content-Type"].startswith("application/json")


def test_the_date_of_a_response_may_be_wrong(small: Sandbox, caller: Caller) -> None:
    for kind, sign in ((Kind.DATE_AHEAD, 1), (Kind.DATE_BEHIND, -1)):
        inject(small, kind)
        shift = parsedate_to_datetime(caller.get("/clients").headers["Date"]) - datetime.now(UTC)
        assert sign * shift > timedelta(seconds=50), kind
