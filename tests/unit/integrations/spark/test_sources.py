"""The accounts that connections reach."""

from __future__ import annotations

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import RateLimit
from harvest_duck.errors import CredentialsError, HarvestDuckError, QueryError
from harvest_duck.integrations.spark.sources import sources
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

_CLIENTS = TABLES["clients"]


def test_named_accounts_need_no_request_and_share_their_sender(connection: str, sandbox: Sandbox) -> None:
    both = connection.replace(str(MAIN_ID), f"{MAIN_ID},{EURO_ID}")
    other = "AccountId=9;APIKey=another-token;RateLimit=10/15"
    found = sources([both, other], _CLIENTS)
    assert [source.account for source in found] == [MAIN_ID, EURO_ID, 9]
    assert found[0].sender == found[1].sender != found[2].sender
    assert (found[0].rate_limit, found[2].rate_limit) == (None, RateLimit(10, 15))
    assert sandbox.requests == []


def test_all_accounts_are_those_of_harvest_and_not_of_forecast(connection: str, sandbox: Sandbox) -> None:
    found = sources([connection.replace(str(MAIN_ID), "*")], _CLIENTS)
    assert [source.account for source in found] == [MAIN_ID, EURO_ID]
    assert len(sandbox.requests) == 1


def test_an_account_that_is_not_named_and_a_list_of_accounts_are_one_source(connection: str, sandbox: Sandbox) -> None:
    unnamed = connection.replace(f"AccountId={MAIN_ID};", "")
    assert [source.account for source in sources([unnamed], _CLIENTS)] == [None]
    several = connection.replace(str(MAIN_ID), f"{MAIN_ID},{EURO_ID}")
    assert [source.account for source in sources([several], TABLES["accounts"])] == [None]
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("connection", "error"),
    [("AccountId=1;APIKey=x;MaxRows=5", QueryError), ("AccountId=1", CredentialsError)],
)
def test_what_cannot_be_read_whole_is_refused(connection: str, error: type[HarvestDuckError]) -> None:
    with pytest.raises(error):
        sources([connection], _CLIENTS)
