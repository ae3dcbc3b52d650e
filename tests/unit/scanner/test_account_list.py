"""The accounts of a token: asked for once a minute, by one of several scans, and of one person."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from support.clocks import Clock

from harvest_duck.auth import BoundUser
from harvest_duck.connection import Secret, resolve
from harvest_duck.scanner.account_list import AGE_S, AccountList
from harvest_duck.scanner.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping


class Asked:
    """Harvest ID, which lists one account, another one each time."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> Mapping[int | None, str]:
        """List the next account."""
        self.times += 1
        await asyncio.sleep(0)
        return {self.times: "Acme"}


async def listed(accounts: AccountList, ask: Asked, person: str = "ann") -> list[int | None]:
    return list(await accounts.get(person, ask))


def test_a_list_serves_until_it_is_too_old() -> None:
    clock, ask = Clock(), Asked()

    async def found() -> list[list[int | None]]:
        accounts = AccountList(clock)
        answers = [await listed(accounts, ask)]
        for seconds in (AGE_S - 1, 1, AGE_S - 1):
            await clock.sleep(seconds)
            answers.append(await listed(accounts, ask))
        return answers

    assert asyncio.run(found()) == [[1], [1], [2], [2]]


def test_scans_that_begin_together_ask_once() -> None:
    ask = Asked()

    async def found() -> list[list[int | None]]:
        accounts = AccountList(Clock())
        return await asyncio.gather(*(listed(accounts, ask) for _ in range(5)))

    assert asyncio.run(found()) == [[1]] * 5
    assert ask.times == 1


def test_nobody_sees_the_accounts_of_another_person() -> None:
    ask = Asked()

    async def found() -> list[list[int | None]]:
        accounts = AccountList(Clock())
        return [await listed(accounts, ask, person) for person in ("ann", "ben", "ann")]

    assert asyncio.run(found()) == [[1], [2], [3]]


def test_a_list_that_was_dropped_is_asked_for_again() -> None:
    ask = Asked()

    async def found() -> list[list[int | None]]:
        accounts = AccountList(Clock())
        answers = [await listed(accounts, ask)]
        accounts.drop()
        return [*answers, await listed(accounts, ask)]

    assert asyncio.run(found()) == [[1], [2]]


def test_an_error_is_not_kept() -> None:
    ask = Asked()

    async def fail() -> Mapping[int | None, str]:
        raise LookupError

    async def found() -> list[int | None]:
        accounts = AccountList(Clock())
        with pytest.raises(LookupError):
            await accounts.get("ann", fail)
        return await listed(accounts, ask)

    assert asyncio.run(found()) == [1]


class SignedIn:
    """The token of whoever is signed in."""

    identity = "the sign-in"
    person = "ann"

    async def tokens(self, user: BoundUser) -> AsyncGenerator[Secret]:
        """Yield the token of the person, whom the scan is bound to."""
        user.person = self.person
        yield Secret("x")

    async def aclose(self) -> None:
        """Do nothing."""


def test_the_accounts_are_those_of_whoever_is_signed_in(connection: str) -> None:
    async def bound() -> list[object]:
        credential = SignedIn()
        client = Client(resolve(connection), Clock(), credential=credential)
        found = []
        for person in ("ann", "ben"):
            credential.person, user = person, BoundUser()
            await client.bind(user)
            found.append(user.person)
        await client.close()
        return found

    assert asyncio.run(bound()) == ["ann", "ben"]
