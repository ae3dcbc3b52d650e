"""Requests of the API as values: addresses, headers, the next page, and links that are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvest_duck.catalog.model import Limit, Paging
from harvest_duck.errors import (
    ProtocolError,
)
from harvest_duck.protocol.request import (
    Request,
    destination,
    filled,
    headers,
    next_request,
    numbered,
    with_params,
)
from harvest_duck.protocol.response import error_of

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
        replace(REQUEST, parent=("invoice_id", 7), inputs=(("reminder", True),), page=3).where
        == "clients invoice_id 7 page 3"
    )


def test_an_error_names_the_account_where_there_are_several() -> None:
    several = replace(REQUEST, account_id=7, account="Bird & Co", parent=("user_id", 3))
    assert several.where == "clients of account Bird & Co user_id 3 page 1"
    assert replace(several, account="").where == "clients user_id 3 page 1"
    assert str(error_of(several, 403, {}, b"")).startswith("clients of account Bird & Co user_id 3 page 1: Harvest")


def test_an_error_names_the_one_record_that_was_asked_for() -> None:
    one = replace(REQUEST, url=f"{BASE}/57", params=(), single=True)
    assert one.where == "clients 57"
    assert replace(one, account="7").where == "clients of account 7 57"


# Requests out of others


def test_the_request_for_one_parent_says_which_one_it_is() -> None:
    template = replace(REQUEST, url="https://host/v2/invoices/{invoice_id}/payments", inputs=(("reminder", True),))
    one = filled(template, "invoice_id", 7)
    assert one.url == "https://host/v2/invoices/7/payments"
    assert one.values == (("invoice_id", 7), ("reminder", True))
    assert replace(one, url=template.url, parent=None) == template


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


def test_a_port_may_be_named_that_is_meant_anyhow() -> None:
    link = "https://api.harvestapp.com:443/v2/clients?cursor=x"
    assert next_request(REQUEST, link).address == link
    assert next_request(GATEWAY, link).address == "https://gw.example/harvest/v2/clients?cursor=x"
    named = replace(GATEWAY, url="https://gw.example:443/harvest/v2/clients")
    assert next_request(named, f"{GATEWAY.url}?cursor=x").page == 2


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://evil.example/v2/clients?cursor=x", id="other host"),
        pytest.param("https://api.harvestapp.com.evil.example/v2/clients?cursor=x", id="longer host"),
        pytest.param("https://evil.example/api.harvestapp.com/v2?cursor=x", id="host in the path"),
        pytest.param("http://api.harvestapp.com/v2/clients?cursor=x", id="plain text"),
        pytest.param("ftp://api.harvestapp.com/v2/clients?cursor=x", id="other scheme"),
        pytest.param("https://api.harvestapp.com:8443/v2/clients?cursor=x", id="other port"),
        pytest.param("https://api.harvestapp.com:80/v2/clients?cursor=x", id="port of plain text"),
        pytest.param("https://api.harvestapp.com:0/v2/clients?cursor=x", id="port zero"),
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
    for refuse in (destination, next_request):
        with pytest.raises(ProtocolError) as refused:
            refuse(REQUEST, link)
        assert str(refused.value) == (
            "clients page 1: links.next points away from https://api.harvestapp.com; "
            "it was not followed, because the token would go with it"
        )


GATEWAY = replace(REQUEST, url="https://gw.example/harvest/v2/clients", base_url="https://gw.example/harvest/v2")


def test_a_request_that_is_below_no_base_has_no_gateway() -> None:
    with pytest.raises(ProtocolError, match="points away"):
        next_request(replace(GATEWAY, base_url=""), "https://api.harvestapp.com/v2/clients?page=2")


@pytest.mark.parametrize("query", ["cursor=%7B%22a%22%3A1%7D&per_page=2000", "page=2&per_page=5&odd=+%20"])
def test_a_link_of_harvest_is_asked_of_the_gateway_that_passed_it_on(query: str) -> None:
    found = next_request(GATEWAY, f"https://api.harvestapp.com/v2/clients?{query}")
    assert found.address == f"https://gw.example/harvest/v2/clients?{query}"
    assert next_request(found, f"https://api.harvestapp.com/v2/clients?{query}x").page == 3
    # The list of /users/me/project_assignments is linked by the id of the user.
    own = next_request(GATEWAY, f"https://api.harvestapp.com/v2/users/7/project_assignments?{query}")
    assert own.address == f"https://gw.example/harvest/v2/users/7/project_assignments?{query}"
    assert next_request(GATEWAY, f"{GATEWAY.url}?{query}").address == f"{GATEWAY.url}?{query}"


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://evil.example/v2/clients?cursor=x", id="other host"),
        pytest.param("https://api.harvestapp.com.evil.example/v2/clients?cursor=x", id="longer host"),
        pytest.param("http://api.harvestapp.com/v2/clients?cursor=x", id="plain text"),
        pytest.param("https://api.harvestapp.com:8443/v2/clients?cursor=x", id="other port"),
        pytest.param("https://me@api.harvestapp.com/v2/clients?cursor=x", id="user"),
        pytest.param("https://@api.harvestapp.com/v2/clients?cursor=x", id="empty user"),
        pytest.param("https://api.harvestapp.com@evil.example/v2/clients?cursor=x", id="host as a user"),
        pytest.param("https://api.harvestapp.com/v2/clients;a?cursor=x", id="parameter of a path"),
        pytest.param("https://api.harvestapp.com/v2/clients:a?cursor=x", id="colon"),
        pytest.param("https://api.harvestapp.com/v2/clients\\..?cursor=x", id="backslash in the path"),
        pytest.param("https://api.harvestapp.com/clients?cursor=x", id="beside the API"),
        pytest.param("https://api.harvestapp.com/v2clients?cursor=x", id="without a slash"),
        pytest.param("https://api.harvestapp.com/v2/?cursor=x", id="no list"),
        pytest.param("https://api.harvestapp.com/v2?cursor=x", id="the API alone"),
        pytest.param("https://api.harvestapp.com/v2/../v2/clients?cursor=x", id="up and down"),
        pytest.param("https://api.harvestapp.com/v2/clients/..?cursor=x", id="up"),
        pytest.param("https://api.harvestapp.com/v2//clients?cursor=x", id="two slashes"),
        pytest.param("https://api.harvestapp.com//v2/clients?cursor=x", id="two slashes before"),
        pytest.param("https://api.harvestapp.com/v2/%63lients?cursor=x", id="encoded"),
        pytest.param("https://api.harvestapp.com/v2/%2e%2e/clients?cursor=x", id="up, encoded"),
        pytest.param("https://api.harvestapp.com/v2/x%2Fclients?cursor=x", id="a slash, encoded"),
        pytest.param("https://api.harvestapp.com/v2/clients\r\nHost: evil.example?cursor=x", id="line break"),
        pytest.param("https://api.harvestapp.com\\@evil.example/v2/clients?cursor=x", id="backslash"),
        pytest.param("//api.harvestapp.com/v2/clients?cursor=x", id="without scheme"),
        pytest.param("/v2/clients?cursor=x", id="relative"),
    ],
)
def test_no_other_link_is_asked_of_the_gateway(link: str) -> None:
    with pytest.raises(
        ProtocolError, match=r"clients page 1: links\.next points away from https://gw\.example; it was"
    ):
        next_request(GATEWAY, link)


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
