"""Who may ask the server by HTTP."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.servers.mcp.http_access import HttpAccess, kept_token

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "t0ken-that-nobody-may-see"
HOST = ("host", "127.0.0.1:8183")
BEARER = ("authorization", f"Bearer {TOKEN}")


async def nobody(*_: Any) -> None:
    """The application behind it, which these tests do not reach."""


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([HOST, BEARER], None),
        ([("Host", "LOCALHOST:8183"), ("Authorization", f"bearer {TOKEN}")], None),
        ([("host", "[::1]:8183"), BEARER, ("origin", "http://localhost:8183")], None),
        ([HOST], 401),
        ([HOST, ("authorization", "Bearer wrong")], 401),
        ([HOST, ("authorization", TOKEN)], 401),
        ([HOST, ("authorization", f"Basic {TOKEN}")], 401),
        ([HOST, BEARER, BEARER], 401),
        ([HOST, ("authorization", "Bearer ä")], 401),
        ([BEARER], 421),
        ([("host", "evil.example:8183"), BEARER], 421),
        ([("host", "127.0.0.1:8184"), BEARER], 421),
        ([("host", "127.0.0.1.evil.example:8183"), BEARER], 421),
        ([HOST, ("host", "evil.example"), BEARER], 421),
        ([HOST, BEARER, ("origin", "https://evil.example")], 403),
        ([HOST, BEARER, ("origin", "null")], 403),
        ([HOST, BEARER, ("origin", "http://127.0.0.1:9")], 403),
        ([HOST, BEARER, ("origin", "http://127.0.0.1:8183"), ("origin", "https://evil.example")], 403),
    ],
)
def test_who_may_ask(headers: list[tuple[str, str]], status: int | None) -> None:
    access = HttpAccess(nobody, 8183, TOKEN)
    refused = access.refusal([(name.encode(), value.encode("latin-1")) for name, value in headers])
    assert (None if refused is None else refused[0]) == status
    assert TOKEN not in repr(access)
    assert TOKEN not in str(refused)


def test_the_token_of_a_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = kept_token(file)
    assert kept_token(file) == token
    assert len(token) > 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept_token(None) != kept_token(None)


@pytest.mark.parametrize("content", ["", "short", "two words of them are here", "ä" * 30])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(QueryError, match="it has to hold a token of at least 20 characters"):
        kept_token(file)
