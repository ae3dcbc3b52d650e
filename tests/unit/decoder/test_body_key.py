"""The list of records is found under whichever key Harvest gives it, where the catalog only guessed the key."""

from __future__ import annotations

from codecs import BOM_UTF8

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.errors import ProtocolError

RECORD = b'{"user":{"id":1,"name":"A"}%b}'
ODD = {
    "nothing odd": b"",
    "half a character": b', "note": "\\ud800"',
    "a depth of 3,000": b', "note": %b%b' % (b"[" * 3000, b"]" * 3000),
    "a number of 5,000 digits": b', "note": ' + b"9" * 5000,
}


def users(body: bytes) -> list[object]:
    """The ids of the users in a body."""
    decoder = Decoder(TABLES["pto_assignments"], ["user_id"])
    page = decoder.decode(body, values={"account_id": 1}, where="here")
    assert page.total_entries == 1
    return page.batch["user_id"].to_pylist()


@pytest.mark.parametrize("before", [b"", BOM_UTF8, b"\n "], ids=["no mark", "a mark of bytes", "white space"])
@pytest.mark.parametrize("odd", ODD)
def test_the_one_list_is_found(odd: str, before: bytes) -> None:
    body = b'{"total_entries": 1, "assign\\"\\ud800": [ %b ], "links": {"next": null}}' % (RECORD % ODD[odd])
    assert users(before + body) == [1]


@pytest.mark.parametrize("others", [b'"a": [], "b": [%b]', b'"a": null', b'"pto_assignments": null'])
def test_no_list_or_several_are_refused(others: bytes) -> None:
    body = b'{"total_entries": 1, %b}' % (others.replace(b"%b", RECORD % b""))
    with pytest.raises(ProtocolError, match='the answer has no list "pto_assignments"'):
        users(body)


def test_the_guessed_key_comes_first() -> None:
    assert users(b'{"total_entries": 1, "pto_assignments": [%b], "b": []}' % (RECORD % b"")) == [1]
