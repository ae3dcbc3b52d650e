"""The rules of the API as functions of values: headers, links, waits, and what an error says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
    accept_links,
    error_of,
    filled,
    headers,
    next_request,
    numbered,
    retry_after_s,
    served_at,
    with_params,
)

BASE = "https://api.harvestapp.com/v2/clients"
REQUEST = Request("clients", BASE, (("is_active", "true"), ("per_page", "2000")), Limit.GENERAL, Paging.CURSOR)
NEXT = f"{BASE}?cursor=eyJhZnRlciI6eyJpZCI6MX19&per_page=2000&ref=next_cursor"
NOW = datetime(2024, 2, 29, 12, tzinfo=UTC)


# Requests


def test_an_address_is_the_url_with_its_parameters_in_order() -> None:
    assert REQUEST.address == f"{BASE}?is_active=true&per_page=2000"
    assert REQUEST.path_and_query == "/v2/clients?is_active=true&per_page=2000"
    assert replace(REQUEST, params=()).address == BASE


def test_parameters_are_escaped() -> None:
    assert replace(REQUEST, params=(("id", "a&b=ü c"),)).address == f"{BASE}?id=a%26b%3D%C3%BC+c"


def test_a_link_replaces_url_and_parameters() -> None:
    assert replace(REQUEST, link=NEXT).address == NEXT


def test_an_error_names_the_table_what_the_path_fixes_and_the_page() -> None:
    assert REQUEST.where == "clients page 1"
    assert (
        replace(REQUEST, values=(("invoice_id", 7), ("reminder", True)), page=3).where == "clients invoice_id 7 page 3"
    )


def test_an_error_names_the_account_where_there_are_several() -> None:
    several = replace(REQUEST, account_id=7, account="Bird & Co", values=(("user_id", 3),))
    assert several.where == "clients of account Bird & Co user_id 3 page 1"
    assert replace(several, account="").where == "clients user_id 3 page 1"
    assert str(error_of(several, 403, {}, b"")).startswith("clients of account Bird & Co user_id 3 page 1: Harvest")


def test_an_error_names_the_one_record_that_was_asked_for() -> None:
    one = replace(REQUEST, url=f"{BASE}/57", params=(), single=True)
    assert one.where == "clients 57"
    assert replace(one, account="7").where == "clients of account 7 57"


# Requests out of others


def test_the_request_for_one_parent_says_which_one_it_is() -> None:
    template = replace(REQUEST, url="https://host/v2/invoices/{invoice_id}/payments", values=(("reminder", True),))
    one = filled(template, "invoice_id", 7)
    assert one.url == "https://host/v2/invoices/7/payments"
    assert one.values == (("invoice_id", 7), ("reminder", True))
    assert replace(one, url=template.url, values=template.values) == template


def test_parameters_take_the_place_of_those_of_the_same_names() -> None:
    changed = with_params(REQUEST, {"is_active": "false", "client_id": "7"})
    assert changed.params == (("is_active", "false"), ("client_id", "7"), ("per_page", "2000"))
    assert with_params(REQUEST, {"is_active": None}).params == (("per_page", "2000"),)
    assert with_params(REQUEST, {"per_page": "1"}).params == (("is_active", "true"), ("per_page", "1"))
    assert with_params(REQUEST, {"page": None}) == REQUEST


names_of_params = st.sampled_from(["from", "to", "per_page", "page", "client_id", "is_active"])


@given(
    st.lists(st.tuples(names_of_params, st.sampled_from(["1", "x&y"])), unique_by=lambda pair: pair[0]),
    st.dictionaries(names_of_params, st.one_of(st.none(), st.sampled_from(["2", "a b"]))),
)
def test_just_the_parameters_that_are_named_change(
    before: list[tuple[str, str]], changes: dict[str, str | None]
) -> None:
    before.sort(key=lambda pair: pair[0] == "per_page")
    after = with_params(replace(REQUEST, params=tuple(before)), changes)
    wanted = {name: text for name, text in (dict(before) | changes).items() if text is not None}
    assert dict(parse_qsl(urlsplit(after.address).query)) == dict(after.params) == wanted
    assert len(after.params) == len(wanted)
    kept = [pair for pair in before if pair[0] not in changes]
    assert [pair for pair in after.params if pair[0] not in changes] == kept
    assert "per_page" not in [name for name, _ in after.params[:-1]], "the size of a page comes last"
    assert replace(after, params=REQUEST.params) == REQUEST


def test_harvest_is_told_who_asks_and_for_which_account() -> None:
    assert headers(token="t0", account_id=99, user_agent="harvest_duck (a@b.example)") == {
        "Authorization": "Bearer t0",
        "Harvest-Account-Id": "99",
        "User-Agent": "harvest_duck (a@b.example)",
        "Accept": "application/json",
    }


def test_headers_that_have_no_value_are_left_out() -> None:
    assert headers(token=None, account_id=None, user_agent="x") == {"User-Agent": "x", "Accept": "application/json"}


# The next page


def test_a_numbered_page_repeats_the_parameters_of_the_first() -> None:
    third = numbered(replace(REQUEST, params=(("page", "2"), ("client_id", "7")), link=NEXT), 3)
    assert third.params == (("client_id", "7"), ("page", "3"))
    assert (third.page, third.link) == (3, None)


def test_the_next_link_is_followed_verbatim() -> None:
    link = f"{BASE}?cursor=%7B%22a%22%3A1%7D&per_page=2000&ref=next_cursor&odd=+%20"
    found = next_request(REQUEST, link)
    assert found.address == link
    assert found.page == 2
    assert (found.table, found.values, found.limit) == (REQUEST.table, REQUEST.values, REQUEST.limit)


def test_links_of_a_local_stand_in_are_followed_on_its_port() -> None:
    local = replace(REQUEST, url="http://127.0.0.1:8080/v2/clients")
    assert next_request(local, "http://127.0.0.1:8080/v2/clients?cursor=x").page == 2


def test_a_host_is_the_same_in_any_case() -> None:
    assert next_request(REQUEST, "HTTPS://API.HarvestApp.com/v2/clients?cursor=x").page == 2


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://evil.example/v2/clients?cursor=x", id="other host"),
        pytest.param("https://api.harvestapp.com.evil.example/v2/clients?cursor=x", id="longer host"),
        pytest.param("https://evil.example/api.harvestapp.com/v2?cursor=x", id="host in the path"),
        pytest.param("http://api.harvestapp.com/v2/clients?cursor=x", id="plain text"),
        pytest.param("ftp://api.harvestapp.com/v2/clients?cursor=x", id="other scheme"),
        pytest.param("https://api.harvestapp.com:8443/v2/clients?cursor=x", id="other port"),
        pytest.param("https://api.harvestapp.com:port/v2/clients?cursor=x", id="port that is no number"),
        pytest.param("https://api.harvestapp.com:99999/v2/clients?cursor=x", id="port out of range"),
        pytest.param("https://me@api.harvestapp.com/v2/clients?cursor=x", id="user"),
        pytest.param("https://:pw@api.harvestapp.com/v2/clients?cursor=x", id="password"),
        pytest.param("https://api.harvestapp.com@evil.example/v2?cursor=x", id="host as a user"),
        pytest.param("https://api.harvestapp.com\\@evil.example/v2?cursor=x", id="backslash"),
        pytest.param("https://evil.example\\@api.harvestapp.com/v2?cursor=x", id="backslash before"),
        pytest.param("//evil.example/v2/clients?cursor=x", id="without scheme"),
        pytest.param("/v2/clients?cursor=x", id="relative"),
        pytest.param("https://[::1/v2/clients?cursor=x", id="broken brackets"),
        pytest.param("https://[nonsense]/v2/clients?cursor=x", id="brackets around a name"),
        pytest.param("https://api.harvestapp.com\u2100/v2?cursor=x", id="character that is a slash to others"),
        pytest.param("https://api.harvestapp.com/v2\r\nHost: evil.example?cursor=x", id="line break"),
        pytest.param("https://api.harvestapp.com/v2?cursor=\ud800", id="half a character"),
        pytest.param("", id="empty"),
        pytest.param("javascript:alert(1)", id="script"),
    ],
)
def test_a_link_that_leaves_the_host_is_not_followed(link: str) -> None:
    for refuse in (accept_links, next_request):
        with pytest.raises(ProtocolError) as refused:
            refuse(REQUEST, link)
        assert str(refused.value) == (
            "clients page 1: links.next points away from https://api.harvestapp.com; "
            "it was not followed, because the token would go with it"
        )


@settings(deadline=None)
@given(st.text(max_size=30))
@example("https://[")
@example("https://api.harvestapp.com/\ud800")
def test_any_text_as_a_link_is_followed_or_refused(link: str) -> None:
    try:
        found = next_request(REQUEST, link)
    except ProtocolError:
        return
    assert found.address == link


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(REQUEST.address, id="itself"),
        pytest.param(f"{BASE}?per_page=2000&is_active=true", id="in another order"),
        pytest.param(f"{BASE}?is_active=%74rue&per_page=2000", id="escaped otherwise"),
    ],
)
def test_a_link_back_to_the_same_page_is_refused(link: str) -> None:
    with pytest.raises(ProtocolError, match=r"clients page 1: links\.next leads back to the same page"):
        next_request(REQUEST, link)


def test_a_link_that_repeats_itself_is_refused() -> None:
    second = next_request(REQUEST, NEXT)
    with pytest.raises(ProtocolError, match=r"clients page 2: links\.next leads back"):
        next_request(second, NEXT)


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


@settings(deadline=None, max_examples=300)
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


@settings(deadline=None, max_examples=300)
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
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503, 418, 301])
def test_what_the_body_says_is_passed_on_in_one_line(status: int, body: bytes, says: str | None) -> None:
    error = error_of(REQUEST, status, {}, body)
    assert one_line(error)
    assert len(str(error)) < 500
    if says is not None and status != 301:
        assert str(error) == str(error_of(REQUEST, status, {}, b"")) + says


@settings(deadline=None, max_examples=200)
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
