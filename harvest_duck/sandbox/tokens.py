"""Who may knock: the fixed accounts of the sandbox, their tokens, and what each token reaches.

The accounts' ids and the tokens never change, so that documentation, tests and connection strings can name them. A
token stands for a person; on the ID host it lists the accounts of that person, among them one of Harvest's sister
product Forecast, which https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/ tells
clients to leave out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "ADMINISTRATOR_TOKEN",
    "EURO_ADMINISTRATOR_TOKEN",
    "EURO_ID",
    "FORECAST_ID",
    "MAIN_ID",
    "MANAGER_TOKEN",
    "MEMBER_TOKEN",
    "TOKENS",
    "Grant",
    "token_for",
]

#: The larger account: US dollars, a 12-hour clock, quarter-hour rounding, approval.
MAIN_ID = 1000001
#: The smaller one: euros, a 24-hour clock, no rounding, no approval.
EURO_ID = 1000002
#: An account of Forecast, which has no Harvest API.
FORECAST_ID = 1000003

ADMINISTRATOR_TOKEN = "sandbox-admin-token"  # noqa: S105 - made up, and public
MANAGER_TOKEN = "sandbox-manager-token"  # noqa: S105 - as above
MEMBER_TOKEN = "sandbox-member-token"  # noqa: S105 - as above
EURO_ADMINISTRATOR_TOKEN = "sandbox-euro-admin-token"  # noqa: S105 - as above


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token reaches: for each account id, the position of its user among those generated; and a person."""

    seats: dict[int, int]
    person: dict[str, Any]
    forecast: bool = False


def _person(number: int, first_name: str, last_name: str) -> dict[str, Any]:
    """The user object of the ID host, whose ids are not those of users in accounts."""
    email = f"{first_name}.{last_name}@harbourvale.example".lower()
    return {"id": number, "first_name": first_name, "last_name": last_name, "email": email}


#: The first users of each generated account, in order: administrator, manager, member.
TOKENS: dict[str, Grant] = {
    ADMINISTRATOR_TOKEN: Grant({MAIN_ID: 0, EURO_ID: 0}, _person(2310441, "Ada", "Moreau"), forecast=True),
    MANAGER_TOKEN: Grant({MAIN_ID: 1}, _person(2310558, "Ben", "Okafor")),
    MEMBER_TOKEN: Grant({MAIN_ID: 2}, _person(2310763, "Clara", "Lindqvist")),
    EURO_ADMINISTRATOR_TOKEN: Grant({EURO_ID: 1}, _person(2311902, "Dieter", "Brandt")),
}

_ROLES = {
    ("administrator", MAIN_ID): ADMINISTRATOR_TOKEN,
    ("administrator", EURO_ID): ADMINISTRATOR_TOKEN,
    ("manager", MAIN_ID): MANAGER_TOKEN,
    ("member", MAIN_ID): MEMBER_TOKEN,
}


def token_for(role: str, account_id: int) -> str:
    """The token of a user with `role` in the account; LookupError where the sandbox has none."""
    try:
        return _ROLES[role, account_id]
    except KeyError:
        known = ", ".join(f"{name} of {number}" for name, number in _ROLES)
        raise LookupError(f"no token for {role} of account {account_id}; there are: {known}") from None
