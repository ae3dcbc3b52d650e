"""Who may ask the server of the live report."""

from __future__ import annotations

import pytest

from harvest_duck.servers.report.authorization import Authorization

OURS = Authorization(8182)


@pytest.mark.parametrize("host", ["127.0.0.1:8182", "localhost:8182", "LOCALHOST:8182", "[::1]:8182"])
def test_the_names_of_loopback_are_ours(host: str) -> None:
    assert OURS.names(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:8182",
        "127.0.0.1",
        "127.0.0.1:8183",
        "localhost.evil.example:8182",
        "127.0.0.1:8182.evil.example",
        "0.0.0.0:8182",
    ],
)
def test_any_other_name_is_not(host: str | None) -> None:
    assert not OURS.names(host)


def test_a_port_that_browsers_leave_out_need_not_be_told() -> None:
    assert Authorization(80).names("localhost")


def test_each_secret_is_good_for_one_thing_and_one_run() -> None:
    secrets = [OURS.token, OURS.session, OURS.key, Authorization(8182).token, "", "é", "\udce9"]
    assert len(set(secrets)) == len(secrets)
    assert [secret for secret in secrets if OURS.opens(secret)] == [OURS.token]
    assert [secret for secret in secrets if OURS.knows(secret)] == [OURS.session]
    assert [secret for secret in secrets if OURS.acts(secret)] == [OURS.key]
    assert not OURS.knows(None)
    assert not OURS.acts(None)
    assert all(len(secret) > 40 for secret in secrets[:4])
    assert not any(secret in repr(OURS) for secret in secrets[:3])


def test_the_token_that_a_browser_is_opened_with_is_good_once() -> None:
    ours = Authorization(8182)
    (token,) = ours.once
    assert ours.url_once == f"http://127.0.0.1:8182/?token={token}"
    assert token not in {ours.token, *repr(ours).split("'")}
    assert [ours.opens(token), ours.opens(token)] == [True, False]
    assert not ours.opens("")
    assert ours.opens(ours.token)
