"""The stored sign-in of a connection: read from its store, refreshed when due or refused, and made by a person.

InitiateOAuth decides how far it goes::

    REFRESH        the stored sign-in, or the tokens of the connection string, stored from then on; refreshed
    GETANDREFRESH  the same, and a person is asked to sign in if nothing usable is stored

One refresh runs at a time among all tasks, threads and processes that share a store. It holds the store's lock, reads
what another may have stored meanwhile, and stores the new refresh token before anything uses the new access token. A
refresh never waits for a person who is signing in.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harvest_duck.auth import requests, result_page
from harvest_duck.auth.authority import Authority, Identity
from harvest_duck.auth.consent import consent
from harvest_duck.auth.lock import acquire, locked
from harvest_duck.auth.sign_ins import SignIn, Tokens, find, fits, parse, put, render, renewed
from harvest_duck.auth.store import store_for
from harvest_duck.auth.terminal import Interaction
from harvest_duck.connection import InitiateOAuth, Secret
from harvest_duck.errors import CredentialsError, LoginFailed, LoginRequired
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Hashable
    from contextlib import AbstractAsyncContextManager

    from harvest_duck.auth.credential import BoundUser
    from harvest_duck.connection import Connection, OAuth

#: The most further tokens of a request: one that another process stored, and two that were refreshed.
_MORE_TOKENS = 3
#: Seconds to wait for a lock: it is held for one refresh, which takes long if the server is down.
_LOCK_S = 120.0


class StoredCredential:
    """The credential of a connection with a stored sign-in; `now` is the time in Unix seconds."""

    def __init__(
        self, connection: Connection, *, now: Callable[[], float] = time.time, interaction: Interaction | None = None
    ) -> None:
        self._connection = connection
        self._now = now
        self._interaction = interaction
        self._wanted = requests.wanted(connection)
        self._store = store_for(connection, self._wanted)
        self._authority = Authority(connection, now=now)
        self._current: SignIn | None = None
        self._turn = asyncio.Lock()
        self._refreshing: asyncio.Task[SignIn] | None = None
        self._refreshes = 0
        # The latest ones, in the order in which Harvest took them first.
        self._accepted: deque[Secret] = deque(maxlen=_MORE_TOKENS)
        _live.add(self)

    @property
    def identity(self) -> Hashable:
        """The store and the sign-in wanted from it, which stay the same when the token changes."""
        return self._store.where, self._wanted

    async def tokens(self, user: BoundUser) -> AsyncGenerator[Secret]:
        """Yield the access token, refreshed if it is due; then one that another process stored; then a refreshed one.

        A new token that is refused ends it, unless Harvest has `accepted` it: then it was good and has expired since,
        and one more follows. Raises `LoginRequired` if nobody is signed in and nobody may be asked, the errors of
        `consent` if a person is asked, the errors of the store and of Harvest ID, and `CredentialsError` if the person
        is not `user` any more.
        """
        token = await self._token(None, user)
        yield token
        for _ in range(_MORE_TOKENS):
            before = self._refreshes
            token = await self._token(token, user)
            yield token
            if self._refreshes != before and token not in self._accepted:
                return

    def accepted(self, token: Secret) -> None:
        """Note that Harvest took a token."""
        if token not in self._accepted:
            self._accepted.append(token)

    async def sign_in(self) -> Identity:
        """Ask a person to sign in, whatever is stored, and return who did; raises as `consent` does."""
        interaction = self._interaction or Interaction.found()
        # Raises before a person is asked if the store holds something else.
        await self._read()
        async with self._turn, self._asking(interaction):
            return (await self._consented(interaction))[1]

    async def sign_out(self, *, everybody: bool) -> tuple[tuple[SignIn, ...], SignIn | None]:
        """Remove sign-ins from the store; returns them, and the sign-in that is used from now on.

        They are the one that the connection uses, or those of `everybody` for its hosts and application.
        """
        async with self._turn, self._locked():
            stored = await self._read()
            found = find(stored, self._wanted)
            gone = tuple(each for each in stored if each is found or (everybody and fits(each, self._wanted)))
            left = tuple(each for each in stored if each not in gone)
            if gone:
                await (self._write(left) if left else loop.apart(self._store.clear))
            _forget(self._store.where)
            return gone, find(left, self._wanted)

    async def aclose(self) -> None:
        """Close the connections to Harvest ID, after a refresh that is under way."""
        if self._refreshing is not None:
            await asyncio.wait([self._refreshing])
        await self._authority.aclose()

    def forget(self, where: str) -> None:
        """Read the store again before the next request, if it is at `where`."""
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
        """Return the sign-in, made usable first: its token is not `refused`, and not due for a refresh."""
        current = self._current
        if current is not None and self._usable(current, refused):
            return current
        async with self._turn:
            if self._current is None or not self._usable(self._current, refused):
                try:
                    self._current = await self._stored(refused)
                except LoginRequired as reason:
                    if self._connection.oauth.initiate is not InitiateOAuth.GETANDREFRESH:
                        raise
                    self._current = await self._asked(refused, reason)
                    self._refreshes += 1
            return self._current

    def _usable(self, sign_in: SignIn, refused: Secret | None) -> bool:
        return sign_in.tokens.access_token != refused and sign_in.tokens.fresh(self._now())

    async def _stored(self, refused: Secret | None) -> SignIn:
        """Return the stored sign-in, refreshed if need be; raises `LoginRequired` if only a person can help."""
        found = find(await self._read(), self._wanted)
        if found is not None and self._usable(found, refused):
            return found
        if found is None and self._wanted.seed is None:
            raise self._nobody()
        await acquire(self._store.lock, where=self._store.where, within_s=_LOCK_S)
        # Runs to its end even if the query is cancelled: Harvest may accept a refresh token only once.
        self._refreshing = loop.finishing(self._refreshed(refused))
        return await asyncio.shield(self._refreshing)

    async def _refreshed(self, refused: Secret | None) -> SignIn:
        """As `_stored`, called with the lock, which it gives back."""
        try:
            stored = await self._read()
            found = find(stored, self._wanted) or await self._begun()
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
            if found not in stored:
                await self._write(renewed(stored, found))
            return found
        finally:
            self._store.lock.unlock()

    async def _begun(self) -> SignIn | None:
        """Return the sign-in that the connection string holds, as tokens or as a code, None if it holds none."""
        given = self._connection.oauth
        if given.access_token or given.refresh_token:
            tokens = _given(given)
        elif given.verifier and given.initiate is InitiateOAuth.GETANDREFRESH:
            tokens = await self._authority.exchange(given.verifier, given.pkce_verifier)
        else:
            return None
        return self._made(tokens)

    def _made(self, tokens: Tokens) -> SignIn:
        return SignIn(self._wanted.audience, self._wanted.client_id, tokens, seed=self._wanted.seed)

    def _nobody(self) -> LoginRequired:
        accounts = _numbers(self._wanted.accounts)
        called = "accounts" if len(self._wanted.accounts) > 1 else "account"
        reaching = f"who reaches {called} {accounts}" if accounts else "for this OAuthClientId"
        advice = f"run `{self._connection.login_command}`"
        return LoginRequired(f"nobody {reaching} is signed in to Harvest, says {self._store.where}: {advice}")

    async def _asked(self, refused: Secret | None, reason: LoginRequired) -> SignIn:
        """Ask a person to sign in, unless another program stored a sign-in meanwhile; returns the sign-in."""
        interaction = self._interaction or Interaction.found()
        if not interaction.browser and not interaction.terminal:
            raise reason
        async with self._asking(interaction):
            found = find(await self._read(), self._wanted)
            if found is not None and self._usable(found, refused):
                return found
            return (await self._consented(interaction))[0]

    def _asking(self, interaction: Interaction) -> AbstractAsyncContextManager[None]:
        """A context in which no other program asks a person."""
        notice = f"Another program is signing in, says {self._store.where}: waiting for it."
        return locked(
            self._store.asking,
            where=self._store.where,
            within_s=interaction.limit_s + _LOCK_S,
            waiting=lambda: interaction.tell(notice),
        )

    def _locked(self) -> AbstractAsyncContextManager[None]:
        return locked(self._store.lock, where=self._store.where, within_s=_LOCK_S)

    async def _consented(self, interaction: Interaction) -> tuple[SignIn, Identity]:
        async def complete(code: Secret, pkce_verifier: Secret | None) -> tuple[tuple[SignIn, Identity], str]:
            tokens = await self._authority.exchange(code, pkce_verifier)
            who = await self._authority.identity(tokens.access_token)
            _require_accounts(who, self._wanted.accounts)
            made = replace(
                self._made(tokens),
                user_id=who.user_id,
                user=who.name,
                accounts=tuple(account.id for account in who.harvest_accounts),
            )
            await asyncio.shield(loop.finishing(self._added(made)))
            return (made, who), result_page.success(who.name, _listed(who))

        return await consent(self._connection, interaction, complete)

    async def _added(self, made: SignIn) -> None:
        async with self._locked():
            await self._write(put(await self._read(), made))
        _forget(self._store.where)
        self._current = made

    async def _read(self) -> tuple[SignIn, ...]:
        # In another thread, because a keyring may wait for a person to unlock it.
        return parse(await loop.apart(self._store.read), where=self._store.where)

    async def _write(self, sign_ins: tuple[SignIn, ...]) -> None:
        await loop.apart(lambda: self._store.write(render(sign_ins)))


_live: weakref.WeakSet[StoredCredential] = weakref.WeakSet()


@dataclass
class _SignIns:
    """How often somebody signed in or out in this process."""

    changes: int = 0


_sign_ins = _SignIns()


def sign_in_changes() -> int:
    """Return how often somebody signed in or out in this process: earlier answers may be those of another person."""
    return _sign_ins.changes


def _forget(where: str) -> None:
    """Have every credential of the process that uses the store at `where` read it again."""
    _sign_ins.changes += 1
    for each in list(_live):
        each.forget(where)


def _given(oauth_given: OAuth) -> Tokens:
    """Return the tokens of a connection string; a refresh token without an access token counts as expired."""
    if oauth_given.access_token is None:
        return Tokens(Secret(""), oauth_given.refresh_token, issued_at=0, expires_at=0)
    made_ms, lifetime_s = oauth_given.token_timestamp_ms, oauth_given.expires_in_s
    if made_ms is None or lifetime_s is None:
        # Without both the expiry is unknown; Harvest will answer 401.
        return Tokens(oauth_given.access_token, oauth_given.refresh_token)
    made = made_ms / 1000
    return Tokens(oauth_given.access_token, oauth_given.refresh_token, issued_at=made, expires_at=made + lifetime_s)


def _require_accounts(who: Identity, accounts: frozenset[int]) -> None:
    """Raise `LoginFailed` if the token does not reach all of `accounts`."""
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
