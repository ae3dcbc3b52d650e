"""URLs of SQLAlchemy as connection strings, without SQLAlchemy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.connection import parse
from harvest_duck.errors import ConnectionStringError
from harvest_duck.integrations.sqlalchemy.url import connection_string

TOKEN = "t0ken-that-nobody-may-see"


def url(**parts: Any) -> Any:
    """A URL with the parts that are given; `query` and the password are as SQLAlchemy has read them."""
    empty = {"username": None, "password": None, "host": None, "port": None, "database": None, "query": {}}
    return SimpleNamespace(**(empty | parts))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, ""),
        ({"host": "acme", "database": ""}, "DSN=acme"),
        ({"host": "our%20agency"}, "DSN=our agency"),
        ({"username": "123456", "password": TOKEN}, f"AccountId=123456;APIKey={TOKEN}"),
        ({"password": TOKEN, "query": {"AccountId": "1,2"}}, f"APIKey={TOKEN};AccountId=1,2"),
        ({"host": "acme", "query": {"timeout": "20", "user agent": "a; b"}}, "DSN=acme;Timeout=20;UserAgent='a; b'"),
    ],
)
def test_the_parts_of_a_url_are_properties(parts: dict[str, Any], expected: str) -> None:
    assert connection_string(url(**parts)) == expected


@pytest.mark.parametrize(
    ("parts", "part_of_message"),
    [
        ({"host": "acme", "port": 8080}, "no port and no path"),
        ({"host": "acme", "database": "main"}, "no port and no path"),
        ({"query": {"Timeuot": "20"}}, "no property Timeuot, did you mean Timeout?"),
        ({"query": {"Timeout": ("20", "30")}}, "Timeout is given twice"),
        ({"query": {"Timeout": "20", "timeout": "30"}}, "Timeout is given twice"),
        ({"username": "1", "query": {"accountid": "1"}}, "AccountId is given twice"),
        ({"query": {"APIKey": TOKEN}}, "APIKey in the query would be shown by SQLAlchemy"),
        ({"query": {"OAuthClientSecret": TOKEN}}, "OAuthClientSecret in the query would be shown"),
        ({"query": {"ProfileSettings": f"APIKey={TOKEN}"}}, "ProfileSettings in the query would be shown"),
    ],
)
def test_what_means_nothing_or_would_be_shown_is_one_line(parts: dict[str, Any], part_of_message: str) -> None:
    with pytest.raises(ConnectionStringError) as failure:
        connection_string(url(**parts))
    assert part_of_message in str(failure.value)
    assert TOKEN not in str(failure.value)
    assert "\n" not in str(failure.value)


@given(password=st.text(min_size=1), agent=st.text())
def test_any_value_arrives_as_it_was_written(password: str, agent: str) -> None:
    text = connection_string(url(host="acme", password=password, query={"UserAgent": agent}))
    assert parse(text) == {"DSN": "acme", "APIKey": password, "UserAgent": agent}
