"""Refused requests: their status and body, and the rate limits."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.api_caller import Caller

from harvest_duck.sandbox import (
    ADMINISTRATOR_TOKEN,
    EURO_ADMINISTRATOR_TOKEN,
    EURO_ID,
    FORECAST_ID,
    MAIN_ID,
    MEMBER_TOKEN,
    Sandbox,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID = {
    "error": "invalid_token",
    "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons.",
}


def without(caller: Caller, name: str, **changed: str) -> dict[str, str]:
    return {key: value for key, value in caller.headers.items() if key != name} | changed


def test_a_user_agent_is_required(administrator: Caller) -> None:
    for target in ("/v2/clients", "/v2/users/me", "/api/v2/accounts"):
        answer = administrator.send(target, headers=without(administrator, "User-Agent"))
        assert (answer.status, answer.body) == (400, {"message": "User-Agent header is required"}), target


def test_a_bad_token_is_invalid(administrator: Caller) -> None:
    for target in ("/v2/clients", "/api/v2/accounts"):
        for value in (None, "", "Bearer", "Bearer wrong", f"Basic {ADMINISTRATOR_TOKEN}"):
            changed = {} if value is None else {"Authorization": value}
            answer = administrator.send(target, headers=without(administrator, "Authorization") | changed)
            assert (answer.status, answer.body) == (401, INVALID), (target, value)


def test_a_request_without_an_account_counts_as_an_invalid_token(administrator: Caller) -> None:
    answer = administrator.send("/v2/clients", headers=without(administrator, "Harvest-Account-Id"))
    assert (answer.status, answer.body) == (401, INVALID)


def test_the_id_host_needs_no_account(administrator: Caller) -> None:
    headers = without(administrator, "Harvest-Account-Id")
    assert administrator.send("/api/v2/accounts", headers=headers).status == 200


@pytest.mark.parametrize(
    ("token", "account_id"),
    [
        (ADMINISTRATOR_TOKEN, FORECAST_ID),
        (ADMINISTRATOR_TOKEN, 7),
        (MEMBER_TOKEN, EURO_ID),
        (EURO_ADMINISTRATOR_TOKEN, MAIN_ID),
    ],
)
def test_an_account_beyond_the_token_is_not_found(harvest: Sandbox, token: str, account_id: int) -> None:
    with closing(Caller(harvest, token, account_id)) as caller:
        answer = caller.get("/users/me")
    assert (answer.status, answer.body) == (404, {"message": "Not Found"})


def test_an_account_that_is_no_number_is_not_found(administrator: Caller) -> None:
    headers = without(administrator, "Harvest-Account-Id") | {"Harvest-Account-Id": "harbourvale"}
    assert administrator.send("/v2/users/me", headers=headers).status == 404


def test_one_token_reaches_both_accounts(harvest: Sandbox) -> None:
    with closing(Caller(harvest, ADMINISTRATOR_TOKEN, EURO_ID)) as caller:
        assert caller.get("/company").body["clock"] == "24h"


def test_token_and_account_may_stand_in_the_query(administrator: Caller) -> None:
    headers = {"User-Agent": "tests"}
    answer = administrator.send(f"/v2/company?access_token={ADMINISTRATOR_TOKEN}&account_id={MAIN_ID}", headers=headers)
    assert answer.status == 200


def test_header_names_ignore_case(administrator: Caller) -> None:
    headers = {name.upper(): value for name, value in administrator.headers.items()}
    assert administrator.send("/v2/company", headers=headers).status == 200


UNKNOWN = [
    "/v2/nothing",
    "/v2/clients/",
    "/v2/clients/abc",
    "/v2/clients/99",
    "/v2/task_assignments/99",
    "/v2/invoices/99/payments",
    "/v2/projects/99/task_assignments",
    "/v2/users/99/billable_rates",
    "/v2/invoices/99/messages/new",
    "/v2/reports/time",
    "/v1/clients",
    "/",
]


def test_unknown_paths_and_records_are_not_found(administrator: Caller) -> None:
    for target in UNKNOWN:
        answer = administrator.send(target)
        assert (answer.status, answer.body) == (404, {"message": "Not Found"}), target
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_the_sandbox_is_read_only(administrator: Caller) -> None:
    assert administrator.send("/v2/clients", method="DELETE").status == 405


def test_only_managers_have_teammates(harvest: Sandbox, administrator: Caller) -> None:
    for user in harvest.records(MAIN_ID, "users"):
        answer = administrator.get(f"/users/{user['id']}/teammates")
        assert answer.status == (200 if "manager" in user["access_roles"] else 422)
        assert ("message" in answer.body) == (answer.status == 422)


@pytest.fixture
def now() -> list[float]:
    """The time of the clock of `limited`, which a test may advance."""
    return [1000.0]


@pytest.fixture
def limited(now: list[float]) -> Iterator[Sandbox]:
    with Sandbox(scale=0.1, clock=lambda: now[0]) as running:
        yield running


def statuses(caller: Caller, path: str, count: int) -> list[int]:
    return [caller.get(path).status for _ in range(count)]


def test_a_hundred_requests_pass_within_fifteen_seconds(limited: Sandbox, now: list[float]) -> None:
    with closing(Caller(limited)) as caller:
        assert statuses(caller, "/roles", 60) == [200] * 60
        now[0] += 10
        assert statuses(caller, "/roles", 40) == [200] * 40
        refused = caller.get("/roles")
        assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
        assert refused.body == {"message": "This request has been throttled.", "retry_after": 5}
        now[0] += 4.5
        assert caller.get("/roles").headers["Retry-After"] == "1"
        now[0] += 0.5
        assert statuses(caller, "/roles", 61) == [200] * 60 + [429]


def test_reports_have_a_limit_of_their_own(limited: Sandbox, now: list[float]) -> None:
    with closing(Caller(limited)) as caller:
        assert statuses(caller, "/reports/project_budget", 101) == [200] * 100 + [429]
        assert caller.get("/roles").status == 200
        now[0] += 899
        assert caller.get("/reports/project_budget").headers["Retry-After"] == "1"
        now[0] += 1
        assert caller.get("/reports/project_budget").status == 200


def test_tokens_and_accounts_are_counted_separately(limited: Sandbox) -> None:
    with closing(Caller(limited)) as caller:
        assert statuses(caller, "/users/me", 101)[-1] == 429
    for token, account_id in ((MEMBER_TOKEN, MAIN_ID), (ADMINISTRATOR_TOKEN, EURO_ID)):
        with closing(Caller(limited, token, account_id)) as other:
            assert other.get("/users/me").status == 200


def test_refused_parameters_count_and_the_id_host_does_not(limited: Sandbox) -> None:
    with closing(Caller(limited)) as caller:
        assert set(statuses(caller, "/clients?page=0", 100)) == {422}
        assert caller.get("/roles").status == 429
        assert caller.send("/api/v2/accounts").status == 200
