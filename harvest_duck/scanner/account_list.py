"""The accounts that a token reaches, kept for the scans of a minute: the list costs a request to Harvest ID."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping

    from harvest_duck.http.ratelimit.window import Clock

#: The seconds that a list is used for; so long may an account that a token newly reaches be missing.
AGE_S = 60.0


class AccountList:
    """The accounts of one client, with their names, as Harvest ID listed them last; used on one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asking = asyncio.Lock()
        self._kept: tuple[Hashable, float, Mapping[int | None, str]] | None = None

    async def get(
        self, person: Hashable, ask: Callable[[], Awaitable[Mapping[int | None, str]]]
    ) -> Mapping[int | None, str]:
        """Return the accounts of `person`, asked for by `ask` where no list of theirs is younger than `AGE_S`.

        Of callers at a time one asks; an error of `ask` is raised and not kept.
        """
        async with self._asking:
            if self._kept is not None:
                whose, since, accounts = self._kept
                if whose == person and self._clock.now() - since < AGE_S:
                    return accounts
            since = self._clock.now()
            accounts = await ask()
            self._kept = person, since, accounts
            return accounts

    def drop(self) -> None:
        """Forget the list, because Harvest refused an account."""
        self._kept = None
