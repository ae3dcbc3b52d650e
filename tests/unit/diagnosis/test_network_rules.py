"""What facts about the way to Harvest mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harvest_duck.diagnosis import network_rules
from harvest_duck.diagnosis.facts import Exchange, Outcome, Step, Way
from harvest_duck.diagnosis.model import Status

WAY = Way("api.harvestapp.com", 443, addresses=("203.0.113.1",))


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("certificate has expired", "Set the clock of this machine right."),
        ("certificate is not yet valid", "Set the clock of this machine right."),
        ("Hostname mismatch, certificate is not valid for 'x'.", "Check BaseURL; a network that asks for a login"),
        ("unable to get local issuer certificate", "Give the path of the company's certificate"),
        ("self-signed certificate in certificate chain", "Give the path of the company's certificate"),
        ("WRONG_VERSION_NUMBER", "Give the path of the company's certificate"),
    ],
)
def test_the_reason_of_tls_decides_the_advice(reason: str, remedy: str) -> None:
    finding = network_rules.network(replace(WAY, failed=Step.TLS, reason=reason), None, "BaseURL")
    assert finding.status is Status.FAILED
    assert finding.remedy.startswith(remedy)


def test_certificates_in_place_of_the_systems_are_named() -> None:
    refused = replace(WAY, failed=Step.TLS, reason="unable to get local issuer certificate", unread_bundle="x")
    assert network_rules.network(replace(refused, replaced_store="SSL_CERT_FILE"), None, "BaseURL").remedy == (
        "Check SSL_CERT_FILE: the certificates that it names are trusted in place of the system's."
    )


def test_harvests_own_address_needs_no_check_of_the_property() -> None:
    blocked = replace(WAY, failed=Step.CONNECTION, reason="203.0.113.1: no answer within 5 s")
    assert network_rules.network(blocked, None, "BaseURL").remedy == "Check the network."
    assert network_rules.network(replace(blocked, host="harvest.example"), None, "BaseURL").remedy == (
        "Check the network and BaseURL."
    )


def test_certificates_named_in_vain_matter_where_tls_fails() -> None:
    named = replace(WAY, unread_bundle="CURL_CA_BUNDLE")
    assert network_rules.proxy(named, reached=True).status is Status.OK
    assert network_rules.proxy(replace(named, failed=Step.NAME), reached=False).status is Status.OK
    assert network_rules.proxy(replace(named, failed=Step.TLS), reached=False).status is Status.WARNING


def test_a_proxy_named_in_vain_matters_where_harvest_is_not_reached() -> None:
    named = replace(WAY, unread_proxy="ALL_PROXY")
    assert network_rules.proxy(named, reached=True).status is Status.OK
    missed = network_rules.proxy(replace(named, failed=Step.NAME), reached=False)
    assert (missed.status, missed.remedy[:27]) == (Status.WARNING, "Add ProxyAutoDetect=true to")
    assert network_rules.proxy(WAY, reached=False).status is Status.OK


@pytest.mark.parametrize(
    ("ahead_s", "status", "found"),
    [
        (0.4, Status.OK, "the clock of this machine agrees with Harvest's"),
        (-29.0, Status.OK, "the clock of this machine agrees with Harvest's"),
        (45.0, Status.WARNING, "the clock of this machine is 45 seconds behind Harvest's"),
        (-600.0, Status.WARNING, "the clock of this machine is 10 minutes ahead of Harvest's"),
        (90_000.0, Status.FAILED, "the clock of this machine is 25 hours behind Harvest's"),
        (-999_999.0, Status.FAILED, "the clock of this machine is 12 days ahead of Harvest's"),
    ],
)
def test_the_clock(ahead_s: float, status: Status, found: str) -> None:
    finding = network_rules.clock([None, Exchange(Outcome.FORBIDDEN, ahead_s=ahead_s)])
    assert (finding.status, finding.found) == (status, found)


def test_without_a_date_the_clock_is_not_checked() -> None:
    assert network_rules.clock([None, Exchange(Outcome.ANSWERED)]).status is Status.SKIPPED
