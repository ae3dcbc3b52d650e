"""The options of the dbt plugin: which accounts they name, and what is wrong with the others."""

from __future__ import annotations

from typing import Any

import pytest

from harvest_duck.errors import ConnectionStringError
from harvest_duck.integrations.dbt_accounts import AttachedAccount, attached_accounts

ACME = "AccountId=1;APIKey=t0ken"
EUROPE = {"connection": "AccountId=2;APIKey=t0ken", "name": "europe"}


def test_the_default_is_the_account_of_the_environment_as_harvest() -> None:
    assert attached_accounts({}) == [AttachedAccount("", "harvest")]
    assert attached_accounts({"connection": None, "name": None, "attach": None}) == [AttachedAccount("", "harvest")]


def test_several_accounts_are_attached_in_their_order() -> None:
    found = attached_accounts({"connection": ACME, "name": "acme", "attach": [EUROPE]})
    assert found == [AttachedAccount(ACME, "acme"), AttachedAccount(**EUROPE)]


def test_settings_of_the_profile_are_no_options_of_the_plugin() -> None:
    """dbt-duckdb adds them to the configuration of each plugin."""
    assert attached_accounts({"TimeZone": "UTC", "connection": ACME}, {"TimeZone": "UTC"})[0].connection == ACME


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"dsn": ACME}, "has no option dsn; its options are connection, name, attach"),
        ({"connection": 5}, "connection has to be text; put it into quotes"),
        ({"name": 2026}, "name has to be text; put it into quotes"),
        ({"connection": "AccountId=1;Token=t0ken"}, "there is no property Token"),
        ({"connection": "AccountId=1"}, "no Harvest token is given: "),
        ({"attach": EUROPE}, "attach has to be a list of items with connection and name"),
        ({"attach": ["DSN=europe"]}, "attach has to be a list of items with connection and name"),
        ({"attach": [EUROPE, {"connection": ACME}]}, "item 2 of attach needs name, as in"),
        ({"attach": [{"name": "europe"}]}, "item 1 of attach needs connection, as in"),
        (
            {"attach": [EUROPE | {"attach": []}]},
            "item 1 of attach has no option attach; its options are connection, name",
        ),
        ({"attach": [EUROPE, EUROPE | {"name": "Europe"}]}, "europe is the name of two accounts: give each a name"),
        ({"attach": [EUROPE | {"name": "HARVEST"}]}, "harvest is the name of two accounts: give each a name"),
    ],
)
def test_what_is_wrong_is_one_line_without_the_token(config: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=r"^[^\n]*$") as raised:
        attached_accounts(config)
    assert message in str(raised.value)
    assert "t0ken" not in str(raised.value)


def test_an_account_does_not_show_its_connection_string() -> None:
    assert "t0ken" not in repr(attached_accounts({"connection": ACME}))
    with pytest.raises(ConnectionStringError):
        attached_accounts({"options": ACME})
