"""The URL of an engine as a connection string.

`harvest://DSN` names a connection, `harvest://ACCOUNT:TOKEN@` has the account and the token, and the query has further
properties: `harvest://acme?Timeout=20`. SQLAlchemy hides the password of a URL wherever it shows one, and shows its
query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from harvest_duck.connection import Kind, render
from harvest_duck.connection.properties import find
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHERE = "the URL harvest://"


class Url(Protocol):
    """What is read of a URL of SQLAlchemy."""

    username: str | None
    password: str | None
    host: str | None
    port: int | None
    database: str | None
    query: Mapping[str, str | tuple[str, ...]]


def connection_string(url: Url) -> str:
    """Return the connection string that a URL stands for; the shortest URL stands for that of the environment.

    Raises `ConnectionStringError` for a part that means nothing, a property that is unknown or given twice, and a
    secret in the query.
    """
    if url.port is not None or url.database:
        raise ConnectionStringError(
            f"{_WHERE} has no port and no path: write harvest://DSN, and further properties as in ?Timeout=20"
        )
    pairs: dict[str, str] = {}
    for name, value in (*_authority(url), *_query(url)):
        if name in pairs:
            raise ConnectionStringError(f"{_WHERE}: {name} is given twice")
        pairs[name] = value
    return render(pairs)


def _authority(url: Url) -> Iterator[tuple[str, str]]:
    # SQLAlchemy has undone the percent-escapes of the user and the password, and those of the host not.
    parts = {"DSN": unquote(url.host or ""), "AccountId": url.username, "APIKey": url.password}
    for name, value in parts.items():
        if value:
            yield name, str(value)


def _query(url: Url) -> Iterator[tuple[str, str]]:
    for name, value in url.query.items():
        entry = find(name, where=_WHERE)
        if not isinstance(value, str):
            raise ConnectionStringError(f"{_WHERE}: {entry.name} is given twice")
        if entry.secret or entry.kind is Kind.SETTINGS:
            raise ConnectionStringError(
                f"{_WHERE}: {entry.name} in the query would be shown by SQLAlchemy: write a token as in "
                "harvest://123456:TOKEN@, and keep other secrets in connections.toml"
            )
        yield entry.name, value
