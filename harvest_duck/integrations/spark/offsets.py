"""The offsets of a stream: how far each account was read, as JSON that Spark keeps in its checkpoint. Pure.

::

    {"table": "time_entries", "until": {"1000001": "2026-11-20T09:30:00+00:00"}}

Everything that was updated before the moment of an account has come. A batch has what was updated from the moment of
its start to before that of its end, so a record at the very second of a boundary is in one batch and not in two. What
changes again later moves behind the end, and comes with its next state. An account that the start does not have begins
as the first one did.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from harvest_duck.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Offset = dict[str, Any]


def initial(table: str) -> Offset:
    """Return the offset before the first batch."""
    return {"table": table, "until": {}}


def offset(table: str, until: Mapping[str, datetime]) -> Offset:
    """Return the offset at which every account is read up to a moment."""
    return {"table": table, "until": {name: moment.isoformat() for name, moment in until.items()}}


def moments(found: Mapping[str, Any], table: str) -> dict[str, datetime]:
    """Return up to when an offset has each account; raises `QueryError` if it is none of this table."""
    other = found.get("table")
    if other != table:
        raise QueryError(
            f"the checkpoint of this stream belongs to {other or 'another source'} and not to {table}: "
            "give each stream a checkpointLocation of its own"
        )
    return {name: datetime.fromisoformat(moment) for name, moment in found["until"].items()}


def end_of(since: datetime | None, horizon: datetime, lag: timedelta) -> datetime:
    """Return up to when a batch reads that begins at `since`: what Harvest had saved at the `horizon`, less the lag.

    Whole seconds, which is how Harvest writes the moment of an update. It never goes back.
    """
    end = (horizon - lag).replace(microsecond=0)
    return end if since is None else max(since, end)


def unread(
    names: Iterable[str], start: Mapping[str, datetime], end: Mapping[str, datetime], first: datetime | None
) -> dict[str, tuple[datetime | None, datetime]]:
    """Return what a batch has of each account: from when, None for all, to before when. One that is read is left out.

    Raises `QueryError` for an account that the end does not have.
    """
    found: dict[str, tuple[datetime | None, datetime]] = {}
    for name in names:
        if name not in end:
            raise QueryError(
                f"account {name or 'without a number'} is not in the checkpoint of this batch: start the stream once "
                "with the connection that it had, and then change it"
            )
        since = start.get(name, first)
        if since is None or since < end[name]:
            found[name] = since, end[name]
    return found
