"""What facts about this machine mean."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from support.paths import ROOT

from harvest_duck.diagnosis import machine_rules
from harvest_duck.diagnosis.facts import Configuration, Limits, Space, Store, Versions
from harvest_duck.diagnosis.model import Status

VERSIONS = Versions("1.0", (3, 12, 1), "CPython", {"duckdb": "1.5.0", "pyarrow": "20.0.0", "aiohttp": "3.14"}, "Linux")
SOURCES = Configuration("/c/connections.toml", True, True, ("a", "b"), ("HARVEST_ACCOUNT_ID",), "DSN a", None, None)  # noqa: FBT003
LIMITS = Limits("/d", None, None, 100, 15.0, 7)
GIB = 1 << 30


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({}, Status.OK, ""),
        ({"python": (3, 14, 0)}, Status.WARNING, "CPython 3.14.0"),
        ({"implementation": "PyPy"}, Status.WARNING, "PyPy 3.12.1"),
        ({"packages": VERSIONS.packages | {"duckdb": "1.6.0.dev3"}}, Status.WARNING, "duckdb 1.6.0.dev3"),
        ({"packages": VERSIONS.packages | {"duckdb": "1.4.0"}}, Status.FAILED, "this version of duckdb"),
        ({"packages": VERSIONS.packages | {"duckdb": "3.0.0"}}, Status.FAILED, "this version of duckdb"),
        ({"packages": VERSIONS.packages | {"pyarrow": None}}, Status.FAILED, "this version of pyarrow"),
    ],
)
def test_versions(changed: dict[str, object], status: Status, said: str) -> None:
    finding = machine_rules.versions(replace(VERSIONS, **changed))  # type: ignore[arg-type]
    assert finding.status is status
    assert said in finding.meaning


def test_the_supported_versions_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    wanted = {name: f"{name}{machine_rules._range(name)}" for name in machine_rules.SUPPORTED}
    assert {name: each for name in wanted for each in project if each.startswith(name)} == wanted


def test_configuration() -> None:
    found = machine_rules.configuration(SOURCES)
    assert (found.status, found.found) == (
        Status.OK,
        "token from DSN a, no AccountId. /c/connections.toml has a, b; set in the environment: HARVEST_ACCOUNT_ID.",
    )
    signing_in = replace(SOURCES, token_from=None, application_from="DSN b", account_from="DSN a")
    assert machine_rules.configuration(signing_in).found.startswith("OAuth application from DSN b, account from DSN a.")
    assert machine_rules.configuration(replace(SOURCES, home=False)).status is Status.WARNING
    without = machine_rules.configuration(replace(SOURCES, ineffective=("without effect yet: AutoCache",)))
    assert (without.status, without.meaning) == (Status.WARNING, "without effect yet: AutoCache.")
    assert machine_rules.configuration(replace(SOURCES, error="x")).status is Status.FAILED


def test_limits() -> None:
    assert machine_rules.limits(LIMITS).found == (
        "7 of 100 requests in 15 s are used; shared by the programs of this user in /d"
    )
    changes = [{"error": "/d: full"}, {"allowed": None}, {"paused_s": 3.0}, {"used": 100}, {"remote": "nfs4"}]
    for changed in changes:
        assert machine_rules.limits(replace(LIMITS, **changed)).status is Status.WARNING  # type: ignore[arg-type]


def test_store() -> None:
    assert machine_rules.store(None).status is Status.OK
    assert machine_rules.store(Store("/s", 0)).status is Status.WARNING
    assert machine_rules.store(Store("/s", 2)).found == "/s holds 2 sign-ins"
    assert machine_rules.store(Store("/s", unwritable="x")).status is Status.FAILED
    closed = machine_rules.store(Store("/s", unreadable="the keyring cannot be read (KeyringLocked): unlock it"))
    assert closed.found == "the keyring cannot be read (KeyringLocked)"
    assert closed.remedy.startswith("Unlock it. Or set OAuthSettingsLocation")


@pytest.mark.parametrize(
    ("free", "status"),
    [
        (5 * GIB, Status.OK),
        (GIB - 1, Status.WARNING),
        (1024, Status.FAILED),
        (0, Status.FAILED),
        (None, Status.SKIPPED),
    ],
)
def test_disk(free: int | None, status: Status) -> None:
    spaces = [Space("queries", "/q", free)]
    assert machine_rules.disk(spaces).status is status
    assert machine_rules.disk([*spaces, Space("limits", "/l", 9 * GIB)]).status is (
        Status.OK if status is Status.SKIPPED else status
    )
