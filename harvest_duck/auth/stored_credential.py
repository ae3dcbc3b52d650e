"""The sign-in that a connection may use, out of its store: refreshed when due or refused, and made where that is asked.

What InitiateOAuth allows decides how far it goes::

    REFRESH        the kept sign-in (or tokens of the string, kept from then on), refreshed
    GETANDREFRESH  the same, and a person is asked where nothing usable is kept

One refresh runs at a time among all tasks, threads and processes that share a store. It holds the store's lock, looks
for what another has stored meanwhile, and stores the new refresh token before anything uses the new access token. A
person who is asked holds up nobody else's refresh.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING

from harvest_duck.auth import requests, result_page
from harvest_duck.auth.authority import Authority, Identity
from harvest_duck.auth.consent import consent
from harvest_duck.auth.lock import acquire, locked
from harvest_duck.auth.sign_ins import SignIn, Tokens, find, fits, parse, put, render, renewed
from harvest_duck.auth.store import store_for
from harvest_duck.auth.terminal import Manner
from harvest_duck.connection import InitiateOAuth, Secret
from harvest_duck.errors import CredentialsError, LoginFailed, LoginRequired
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Hashable
    from contextlib import AbstractAsyncContextManager

    from harvest_duck.auth.credential import BoundUser
    from harvest_duck.connection import Connection, OAuth

#: A lock is held for one refresh, which a dead server makes last some time, or while a person is asked.
_LOCK_S = 120.0


class KeptSignIn:
    """The sign-in that a connection may use, out of its store; `now` is the time in Unix seconds."""

    def __init__(
        self, connection: Connection, *, now: Callable[[], float] = time.time, manner: Manner | None = None
    ) -> None:
        self._connection = connection
        self._now = now
        self._manner = manner
        self._wanted = requests.wanted(connection)
        self._store = store_for(connection, self._wanted)
        self._authority = Authority(connection, now=now)
        self._current: SignIn | None = None
        self._turn = asyncio.Lock()
        self._refreshing: asyncio.Task[SignIn] | None = None
        self._refreshes = 0
        _live.add(self)

    @property
    def identity(self) -> Hashable:
        """The store and what is wanted of it, which stay when the token changes."""
        return self._store.where, self._wanted

    async def tokens(self, user: BoundUser) -> AsyncGenerator[Secret]:
        """The access token, refreshed first where it is due; then what another has stored; then one more refresh.

        Raises `LoginRequired` where nobody is signed in and nobody may be asked, the errors of `consent` where somebody
        is, those of the store and of Harvest ID, and `CredentialsError` where the person of `user` is no more the one.
        """
        token = await self._token(None, user)
        yield token
        before = self._refreshes
        token = await self._token(token, user)
        yield token
        if self._refreshes == before:
            yield await self._token(token, user)

    async def sign_in(self) -> Identity:
        """Who signed in just now, whatever was kept; raises as `consent` does."""
        manner = self._manner or Manner.found()
        # Before anybody is asked: what is there must be fit to be added to.
        await self._kept()
        async with self._turn, self._asking(manner):
            return (await self._asked(manner))[1]

    async def sign_out(self, *, everybody: bool) -> tuple[tuple[SignIn, ...], SignIn | None]:
        """The sign-ins that are forgotten now, here and in the store, and the one that is used from now on.

        They are the one that the connection uses, or those of `everybody` for its hosts and application.
        """
        async with self._turn, self._locked():
            kept = await self._kept()
            found = find(kept, self._wanted)
            gone = tuple(each for each in kept if each is found or (everybody and fits(each, self._wanted)))
            left = tuple(each for each in kept if each not in gone)
            if gone:
                await (self._keep(left) if left else loop.apart(self._store.clear))
            _forget(self._store.where)
            return gone, find(left, self._wanted)

    async def close(self) -> None:
        """Close the connections to Harvest ID, once a refresh that is under way has its answer."""
        if self._refreshing is not None:
            await asyncio.wait([self._refreshing])
        await self._authority.close()

    def forget(self, where: str) -> None:
        """Read the store again before the next request, if it is the one at `where`."""
        if self._store.where == where:
            self._current = None

    async def _token(self, refused: Secret | None, user: BoundUser) -> Secret:
        sign_in = await self._sign_in(refused)
        person = (sign_in.user_id, sign_in.seed)
        if user.person is None:
            user.person = person
        elif user.person != person:
            raise CredentialsError("somebody else signed in to Harvest while rows were read: run the query again")
        return sign_in.tokens.access_token

    async def _sign_in(self, refused: Secret | None) -> SignIn:
        """The current sign-in, which is made usable first: its token is not `refused`, and not due."""
        current = self._current
        if current is not None and self._usable(current, refused):
            return current
        async with self._turn:
            if self._current is None or not self._usable(self._current, refused):
                try:
                    self._current = await self._found(refused)
                except LoginRequired as reason:
                    if self._connection.oauth.initiate is not InitiateOAuth.GETANDREFRESH:
                        raise
                    self._current = await self._entered(refused, reason)
                    self._refreshes += 1
            return self._current

    def _usable(self, sign_in: SignIn, refused: Secret | None) -> bool:
        return sign_in.tokens.access_token != refused and sign_in.tokens.fresh(self._now())

    async def _found(self, refused: Secret | None) -> SignIn:
        """The kept sign-in with a usable token, refreshed if need be; `LoginRequired` where only a person can help."""
        found = find(await self._kept(), self._wanted)
        if found is not None and self._usable(found, refused):
            return found
        if found is None and self._wanted.seed is None:
            raise self._nobody()
        await acquire(self._store.lock, where=self._store.where, within_s=_LOCK_S)
        # To its end, whatever becomes of the query: a refresh token that was sent may be good no more.
        self._refreshing = loop.finishing(self._refreshed(refused))
        return await asyncio.shield(self._refreshing)

    async def _refreshed(self, refused: Secret | None) -> SignIn:
        """As `_found`, for the holder of the lock, who gives it back."""
        try:
            kept = await self._kept()
            found = find(kept, self._wanted) or await self._begun()
            if found is None:
                raise self._nobody()
            if not self._usable(found, refused):
                if found.tokens.refresh_token is None:
                    raise LoginRequired(
                        "the access token is expired or refused, and there is no refresh token: "
                        f"run `{self._connection.login_command}`"
                    )
                found = replace(found, tokens=await self._authority.refresh(found.tokens.refresh_token))
                self._refreshes += 1
            if found not in kept:
                await self._keep(renewed(kept, found))
            return found
        finally:
            self._store.lock.unlock()

    async def _begun(self) -> SignIn | None:
        """The sign-in that the connection string brings along: with tokens, or with a code from a browser elsewhere."""
        given = self._connection.oauth
        if given.access_token or given.refresh_token:
            tokens = _given(given)
        elif given.verifier and given.initiate is InitiateOAuth.GETANDREFRESH:
            tokens = await self._authority.exchange(given.verifier, given.pkce_verifier)
        else:
            return None
        return SignIn(self._wanted.audience, self._wanted.client_id, tokens, seed=self._wanted.seed)

    def _nobody(self) -> LoginRequired:
        accounts = _numbers(self._wanted.accounts)
        called = "accounts" if len(self._wanted.accounts) > 1 else "account"
        reaching = f"who reaches {called} {accounts}" if accounts else "for this OAuthClientId"
        advice = f"run `{self._connection.login_command}`"
        return LoginRequired(f"nobody {reaching} is signed in to Harvest, says {self._store.where}: {advice}")

    async def _entered(self, refused: Secret | None, reason: LoginRequired) -> SignIn:
        """The sign-in that another program has stored meanwhile, else that of a person, who is asked now."""
        manner = self._manner or Manner.found()
        if not manner.browser and not manner.terminal:
            raise reason
        async with self._asking(manner):
            found = find(await self._kept(), self._wanted)
            if found is not None and self._usable(found, refused):
                return found
            return (await self._asked(manner))[0]

    def _asking(self, manner: Manner) -> AbstractAsyncContextManager[None]:
        """A context in which nobody else asks a person."""
        told = f"Another program is signing in, says {self._store.where}: waiting for it."
        return locked(
            self._store.asking,
            where=self._store.where,
            within_s=manner.limit_s + _LOCK_S,
            waiting=lambda: manner.tell(told),
        )

    def _locked(self) -> AbstractAsyncContextManager[None]:
        return locked(self._store.lock, where=self._store.where, within_s=_LOCK_S)

    async def _asked(self, manner: Manner) -> tuple[SignIn, Identity]:
        async def complete(code: Secret, pkce_verifier: Secret | None) -> tuple[tuple[SignIn, Identity], str]:
            tokens = await self._authority.exchange(code, pkce_verifier)
            who = await self._authority.identity(tokens.access_token)
            _reaching(who, self._wanted.accounts)
            made = SignIn(
                self._wanted.audience,
                self._wanted.client_id,
                tokens,
                seed=self._wanted.seed,
                user_id=who.user_id,
                user=who.name,
                accounts=tuple(account.id for account in who.harvest_accounts),
            )
            await asyncio.shield(loop.finishing(self._added(made)))
            return (made, who), result_page.success(who.name, _listed(who))

        return await consent(self._connection, manner, complete)

    async def _added(self, made: SignIn) -> None:
        async with self._locked():
            await self._keep(put(await self._kept(), made))
        _forget(self._store.where)
        self._current = made

    async def _kept(self) -> tuple[SignIn, ...]:
        # Beside the loop, as a keyring may wait for a person to unlock it.
        return parse(await loop.apart(self._store.read), where=self._store.where)

    async def _keep(self, sign_ins: tuple[SignIn, ...]) -> None:
        await loop.apart(lambda: self._store.write(render(sign_ins)))


_live: weakref.WeakSet[KeptSignIn] = weakref.WeakSet()


def _forget(where: str) -> None:
    """Let every credential of the process that uses the store at `where` read it again."""
    for each in list(_live):
        each.forget(where)


def _given(oauth_given: OAuth) -> Tokens:
    """The tokens of a connection string; a refresh token alone counts as expired."""
    if oauth_given.access_token is None:
        return Tokens(Secret(""), oauth_given.refresh_token, issued_at=0, expires_at=0)
    made_ms, lifetime_s = oauth_given.token_timestamp_ms, oauth_given.expires_in_s
    if made_ms is None or lifetime_s is None:
        # Without both there is no telling; Harvest will answer 401 when it is time.
        return Tokens(oauth_given.access_token, oauth_given.refresh_token)
    made = made_ms / 1000
    return Tokens(oauth_given.access_token, oauth_given.refresh_token, issued_at=made, expires_at=made + lifetime_s)


def _reaching(who: Identity, accounts: frozenset[int]) -> None:
    """Nothing where the token reaches all the accounts; `LoginFailed`, which names the others, otherwise."""
    missing = accounts - {account.id for account in who.harvest_accounts}
    if missing:
        raise LoginFailed(
            f"{who.name} signed in, who reaches {_listed(who)} and not {_numbers(missing)}: "
            "sign in to Harvest as somebody else, or set another AccountId"
        )


def _listed(who: Identity) -> str:
    return _joined([f"{account.name} ({account.id})" for account in who.harvest_accounts]) or "no Harvest account"


def _numbers(accounts: frozenset[int]) -> str:
    return _joined([str(number) for number in sorted(accounts)])


def _joined(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
