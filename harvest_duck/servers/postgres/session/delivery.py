"""The rows of a portal on their way to the client: batch by batch, no faster than it takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.protocol import backend
from harvest_duck.servers.postgres.session.copy_out import CopyPortal
from harvest_duck.servers.postgres.session.portals import CommandPortal, RowsPortal

if TYPE_CHECKING:
    from harvest_duck.servers.postgres.protocol.channel import Channel
    from harvest_duck.servers.postgres.session.interruption import Interruption
    from harvest_duck.servers.postgres.session.portals import Portal

__all__ = ["delivered"]

#: The words whose CommandComplete says how many rows there were (PostgreSQL 15, src/include/tcop/cmdtaglist.h).
_COUNTED = frozenset({"SELECT", "FETCH", "COPY"})


async def delivered(portal: Portal, limit: int, channel: Channel, interruption: Interruption) -> None:
    """Send the rows of a portal, at most `limit` where that is not 0, and what ends them.

    Raises a Failure, also when the statement is cancelled while the client takes nothing.
    """
    match portal:
        case CommandPortal():
            tag = await portal.run()
            channel.send(backend.command_complete(tag) if tag else backend.empty_query_response())
        case CopyPortal():
            await _copied(portal, channel, interruption)
        case RowsPortal():
            try:
                await _rows(portal, limit, channel, interruption)
            except Exception:
                portal.fail()
                raise
        case _:
            raise AssertionError


async def _rows(portal: RowsPortal, limit: int, channel: Channel, interruption: Interruption) -> None:
    sent = 0
    while not limit or sent < limit:
        count = await _batch(portal, limit - sent if limit else 0, channel, interruption)
        if not count:
            channel.send(backend.command_complete(f"{portal.word} {sent}" if portal.word in _COUNTED else portal.word))
            return
        sent += count
    channel.send(backend.portal_suspended())


async def _copied(portal: CopyPortal, channel: Channel, interruption: Interruption) -> None:
    portal.begin()
    channel.send(backend.copy_out_response(len(portal.source.columns), binary=portal.binary))
    sent = 0
    while count := await _batch(portal, 0, channel, interruption):
        sent += count
    channel.send(await interruption.run(portal.end))
    channel.send(backend.copy_done())
    channel.send(backend.command_complete(f"COPY {sent}"))


async def _batch(portal: RowsPortal | CopyPortal, limit: int, channel: Channel, interruption: Interruption) -> int:
    """Send the rows of one batch, and return how many; 0 at the end."""
    piece = await interruption.run(portal.next, limit)
    count = 0
    while piece is not None:
        data, rows = piece
        count += rows
        portal.rows_sent += rows
        channel.send(data)
        await _taken(channel, interruption)
        piece = await interruption.run(portal.rest)
    return count


async def _taken(channel: Channel, interruption: Interruption) -> None:
    """Return when the client has taken most of what was sent; raise the reason for which the statement is to end."""
    await channel.drain()
    interruption.check()
