"""What Harvest's answers mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from harvest_duck.diagnosis import harvest_rules
from harvest_duck.diagnosis.facts import Account, Exchange, Outcome, Token
from harvest_duck.diagnosis.model import Status

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ONE, TWO = Account(1, "Acme"), Account(2, "Beta\x1b[31m" + "x" * 100)
ME = Exchange(Outcome.ANSWERED, answer={"access_roles": ["member"]})


@pytest.mark.parametrize(
    ("roles", "status", "said"),
    [
        (["administrator"], Status.OK, "everything in the account"),
        (["manager"], Status.OK, "a team and of managed projects"),
        (["manager", "estimates_manager", "unheard_of"], Status.OK, "managed projects, and estimates"),
        (["member"], Status.OK, "their own time and expenses"),
        (["unheard\x1b[31m_of"], Status.WARNING, "no role that is known: unheard [31m_of"),
        ([7], Status.WARNING, "no role that is known: none"),
        (None, Status.WARNING, "no role that is known: none"),
    ],
)
def test_a_role(roles: object, status: Status, said: str) -> None:
    finding = harvest_rules.role(Exchange(Outcome.ANSWERED, answer={"access_roles": roles}))
    assert finding.status is status
    assert said in finding.found


@pytest.mark.parametrize(
    ("wanted", "reached", "every", "status"),
    [
        ((1,), (ONE, TWO), False, Status.OK),
        ((1, 2), (ONE, TWO), False, Status.OK),
        ((1, 3), (ONE, TWO), False, Status.FAILED),
        (None, (ONE,), False, Status.OK),
        (None, (ONE, TWO), False, Status.FAILED),
        (None, (ONE, TWO), True, Status.OK),
        ((1,), (), False, Status.FAILED),
        ((1,), None, False, Status.OK),
    ],
)
def test_accounts(
    wanted: tuple[int, ...] | None, reached: tuple[Account, ...] | None, every: bool, status: Status
) -> None:
    finding = harvest_rules.account(wanted, reached, ME, every=every)
    assert finding.status is status
    assert finding.found.isprintable()
    assert len(finding.found) < 200


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.UNAUTHORIZED, Status.FAILED),
        (Outcome.FORBIDDEN, Status.FAILED),
        (Outcome.NOT_FOUND, Status.FAILED),
        (Outcome.LIMITED, Status.SKIPPED),
        (Outcome.NO_ROOM, Status.SKIPPED),
        (Outcome.NO_ANSWER, Status.SKIPPED),
        (Outcome.BROKEN, Status.SKIPPED),
    ],
)
def test_an_account_whose_api_says_no(outcome: Outcome, status: Status) -> None:
    assert harvest_rules.account((1,), (ONE,), Exchange(outcome), every=False).status is status


def test_nobody_is_blamed_for_a_rate_limit_without_room() -> None:
    """It may be locked, paused, or used up by this program itself."""
    finding = harvest_rules.account((1,), (ONE,), Exchange(Outcome.NO_ROOM), every=False)
    assert finding.found == "not checked: the rate limit had no room in time, see its check; try again"


def test_an_expiry_is_told() -> None:
    known = Exchange(
        Outcome.ANSWERED, answer={"user": {"first_name": "Ada", "last_name": None, "email": "a@b.example"}}
    )
    kept = Token("sign-in by OAuth", NOW + timedelta(days=3), refreshes=True)
    assert harvest_rules.token(kept, known, None, NOW, None).found == (
        "sign-in by OAuth of Ada (a@b.example), accepted; expires 2026-11-23 12:00 UTC, queries refresh it by "
        "themselves"
    )
    assert harvest_rules.token(Token("t", NOW), known, None, NOW, None).found.endswith("and nothing refreshes it then")
