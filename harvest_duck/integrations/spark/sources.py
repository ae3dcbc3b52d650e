"""The accounts that the connections of a data source reach, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.auth.sessions import accounts
from harvest_duck.catalog.model import Host
from harvest_duck.connection import resolve
from harvest_duck.errors import CredentialsError, QueryError
from harvest_duck.integrations.spark.plan import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.catalog.model import Table
    from harvest_duck.connection import Connection


def sources(connections: Sequence[str], table: Table) -> list[Source]:
    """Return the accounts that connection strings reach, in their order.

    Only for `AccountId=*` is a request sent, to Harvest ID. Raises the errors of the connection strings, and
    `QueryError` where MaxRows would leave out rows of each partition.
    """
    return [source for connection in connections for source in _sources(connection, table)]


def _sources(connection: str, table: Table) -> list[Source]:
    settings = resolve(connection)
    settings.require_credentials()
    if settings.max_rows is not None:
        raise QueryError(
            f"MaxRows is {settings.max_rows}, and would be counted in each partition: add MaxRows=-1 to the connection "
            "string, and take .limit() of the DataFrame"
        )
    return [
        Source(connection, number, _sender(settings), settings.rate_limit, settings.reports_rate_limit)
        for number in _numbers(connection, settings, table)
    ]


def _numbers(connection: str, settings: Connection, table: Table) -> Sequence[int | None]:
    """The accounts of a connection, None for one that need not be named."""
    if table.host is Host.ID:
        # Harvest ID lists the accounts of a token at once.
        return [None]
    numbers = settings.require_accounts()
    if numbers is not None:
        return numbers
    if settings.account_id is None:
        return [None]
    found = [account.id for account in accounts(connection) if account.product == "harvest"]
    if not found:
        raise CredentialsError("AccountId is *, and the token reaches no account of Harvest: take another token")
    return found


def _sender(settings: Connection) -> tuple[object, ...]:
    """What Harvest counts requests by: the token, or the sign-in that gives it."""
    return settings.base_url, settings.token or settings.oauth
