"""Answers of the API as values: when they were given, how long to wait, and the error that a status means."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.errors import (
    Forbidden,
    HarvestDuckError,
    InvalidRequest,
    NotFound,
    ProtocolError,
    RateLimited,
    ResponseError,
    ServerError,
    Unauthorized,
)
from harvest_duck.protocol.request import (
    Request,
)
from harvest_duck.protocol.response import error_of, retry_after_s, served_at

BASE = "https://api.harvestapp.com/v2/clients"
REQUEST = Request("clients", BASE, (("is_active", "true"), ("per_page", "2000")), Limit.GENERAL, Paging.CURSOR)
NEXT = f"{BASE}?cursor=eyJhZnRlciI6eyJpZCI6MX19&per_page=2000&ref=next_cursor"
NOW = datetime(2024, 2, 29, 12, tzinfo=UTC)


# How long to wait


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12", 12.0),
        (" 12 ", 12.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("", None),
        ("soon", None),
        ("inf", None),
        ("infinity", None),
        ("1e999", None),
        ("-inf", 0.0),
        ("nan", None),
        ("-nan", None),
        ("12 s", None),
        ("Thu, 29 Feb 2024 12:00:30 GMT", 30.0),
        ("Thu, 29 Feb 2024 11:00:00 GMT", 0.0),
        ("Thu, 29 Feb 2024 13:00:00 +0100", 0.0),
        ("Thu, 29 Feb 2024 13:00:00 +0000", 3600.0),
        ("Thu, 29 Feb 2024 12:00:30 -0000", 30.0),
        ("Thursday, 29-Feb-24 12:00:30 GMT", 30.0),
        ("Thu Feb 29 12:00:30 2024", 30.0),
        ("Wed, 30 Feb 2024 12:00:00 GMT", None),
        ("Wed, 29 Feb 99999999999 12:00:00 GMT", None),
        ("Wed, 29 Feb 2024 12:00:00 +9999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": text}, NOW) == seconds


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_a_header_is_found_in_any_case(name: str) -> None:
    assert retry_after_s({"Content-Type": "text/html", name: "3"}) == 3


def test_without_the_header_there_is_no_advice() -> None:
    assert retry_after_s({"X-Retry-After": "3"}) is None


@settings(deadline=None, max_examples=share(300))
@given(
    st.one_of(
        st.text(max_size=40),
        st.text("0123456789+-:., GMTFebThu", max_size=40),
        st.floats().map(str),
        st.integers().map(str),
        st.datetimes(timezones=st.timezones()).map(format_datetime),
    )
)
def test_any_header_gives_a_wait_that_can_be_waited_or_none(text: str) -> None:
    seconds = retry_after_s({"Retry-After": text}, NOW)
    assert seconds is None or 0 <= seconds < float("inf")


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_a_date_so_far_ahead_is_waited_for(seconds: int) -> None:
    text = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_s({"Retry-After": text}, NOW) == seconds


def test_a_date_is_measured_from_the_present_moment() -> None:
    assert retry_after_s({"Retry-After": "Thu, 29 Feb 2024 12:00:30 GMT"}) == 0


# When an answer was made


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Thu, 29 Feb 2024 12:00:00 GMT", NOW),
        (" Thu, 29 Feb 2024 12:00:00 GMT ", NOW),
        ("Thursday, 29-Feb-24 12:00:00 GMT", NOW),
        ("Thu Feb 29 12:00:00 2024", NOW),
        ("Thu, 29 Feb 2024 12:00:00 -0000", NOW),
        ("Thu, 29 Feb 2024 14:00:00 +0200", NOW),
        ("Wed, 30 Feb 2024 12:00:00 GMT", None),
        ("Wed, 29 Feb 99999999999 12:00:00 GMT", None),
        ("Wed, 29 Feb 2024 12:00:00 +9999", None),
        ("noon", None),
        ("1709208000", None),
        ("", None),
    ],
)
def test_an_answer_says_when_it_was_made(text: str, moment: datetime | None) -> None:
    assert served_at({"Date": text}) == moment
    assert served_at({"content-type": "text/html", "date": text}) == moment


def test_an_answer_without_a_date_does_not_say_when_it_was_made() -> None:
    assert served_at({}) is None
    assert served_at({"X-Date": "Thu, 29 Feb 2024 12:00:00 GMT"}) is None


@settings(deadline=None, max_examples=share(300))
@given(
    st.one_of(
        st.text(max_size=40),
        st.text("0123456789+-:., GMTFebThu", max_size=40),
        st.datetimes(timezones=st.timezones()).map(format_datetime),
    )
)
def test_any_date_is_an_instant_or_none(text: str) -> None:
    moment = served_at({"Date": text})
    assert moment is None or moment.tzinfo is not None


@settings(deadline=None)
@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))  # noqa: DTZ001 - of no zone
def test_a_date_as_it_is_written_is_read_back(moment: datetime) -> None:
    instant = moment.replace(tzinfo=UTC)
    assert served_at({"Date": format_datetime(instant, usegmt=True)}) == instant


# Errors


def one_line(error: HarvestDuckError) -> bool:
    """Whether the message is one line that can be written anywhere."""
    message = str(error)
    message.encode()
    return len(message.splitlines()) == 1 and message.isprintable()


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, Unauthorized, "clients page 1: Harvest answered 401: the token is wrong, expired or revoked"),
        (403, Forbidden, "clients page 1: Harvest answered 403: the user of this token may not read it"),
        (404, NotFound, "clients page 1: Harvest answered 404: there is no such thing"),
        (400, InvalidRequest, "Harvest answered 400: it refuses /v2/clients?is_active=true&per_page=2000"),
        (422, InvalidRequest, "Harvest answered 422: it refuses /v2/clients?is_active=true&per_page=2000"),
        (429, RateLimited, "clients page 1: Harvest answered 429: too many requests; retry later"),
        (500, ServerError, "clients page 1: Harvest answered 500: a fault of the server"),
        (503, ServerError, "clients page 1: Harvest answered 503: a fault of the server"),
        (301, ProtocolError, "a redirect, which is not followed, because the token would go with it"),
        (204, ProtocolError, "a status that its API does not have"),
        (418, ProtocolError, "a status that its API does not have"),
    ],
)
def test_each_status_is_an_error_of_its_own(status: int, kind: type[HarvestDuckError], says: str) -> None:
    error = error_of(REQUEST, status, {}, b"")
    assert type(error) is kind
    assert says in str(error)
    assert getattr(error, "status", status) == status
    assert error.retriable == (status in {429, 500, 503})


@pytest.mark.parametrize(
    ("status", "told"), [(401, True), (402, True), (403, True), (404, True), (422, True), (429, False), (500, False)]
)
def test_a_refusal_of_one_account_of_several_says_how_to_leave_it_out(status: int, told: bool) -> None:
    several = replace(REQUEST, account_id=13, account="13 (Berlin)")
    message = str(error_of(several, status, {}, b'{"message": "suspended"}'))
    assert message.startswith("clients of account 13 (Berlin) page 1: ")
    assert ('; to leave this account out add account_id <> 13; it says: "suspended"' in message) is told
    assert "leave this account out" not in str(error_of(REQUEST, status, {}, b""))


@pytest.mark.parametrize("status", [429, 503])
def test_an_error_that_can_be_retried_carries_the_advice(status: int) -> None:
    error = error_of(REQUEST, status, {"retry-after": "12"}, b"")
    assert isinstance(error, RateLimited | ServerError)
    assert error.retry_after_s == 12
    if status == 429:
        assert "retry after 12 s" in str(error)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b'{"message": "Invalid timeframe"}', '; it says: "Invalid timeframe"', id="message"),
        pytest.param(
            b'{"error": "invalid_token", "error_description": "It is revoked"}',
            '; it says: "It is revoked"',
            id="oauth",
        ),
        pytest.param(b'{"error": "invalid_token"}', '; it says: "invalid_token"', id="error"),
        pytest.param(b'{"message": "", "error": "e"}', '; it says: "e"', id="empty message"),
        pytest.param(b'{"message": {"name": ["is blank"]}}', '; it says: "{"name": ["is blank"]}"', id="object"),
        pytest.param(b'{"message": "two\\n lines\\u2028here"}', '; it says: "two lines here"', id="lines"),
        pytest.param(
            b'{"message": "\\ud800 \\u0000\\u001b[31mred"}', '; it says: "[31mred"', id="unwritable characters"
        ),
        pytest.param(b'{"code": 5}', "", id="other keys"),
        pytest.param(b"[1]", '; it says: "[1]"', id="array"),
        pytest.param(b"<!DOCTYPE html><h1>Oops</h1>", '; it says: "an HTML page"', id="HTML"),
        pytest.param(b"\n  <html>\n</html>", '; it says: "an HTML page"', id="HTML after blanks"),
        pytest.param(b"Bad\r\n\tGateway ", '; it says: "Bad Gateway"', id="text"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b" \n ", "", id="blank"),
        pytest.param(b"\xff\xfe\x00", None, id="invalid UTF-8"),
        pytest.param(b"\xc3\x28", '; it says: "\ufffd("', id="half a character"),
        pytest.param(b"x" * 10_000_000, f'; it says: "{"x" * 200}…"', id="huge"),
        pytest.param(json.dumps({"message": "y" * 300}).encode(), f'; it says: "{"y" * 200}…"', id="long message"),
        pytest.param(b"[" * 100_000, None, id="nested deep"),
        pytest.param(b'{"message": ' + b"9" * 5000 + b"}", None, id="number too long to read"),
    ],
)
def test_what_the_body_says_is_passed_on_in_one_line(body: bytes, says: str | None) -> None:
    for status in (400, 401, 403, 404, 422, 429, 500, 503, 418, 301):
        error = error_of(REQUEST, status, {}, body)
        assert one_line(error)
        assert len(str(error)) < 500
        if says is not None and status != 301:
            assert str(error) == str(error_of(REQUEST, status, {}, b"")) + says


# Hypothesis draws the constants of our code as well, such as the tokens of the sandbox.
@pytest.mark.shows_secrets
@settings(deadline=None, max_examples=share(200))
@given(
    st.integers(100, 999).filter(lambda status: status != 200),
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=60).map(lambda text: json.dumps({"message": text}).encode()),
        st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    ),
)
def test_any_answer_is_an_error_in_one_line(status: int, body: bytes) -> None:
    error = error_of(REQUEST, status, {}, body)
    assert isinstance(error, ResponseError | ProtocolError)
    assert one_line(error)


def test_an_odd_link_still_makes_one_line() -> None:
    odd = replace(REQUEST, link=f"{BASE}?cursor=a\u2028b\x0bc")
    assert one_line(error_of(odd, 422, {}, b""))
