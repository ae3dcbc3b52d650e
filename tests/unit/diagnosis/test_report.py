"""The findings are in the order of the checks, whatever was looked at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harvest_duck.diagnosis.facts import Configuration, Connected, Facts, Limits, Token, Versions
from harvest_duck.diagnosis.model import Check, Status
from harvest_duck.diagnosis.report import report

FACTS = Facts(
    now=datetime(2026, 11, 20, tzinfo=UTC),
    offline=False,
    versions=Versions("1.0", (3, 12, 1), "CPython", {"duckdb": "2.0.0", "pyarrow": "20.0", "aiohttp": "3.14"}, "Linux"),
    configuration=Configuration(
        "/c",
        home=True,
        exists=False,
        names=(),
        variables=(),
        token_from=None,
        application_from=None,
        account_from=None,
    ),
    spaces=[],
)
NOTHING_LOOKED_AT = Connected(token=Token("token"), limits=Limits("/d", None, None, 100, 15.0, None))


@pytest.mark.parametrize("connected", [None, NOTHING_LOOKED_AT])
@pytest.mark.parametrize("fault", [None, "KeyError"])
@pytest.mark.parametrize("offline", [False, True])
def test_every_check_has_its_place(connected: Connected | None, fault: str | None, offline: bool) -> None:
    if connected is not None and fault is not None:
        return
    made = report(Facts(FACTS.now, offline, FACTS.versions, FACTS.configuration, [], connected, fault))
    assert list(dict.fromkeys(each.check for each in made.findings)) == list(Check)
    assert made.healthy is (fault is None)
    failed = [each.found for each in made.findings if each.status is Status.FAILED]
    assert failed == ([] if fault is None else ["a fault of harvest_duck: KeyError"])
