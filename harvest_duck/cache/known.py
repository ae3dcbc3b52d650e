"""What is known of a connection for ten minutes, such as the role of its user: asked once, by the thread that is first.

It tells what a token may read, and is no row of a table: queries that read tables ask Harvest as ever.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from harvest_duck.auth import BoundUser
from harvest_duck.cache.moment import Moment, now
from harvest_duck.runtime import loop
from harvest_duck.runtime.blocking_reader import pulled
from harvest_duck.scanner.client_pool import client_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Hashable

    from harvest_duck.connection import Connection
    from harvest_duck.runtime.blocking_reader import Readers

T = TypeVar("T")

#: The time for which a fact is kept.
KEPT_S = 600.0
#: The most facts that are kept: a few for each of some dozen connections.
_MOST = 256


@dataclass(eq=False, slots=True)
class _Fact:
    """Something that is known, or that a thread asks for; its future tells a fact, or None where it was not found."""

    began: Moment
    found: Future[tuple[Any] | None] = field(default_factory=Future)


class KnownFacts:
    """The facts of this process, by connection and by what they are about; the oldest are dropped first."""

    def __init__(self) -> None:
        self.facts: dict[tuple[Connection, Hashable, Hashable], _Fact] = {}

    def young(self, key: tuple[Connection, Hashable, Hashable]) -> _Fact | None:
        """Return the fact of that key; all that are too old are dropped."""
        at = now()
        for each, fact in [*self.facts.items()]:
            if fact.began.age_s(at) >= KEPT_S:
                self.drop(each, fact)
        return self.facts.get(key)

    def begin(self, key: tuple[Connection, Hashable, Hashable]) -> tuple[_Fact, bool]:
        """Return the fact of a key, and whether the caller is to find it."""
        mine = _Fact(now())
        # One step for other threads.
        fact = self.facts.setdefault(key, mine)
        for oldest in [*self.facts][: max(0, len(self.facts) - _MOST)]:
            self.facts.pop(oldest, None)
        return fact, fact is mine

    def drop(self, key: tuple[Connection, Hashable, Hashable], fact: _Fact) -> None:
        """Drop a fact, unless another has taken its place."""
        if self.facts.get(key) is fact:
            self.facts.pop(key, None)

    def forget(self, identity: Connection | None) -> None:
        """Forget what is known of a connection, or of all."""
        self.facts = {key: fact for key, fact in self.facts.items() if identity not in (None, key[0])}


def known(settings: Connection, what: Hashable, ask: Callable[[], T], readers: Readers) -> T:
    """Return what `ask` returns, or what it returned to another query within the last ten minutes.

    `what` names the fact. `readers` can end the wait for another thread that asks. Raises what `ask` raises, which
    nothing is known of afterwards.
    """
    facts, key = _facts(), _key(settings, what)
    while True:
        facts.young(key)
        fact, mine = facts.begin(key)
        if mine:
            return _found(facts, key, fact, ask)
        told: tuple[T] | None = next(pulled(partial(_awaited, fact), readers))[0]
        if told is not None:
            return told[0]


def already_known(settings: Connection, what: Hashable) -> Any:  # noqa: ANN401 - a fact of any kind
    """Return what is known by now, without asking; None where nothing is."""
    fact = _facts().young(_key(settings, what))
    told = fact.found.result() if fact is not None and fact.found.done() else None
    return None if told is None else told[0]


def keep(settings: Connection, what: Hashable, value: object) -> None:
    """Keep a fact that was found otherwise, unless one is known."""
    fact, mine = _facts().begin(_key(settings, what))
    if mine:
        fact.found.set_result((value,))


def forget(identity: Connection | None = None) -> None:
    """Forget what is known of a connection, given without what leaves its rows as they are, or of all."""
    _facts().forget(identity)


def _facts() -> KnownFacts:
    return loop.own("known facts", KnownFacts)


def _key(settings: Connection, what: Hashable) -> tuple[Connection, Hashable, Hashable]:
    """Return the key of a fact: another one where another person has signed in since, or a copy answers."""
    person = loop.run(_person(settings)) if settings.stores_tokens and not settings.offline else None
    copy = settings.cache if settings.offline else None
    return settings.identity, (person, copy), what


async def _person(settings: Connection) -> Hashable:
    user = BoundUser()
    async with client_for(settings) as client:
        await client.bind(user)
    return user.person


def _found(facts: KnownFacts, key: tuple[Connection, Hashable, Hashable], fact: _Fact, ask: Callable[[], T]) -> T:
    try:
        value = ask()
    except BaseException:
        facts.drop(key, fact)
        fact.found.set_result(None)
        raise
    fact.found.set_result((value,))
    return value


async def _awaited(fact: _Fact) -> AsyncGenerator[tuple[tuple[Any] | None]]:
    # Shielded, since the one who asks needs the future when this wait was ended.
    yield (await asyncio.shield(asyncio.wrap_future(fact.found)),)
