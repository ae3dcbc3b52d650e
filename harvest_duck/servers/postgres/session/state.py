"""What a session has: its settings, its transaction, its cursors, and what its client has prepared and opened."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import duckdb

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.session.declared import Declared
from harvest_duck.servers.postgres.session.portals import RowsPortal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harvest_duck.servers.postgres.session.cursors import Cursors
    from harvest_duck.servers.postgres.session.database import Database
    from harvest_duck.servers.postgres.session.interruption import Interruption
    from harvest_duck.servers.postgres.session.portals import Portal
    from harvest_duck.servers.postgres.session.prepared import Prepared
    from harvest_duck.servers.postgres.session.settings import Settings
    from harvest_duck.servers.postgres.session.transaction_block import TransactionBlock

__all__ = ["State"]


@dataclass(eq=False)
class State:
    """The state of one session. `warn` sends the client a notice of a SQLSTATE."""

    database: Database
    settings: Settings
    transaction: TransactionBlock
    interruption: Interruption
    cursors: Cursors
    warn: Callable[[str, str], None]
    prepared: dict[str, Prepared] = field(default_factory=dict)
    portals: dict[str, Portal] = field(default_factory=dict)
    declared: dict[str, Declared] = field(default_factory=dict)
    #: The settings as the client was told of them last.
    told: dict[str, str] = field(default_factory=dict)

    def take_news(self) -> Iterable[tuple[str, str]]:
        """Return the settings that are not as the client was told last, and take them for told."""
        news = {name: value for name, value in self.settings.reported() if self.told.get(name) != value}
        self.told |= news
        return tuple(news.items())

    def cursor(self, name: str) -> Declared:
        """Return a cursor of SQL, or what FETCH makes of a portal; raises a Failure where there is neither."""
        declared, portal = self.declared.get(name), self.portals.get(name)
        if declared is None and isinstance(portal, RowsPortal):
            return Declared(portal.source, formats=portal.formats)
        if declared is None:
            raise Failure("34000", f'cursor "{name}" does not exist')
        return declared

    async def close(self, portals: Iterable[Portal | Declared]) -> None:
        """Close portals and cursors."""
        closing = tuple(portals)
        if closing:
            await self.interruption.finish(partial(_close_all, closing))

    async def end(self) -> None:
        """Close all that is open."""
        await self.close([*self.portals.values(), *self.declared.values()])
        await self.interruption.finish(self.cursors.close)

    async def close_portal(self, name: str) -> None:
        """Close the portal of that name, if there is one."""
        portal = self.portals.pop(name, None)
        if portal is not None:
            await self.close([portal])

    async def end_transaction(self, *, failed: bool = False) -> None:
        """Close what lives no longer than a transaction: all portals, and the cursors without WITH HOLD.

        With `failed` also those that were declared in it.
        """
        portals, self.portals = self.portals, {}
        ended = {name: each for name, each in self.declared.items() if not each.hold or (failed and not each.committed)}
        self.declared = {name: each for name, each in self.declared.items() if name not in ended}
        for each in self.declared.values():
            each.committed = True
        await self.close([*portals.values(), *ended.values()])


def _close_all(closing: Iterable[Portal | Declared]) -> None:
    for each in closing:
        # What cannot be closed, as a query that broke, ends with its cursor.
        with suppress(duckdb.Error, OSError, RuntimeError):
            each.close()
