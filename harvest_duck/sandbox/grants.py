"""The fixed accounts of the sandbox, their tokens, and what each token may reach.

The ids of the accounts and the tokens never change, so that documentation, tests and connection strings can name them.
A token stands for a person. The ID host lists the accounts of that person; one of them belongs to Harvest's sister
product Forecast, which https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/ tells
clients to leave out. The same persons can sign in to the one OAuth2 application that is registered here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvest_duck.sandbox.wire import Record

#: The larger account: US dollars, a 12-hour clock, quarter-hour rounding, approval.
MAIN_ID = 1000001
#: The smaller one: euros, a 24-hour clock, no rounding, no approval.
EURO_ID = 1000002
#: An account of Forecast, which has no Harvest API.
FORECAST_ID = 1000003

ADMINISTRATOR_TOKEN = "sandbox-admin-token"  # noqa: S105 - made up and public
MANAGER_TOKEN = "sandbox-manager-token"  # noqa: S105 - as above
MEMBER_TOKEN = "sandbox-member-token"  # noqa: S105 - as above
EURO_ADMINISTRATOR_TOKEN = "sandbox-euro-admin-token"  # noqa: S105 - as above

OAUTH_CLIENT_ID = "sandbox-client-id"
OAUTH_CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - as above
#: The redirect URIs of that client; any port of a loopback host is accepted.
REDIRECT_URIS = (
    "http://localhost/callback",
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "https://app.example/callback",
)

#: The scope of a request that names none.
EVERYTHING = "all"
_SCOPE = re.compile(r"all|(harvest|forecast):(all|[0-9]+)")


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth2 application that is registered at the ID host."""

    client_id: str
    client_secret: str = field(repr=False)
    name: str
    redirect_uris: tuple[str, ...]


CLIENTS: dict[str, Client] = {
    OAUTH_CLIENT_ID: Client(OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, "Harvest Sandbox Client", REDIRECT_URIS)
}


@dataclass(frozen=True, slots=True)
class Grant:
    """The access that a token gives: by account id the position of its user among the generated ones, and a person.

    `forecast` adds the account of Forecast.
    """

    user_positions: dict[int, int]
    person: Record
    forecast: bool = False

    def within(self, scope: str) -> Grant:
        """Return the part of this access that `scope` covers."""
        words = set(scope.split(" "))
        if EVERYTHING in words:
            return self
        user_positions = {
            number: position
            for number, position in self.user_positions.items()
            if words & {"harvest:all", f"harvest:{number}"}
        }
        return replace(
            self,
            user_positions=user_positions,
            forecast=self.forecast and bool(words & {"forecast:all", f"forecast:{FORECAST_ID}"}),
        )


def is_scope(text: str) -> bool:
    """Return whether `text` consists of Harvest's scopes, separated by single blanks; account ids need not exist."""
    # https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
    return all(_SCOPE.fullmatch(word) for word in text.split(" "))


def _person(number: int, first_name: str, last_name: str) -> Record:
    """Return the user object of the ID host; its ids are not those of users in accounts."""
    email = f"{first_name}.{last_name}@harbourvale.example".lower()
    return {"id": number, "first_name": first_name, "last_name": last_name, "email": email}


#: The tokens. The positions are those of the first users of each account: administrator, manager, member.
TOKENS: dict[str, Grant] = {
    ADMINISTRATOR_TOKEN: Grant({MAIN_ID: 0, EURO_ID: 0}, _person(2310441, "Ada", "Moreau"), forecast=True),
    MANAGER_TOKEN: Grant({MAIN_ID: 1}, _person(2310558, "Ben", "Okafor")),
    MEMBER_TOKEN: Grant({MAIN_ID: 2}, _person(2310763, "Clara", "Lindqvist")),
    EURO_ADMINISTRATOR_TOKEN: Grant({EURO_ID: 1}, _person(2311902, "Dieter", "Brandt")),
}

#: The persons who can sign in, by their role in the main account.
PERSONS: dict[str, Grant] = {
    "administrator": TOKENS[ADMINISTRATOR_TOKEN],
    "manager": TOKENS[MANAGER_TOKEN],
    "member": TOKENS[MEMBER_TOKEN],
}

_ROLES = {
    ("administrator", MAIN_ID): ADMINISTRATOR_TOKEN,
    ("administrator", EURO_ID): ADMINISTRATOR_TOKEN,
    ("manager", MAIN_ID): MANAGER_TOKEN,
    ("member", MAIN_ID): MEMBER_TOKEN,
}


def token_for(role: str, account_id: int) -> str:
    """Return the token of a user with `role` in the account; LookupError if there is none."""
    try:
        return _ROLES[role, account_id]
    except KeyError:
        known = ", ".join(f"{name} of {number}" for name, number in _ROLES)
        raise LookupError(f"no token for {role} of account {account_id}; there are: {known}") from None


def account_records(grant: Grant, names: dict[int, str]) -> list[Record]:
    """Return the accounts that a token reaches; `names` are those of the Harvest accounts.

    Only the first has `google_sign_in_required`, a key that was observed in one payload of Harvest.
    """
    accounts: list[Record] = [
        {"id": number, "name": names[number], "product": "harvest"} for number in grant.user_positions
    ]
    for account in accounts[:1]:
        account["google_sign_in_required"] = False
    if grant.forecast:
        accounts.append({"id": FORECAST_ID, "name": "Harbour & Vale", "product": "forecast"})
    return accounts
