"""What Harvest's answers mean: whose the token is, which accounts it reaches, what its user may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harvest_duck.diagnosis.facts import Outcome
from harvest_duck.diagnosis.model import Check, Finding, Status, parted, skipped
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from harvest_duck.diagnosis.facts import Account, Exchange, Token

_DEVELOPERS = "https://id.getharvest.com/developers"
_LONGEST, _NAMED = 40, 6
_REASONS = {
    Outcome.LIMITED: "Harvest answered 429, too many requests",
    Outcome.NO_ROOM: "the rate limit had no room in time, see its check; try again",
}
#: What a manager may read beyond the time and expenses of a team:
#: https://help.getharvest.com/api-v2/users-api/users/users/
_RIGHTS = {
    "client_and_task_manager": "clients and tasks",
    "billable_rates_manager": "billable rates",
    "managed_projects_invoice_drafter": "invoices of managed projects",
    "managed_projects_invoice_manager": "invoices of managed projects",
    "estimates_manager": "estimates",
}


def token(facts: Token, known: Exchange | None, me: Exchange | None, now: datetime, given_in: str | None) -> Finding:
    """Return what became of the token; `given_in` is the source that gives it."""
    if facts.error is not None:
        found, remedy = parted(facts.error)
        return Finding(Check.TOKEN, Status.FAILED, found, "No query of this connection can run.", remedy)
    answer = known or me
    if answer is None or answer.outcome in {Outcome.NO_ANSWER, Outcome.NOT_HARVEST, Outcome.BROKEN}:
        return skipped(Check.TOKEN, "no answer of Harvest")
    if answer.outcome is Outcome.UNAUTHORIZED:
        expired = f", which expired {_moment(facts.expires_at)}" if facts.expires_at and facts.expires_at <= now else ""
        return Finding(
            Check.TOKEN,
            Status.FAILED,
            f"Harvest refuses the {facts.kind}{expired} (401)",
            "It is wrong, expired or revoked. Every query fails.",
            f"Run `{facts.login}`." if facts.login else f"Make another at {_DEVELOPERS}, and put it into {given_in}.",
        )
    if answer.outcome in _REASONS:
        return skipped(Check.TOKEN, _REASONS[answer.outcome])
    whose = _person(known.answer.get("user")) if known is not None and known.outcome is Outcome.ANSWERED else ""
    return Finding(Check.TOKEN, Status.OK, f"{facts.kind}{whose}, accepted{_lifetime(facts)}")


def _lifetime(facts: Token) -> str:
    if facts.expires_at is None:
        return ""
    after = "queries refresh it by themselves" if facts.refreshes else "and nothing refreshes it then"
    done = "; it was due and has been refreshed" if facts.refreshed else ""
    return f"{done}; expires {_moment(facts.expires_at)}, {after}"


def account(
    wanted: Sequence[int] | None, reached: Sequence[Account] | None, me: Exchange | None, *, every: bool
) -> Finding:
    """Return what becomes of the accounts `wanted`, None for the only one or for `every` one that the token reaches."""
    if reached is None and me is None:
        return skipped(Check.ACCOUNT, "no answer of Harvest to a token")
    names = {each.id: each.name for each in reached or ()}
    if reached is not None and not reached:
        return Finding(
            Check.ACCOUNT,
            Status.FAILED,
            "the token reaches no account of Harvest",
            "Its user has been removed from the account, or has one of Forecast alone.",
            f"Use the token of somebody who has an account: {_DEVELOPERS}.",
        )
    if wanted is None and reached is not None and len(reached) > 1 and not every:
        return Finding(
            Check.ACCOUNT,
            Status.FAILED,
            f"no AccountId is given, and the token reaches {_listed(names)}",
            "It is not clear which one to read, so queries fail.",
            "Set AccountId to one of the numbers, or to * for all of them.",
        )
    missing = [number for number in wanted or () if reached is not None and number not in names]
    if missing:
        return Finding(
            Check.ACCOUNT,
            Status.FAILED,
            f"the token does not reach {', '.join(map(str, missing))}; it reaches {_listed(names)}",
            "Queries of that account fail.",
            "Set AccountId to a number that it reaches, or use the token of somebody in the account.",
        )
    asked = tuple(wanted) if wanted is not None else tuple(names)
    return _answering(asked, names, me)


def unnamed(error: str) -> Finding:
    """Return the finding of an AccountId that names no account."""
    found, remedy = parted(error)
    return Finding(Check.ACCOUNT, Status.FAILED, found, "No query of this connection can run.", remedy)


def _answering(asked: Sequence[int], names: Mapping[int, str], me: Exchange | None) -> Finding:
    """Return the finding of accounts that the token should reach, by the answer of the first of them."""
    found = _listed({number: names.get(number, "") for number in asked})
    if me is not None and me.outcome in _REASONS:
        return skipped(Check.ACCOUNT, _REASONS[me.outcome])
    if me is None or me.outcome in {Outcome.NO_ANSWER, Outcome.NOT_HARVEST, Outcome.BROKEN}:
        return skipped(Check.ACCOUNT, f"the API gave no answer about {found}")
    if me.outcome is not Outcome.ANSWERED:
        return Finding(
            Check.ACCOUNT,
            Status.FAILED,
            f"the API refuses {found} ({me.outcome})",
            "The account is not the token's, is archived, or is not at this address.",
            "Check AccountId and BaseURL, and that the account is active at https://id.getharvest.com.",
        )
    others = {number: name for number, name in names.items() if number not in asked}
    beside = f"; the token also reaches {_listed(others)}" if others else ""
    return Finding(Check.ACCOUNT, Status.OK, f"{found} answers{beside}")


def role(me: Exchange | None) -> Finding:
    """Return what the user of the token may read, in words."""
    if me is None or me.outcome is not Outcome.ANSWERED:
        return skipped(Check.ROLE, "the account gave no answer")
    roles = [each for each in me.answer.get("access_roles") or () if isinstance(each, str)]
    meaning = "`SELECT * FROM harvest_access()` tells it table by table, for some 40 requests."
    if "administrator" in roles:
        return Finding(Check.ROLE, Status.OK, "administrator: reads everything in the account")
    if "manager" in roles:
        more = list(dict.fromkeys(_RIGHTS[each] for each in roles if each in _RIGHTS))
        beyond = f", and {' and '.join(more)}" if more else ""
        found = f"manager: reads the time and expenses of a team and of managed projects{beyond}"
        return Finding(Check.ROLE, Status.OK, found, f"Other rows are left out without a word. {meaning}")
    if "member" in roles:
        found = "member: reads their own time and expenses, not clients, projects, users or invoices"
        return Finding(Check.ROLE, Status.OK, found, f"Rows of others are left out without a word. {meaning}")
    found = f"Harvest names no role that is known: {shortened(one_line(', '.join(roles)), _LONGEST) or 'none'}"
    return Finding(Check.ROLE, Status.WARNING, found, meaning)


def _person(user: Any) -> str:  # noqa: ANN401 - a value of JSON
    if not isinstance(user, dict):
        return ""
    name = _short(" ".join(str(user[part]) for part in ("first_name", "last_name") if user.get(part)))
    email = _short(user.get("email"))
    return f" of {name or 'somebody'}{f' ({email})' if email else ''}"


def _listed(names: Mapping[int, str]) -> str:
    shown = [f"{number}{f' ({_short(name)})' if name else ''}" for number, name in list(names.items())[:_NAMED]]
    return ", ".join(shown) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _short(text: object) -> str:
    return shortened(one_line(str(text or "")), _LONGEST)


def _moment(when: datetime | None) -> str:
    return "" if when is None else f"{when:%Y-%m-%d %H:%M} UTC"
