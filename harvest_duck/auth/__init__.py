"""Which token a request carries, and the sign-in that the token comes from.

::

    scanner ─ credential ─ stored_credential ─┬─ store, lock      keyring, file or memory; one lock for all who share it
                                              ├─ sign_ins         the stored document, as values
                                              ├─ authority ─ requests, responses      Harvest ID over HTTP
                                              └─ consent ─ redirect_server, terminal, result_page      a person agrees

`credential_for` is the way in; `authority.reached` says which accounts `AccountId=*` stands for. This file stays free
of aiohttp and authlib, which are loaded where they are needed.
Source: https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.auth.credential import BoundUser, Credential, GivenToken

if TYPE_CHECKING:
    from harvest_duck.connection import Connection

__all__ = ["BoundUser", "Credential", "GivenToken", "credential_for"]


def credential_for(connection: Connection) -> Credential:
    """Return the credential of `connection`; raises as `Connection.require_credentials` does where it has none."""
    connection.require_credentials()
    if not connection.stores_tokens:
        return GivenToken(connection.require_token())
    # Imported here, because a given token needs no OAuth: 60 ms of imports (authlib 1.9, 2026-11).
    from harvest_duck.auth.stored_credential import StoredCredential  # noqa: PLC0415

    return StoredCredential(connection)
