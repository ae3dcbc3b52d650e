"""What a copy with a history held as of a moment: which moments it knows, and the query of the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from harvest_duck.errors import MirrorError
from harvest_duck.mirror.definitions import CATALOG, VALID_FROM, VALID_TO, columns, earlier, main, since
from harvest_duck.mirror.versions import same_key
from harvest_duck.pushdown.sql import identifier, text
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.run_records import RunRecords


@dataclass(frozen=True, slots=True)
class History:
    """The moments that a copy knows: of each table since `began_at`, and up to the end of the `last` sync."""

    began_at: Mapping[str, datetime]
    last: datetime

    @classmethod
    def of(cls, copy: RunRecords, newest: RunRecords) -> History | None:
        """Return the moments that a copy knows, None where it keeps no history; `newest` has the latest runs."""
        kept = copy.history()
        if not kept:
            return None
        # Until a run ends, no other one begins.
        ends = [newest.last_end(), *(each.changed_at for each in kept.values())]
        return cls({name: each.began_at for name, each in kept.items()}, max(each for each in ends if each is not None))


def require_known(history: History | None, path: Path, table: str, moment: datetime) -> None:
    """Raise `MirrorError` unless the copy at `path` knows what a table held as of a moment."""
    place = escaped(path)
    if history is None:
        raise MirrorError(f"{place} keeps no history: sync with --history (history=True), to keep it from then on")
    began_at = history.began_at.get(table)
    if began_at is None:
        raise MirrorError(f"{place} has no history of {table}: sync that table, to keep it from then on")
    if moment < began_at:
        raise MirrorError(
            f"{place} keeps the history of {table} since {_shown(began_at)}, and not of {_shown(moment)}: "
            "name a later moment"
        )
    if moment > history.last:
        raise MirrorError(
            f"{place} was last synced at {_shown(history.last)}, and knows nothing of {_shown(moment)}: "
            "sync again, or name an earlier moment"
        )


def relation_as_of(table: Table, moment: datetime, catalog: str = CATALOG) -> str:
    """Return the query of the rows of a table as of a moment, in a file with a history attached as `catalog`."""
    at = f"TIMESTAMPTZ {text(_shown(moment))}"
    names = ", ".join(map(identifier, columns(table)))
    came = f"SELECT 1 FROM {since(table.name, catalog)} v WHERE v.{VALID_FROM} > {at} AND {same_key(table)}"
    return (
        f"SELECT {names} FROM {main(table.name, catalog)} h WHERE NOT EXISTS ({came}) UNION ALL "
        f"SELECT {names} FROM {earlier(table.name, catalog)} WHERE {VALID_FROM} <= {at} AND {at} < {VALID_TO}"
    )


def _shown(moment: datetime) -> str:
    """Return a moment in UTC, as both people and DuckDB read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00"
