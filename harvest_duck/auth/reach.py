"""Whose token a connection sends, and which accounts it reaches: asked of Harvest ID with a credential's tokens."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from harvest_duck.errors import CredentialsError, Unauthorized

if TYPE_CHECKING:
    from harvest_duck.auth.authority import Account, Identity
    from harvest_duck.auth.credential import BoundUser, Credential
    from harvest_duck.connection import Connection
    from harvest_duck.http.request_log import LoggedRequest


async def identity(
    connection: Connection, credential: Credential, user: BoundUser, entry: LoggedRequest | None = None
) -> Identity:
    """Whose token the connection sends, with the accounts that it reaches; asked with the next token after a 401.

    `entry` records the request. Raises the errors of `Credential.tokens` and of `Authority.identity`.
    """
    # Imported here, as for a token that is given: it needs nothing of OAuth where the accounts are given too.
    from harvest_duck.auth.authority import Authority  # noqa: PLC0415

    authority = Authority(connection)
    try:
        async with aclosing(credential.tokens(user)) as tokens:
            async for token in tokens:
                try:
                    return await authority.identity(token, entry)
                except Unauthorized as error:
                    refused = error
        raise refused
    finally:
        await authority.close()


async def reached(
    connection: Connection, credential: Credential, user: BoundUser, entry: LoggedRequest | None = None
) -> tuple[Account, ...]:
    """The accounts of Harvest, not of Forecast, that the connection's token reaches, in Harvest's order, each once.

    Raises `CredentialsError` where there is none, and as `identity` does.
    """
    who = await identity(connection, credential, user, entry)
    # By their ids, as rows of an account that is listed twice would be read twice.
    accounts = {account.id: account for account in who.harvest_accounts}
    if not accounts:
        raise CredentialsError(
            f"the token of {who.name} reaches no Harvest account: use one of somebody who has an account"
        )
    return tuple(accounts.values())
