"""Signing in and out, and asking who a connection is: `login`, `logout`, `prepare`, `whoami` and `accounts`.

The command line and Python programs call it; each call waits for its end.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from harvest_duck.auth import BoundUser, credential_for
from harvest_duck.auth.reach import identity
from harvest_duck.auth.stored_credential import KeptSignIn
from harvest_duck.auth.terminal import LIMIT_S, Manner, browser_there, tell, terminal_there
from harvest_duck.connection import PROPERTIES, AuthScheme, Connection, InitiateOAuth
from harvest_duck.connection.builtin import resolved
from harvest_duck.connection.parsing import account_numbers
from harvest_duck.errors import ConnectionStringError
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harvest_duck.auth.authority import Account, Identity
    from harvest_duck.auth.sign_ins import SignIn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Logout:
    """The names of those who are signed out, none where nobody was signed in, and of the one who is asked for now."""

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
    """Who signed in to Harvest in the browser just now; the tokens are kept for the queries to come.

    `connection` names the OAuth application: OAuthClientId, OAuthClientSecret and CallbackURL. `account` stands for its
    AccountId: the person has to reach every account that it names. `browser` False prints the address instead and takes
    what is pasted; None opens one where there is one. Raises `LoginFailed` where nobody agrees within `limit_s`
    seconds, the consent is denied or the redirect is not the right one, and `CredentialsError` where the application or
    the store will not do.
    """
    settings = _signing_in(resolved(connection, signing_in=True), account)
    terminal = terminal_there() or browser is False
    browser = browser_there() if browser is None else browser
    manner = Manner(browser=browser, terminal=terminal, limit_s=limit_s, tell=tell)
    return loop.run(_with(lambda: KeptSignIn(settings, manner=manner), KeptSignIn.sign_in))


def logout(connection: str = "", *, account: int | str | None = None, everybody: bool = False) -> Logout:
    """Who is signed out now: the person whose sign-in `connection` uses, or `everybody` for its OAuth application.

    Harvest goes on honouring the tokens until they expire, as its API has no way to revoke them: a person can withdraw
    the application at id.getharvest.com.
    """
    settings = _signing_in(resolved(connection, signing_in=True), account)
    gone, left = loop.run(_with(lambda: KeptSignIn(settings), lambda kept: kept.sign_out(everybody=everybody)))
    return Logout(tuple(map(_called, gone)), None if left is None else _called(left))


def whoami(connection: str = "") -> Identity:
    """Whose token `connection` sends, as Harvest ID tells, with the accounts that it reaches."""
    settings = resolved(connection)
    return loop.run(_identity(settings))


def accounts(connection: str = "") -> tuple[Account, ...]:
    """The accounts of Harvest and Forecast that the token of `connection` reaches, in Harvest's order."""
    return whoami(connection).accounts


def prepare(connection: str = "") -> None:
    """Nothing, once a token is there for `connection`; a person is asked now where InitiateOAuth says so.

    For programs that want the sign-in before the query, in a thread that hears Ctrl-C. Raises as a query would.
    """
    settings = resolved(connection)
    if settings.stores_tokens:
        loop.run(_token(settings))


def _signing_in(settings: Connection, account: int | str | None) -> Connection:
    """The connection as one that keeps sign-ins, whatever it says of its own accord."""
    initiate = settings.oauth.initiate
    kept = InitiateOAuth.GETANDREFRESH if initiate is InitiateOAuth.OFF else initiate
    return replace(
        settings,
        auth_scheme=AuthScheme.OAUTH,
        oauth=replace(settings.oauth, initiate=kept),
        account_id=settings.account_id if account is None else _accounts(account),
    )


def _accounts(account: int | str) -> str:
    numbers = account_numbers(str(account))
    if numbers is None:
        raise ConnectionStringError(f"AccountId has to be {PROPERTIES['AccountId'].expected}")
    return numbers


def _called(sign_in: SignIn) -> str:
    return sign_in.user or "somebody whose tokens came with a connection string"


async def _with(make: Callable[[], KeptSignIn], ask: Callable[[KeptSignIn], Awaitable[T]]) -> T:
    """What `ask` makes of a sign-in that is let go afterwards."""
    kept = make()
    try:
        return await ask(kept)
    finally:
        await kept.close()


async def _token(settings: Connection) -> None:
    credential = credential_for(settings)
    try:
        async with aclosing(credential.tokens(BoundUser())) as tokens:
            await anext(tokens)
    finally:
        await credential.close()


async def _identity(settings: Connection) -> Identity:
    credential = credential_for(settings)
    try:
        return await identity(settings, credential, BoundUser())
    finally:
        await credential.close()
