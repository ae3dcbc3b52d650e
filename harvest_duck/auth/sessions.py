"""Sign in and out, and find out whose token a connection sends: `login`, `logout`, `whoami`, `accounts`, `prepare`.

The command line and Python programs call these functions. Each blocks until it is done.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from harvest_duck.auth import BoundUser, credential_for
from harvest_duck.auth.terminal import LIMIT_S, Interaction, browser_there, tell, terminal_there
from harvest_duck.connection import PROPERTIES, AuthScheme, Connection, InitiateOAuth, account_numbers, resolve
from harvest_duck.errors import ConnectionStringError
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harvest_duck.auth.authority import Account, Identity
    from harvest_duck.auth.sign_ins import SignIn
    from harvest_duck.auth.stored_credential import StoredCredential

T = TypeVar("T")

# Modules that need HTTP are imported by what sends a request: HTTP takes longer to load than all else.


@dataclass(frozen=True, slots=True)
class Logout:
    """The names of the people who are signed out, and of the one whose sign-in is used from now on, if any."""

    signed_out: tuple[str, ...]
    still_signed_in: str | None


def login(
    connection: str = "",
    *,
    account: int | str | None = None,
    browser: bool | None = None,
    limit_s: float = LIMIT_S,
    tell: Callable[[str], None] = tell,
) -> Identity:
    """Let a person sign in to Harvest in the browser, store the tokens for later queries, and return who signed in.

    `connection` names the OAuth application: OAuthClientId, OAuthClientSecret and CallbackURL. `account` replaces its
    AccountId: the person has to reach every account that it names. If `browser` is False, the address is printed and
    the person pastes the redirect; None opens a browser if there is one. Raises `LoginFailed` if nobody agrees within
    `limit_s` seconds, the consent is denied or the redirect belongs to another sign-in, and `CredentialsError` if the
    application or the store cannot be used.
    """
    from harvest_duck.auth.stored_credential import StoredCredential  # noqa: PLC0415 - as above

    settings = _signing_in(resolve(connection, signing_in=True), account)
    terminal = terminal_there() or browser is False
    browser = browser_there() if browser is None else browser
    interaction = Interaction(browser=browser, terminal=terminal, limit_s=limit_s, tell=tell)
    return loop.run(_with(lambda: StoredCredential(settings, interaction=interaction), StoredCredential.sign_in))


def logout(connection: str = "", *, account: int | str | None = None, everybody: bool = False) -> Logout:
    """Remove the stored sign-in that `connection` uses, or those of `everybody` for its OAuth application.

    Returns who was signed out. Harvest accepts the tokens until they expire, because its API cannot revoke them; a
    person can withdraw the application at id.getharvest.com.
    """
    from harvest_duck.auth.stored_credential import StoredCredential  # noqa: PLC0415 - as above

    settings = _signing_in(resolve(connection, signing_in=True), account)
    gone, left = loop.run(
        _with(lambda: StoredCredential(settings), lambda stored: stored.sign_out(everybody=everybody))
    )
    return Logout(tuple(map(_called, gone)), None if left is None else _called(left))


def whoami(connection: str = "") -> Identity:
    """Return the person whose token `connection` sends, from Harvest ID, with the accounts that it reaches."""
    settings = resolve(connection)
    return loop.run(_identity(settings))


def accounts(connection: str = "") -> tuple[Account, ...]:
    """Return the accounts of Harvest and Forecast that the token of `connection` reaches, in Harvest's order."""
    return whoami(connection).accounts


def prepare(connection: str = "") -> None:
    """Get a token for `connection` now, asking a person to sign in if InitiateOAuth allows it.

    For programs that want the sign-in before the query, in a thread that Ctrl-C ends. Nothing is done for a connection
    that is offline. Raises as a query would.
    """
    settings = resolve(connection)
    if settings.stores_tokens and not settings.offline:
        loop.run(_token(settings))


def _signing_in(settings: Connection, account: int | str | None) -> Connection:
    """Return the connection as one that stores sign-ins, whatever its AuthScheme and InitiateOAuth say."""
    initiate = settings.oauth.initiate
    storing = InitiateOAuth.GETANDREFRESH if initiate is InitiateOAuth.OFF else initiate
    return replace(
        settings,
        auth_scheme=AuthScheme.OAUTH,
        oauth=replace(settings.oauth, initiate=storing),
        account_id=settings.account_id if account is None else _accounts(account),
    )


def _accounts(account: int | str) -> str:
    numbers = account_numbers(str(account))
    if numbers is None:
        raise ConnectionStringError(f"AccountId has to be {PROPERTIES['AccountId'].expected}")
    return numbers


def _called(sign_in: SignIn) -> str:
    return sign_in.user or "somebody whose tokens came with a connection string"


async def _with(make: Callable[[], StoredCredential], ask: Callable[[StoredCredential], Awaitable[T]]) -> T:
    """Return what `ask` returns for a credential, which is closed afterwards."""
    async with aclosing(make()) as credential:
        return await ask(credential)


async def _token(settings: Connection) -> None:
    async with aclosing(credential_for(settings)) as credential, aclosing(credential.tokens(BoundUser())) as tokens:
        await anext(tokens)


async def _identity(settings: Connection) -> Identity:
    from harvest_duck.auth.authority import identity  # noqa: PLC0415 - as above

    async with aclosing(credential_for(settings)) as credential:
        return await identity(settings, credential, BoundUser())
