"""The tables that a copy holds, and how each of them is read; all of it follows from the catalog.

Not copied are reports, which Harvest computes for a period; the templates of messages, which are not sent yet; and the
accounts, which are no part of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Host, Limit, Match, Paging, Table
from harvest_duck.catalog.tables import TABLES, table
from harvest_duck.errors import MirrorError
from harvest_duck.mirror.dependents import around_of

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(Enum):
    """The place of the rows of a table at Harvest."""

    #: One record, such as the company.
    RECORD = "record"
    #: A list of its own.
    LIST = "list"
    #: A list whose records have a day and can be asked for by it, and by when they changed.
    DATED = "dated list"
    #: A list for each record of another table.
    CHILDREN = "children"
    #: An array in the records of another table, which are read with them.
    EMBEDDED = "embedded"


#: Children of what: read again within this time, whatever their parents say. No change of a rate or of a teammate shows
#: in the user; a payment and a message show in the invoice, so those are read again to make sure.
_TURN = {"users": timedelta(days=7), "pto_holiday_calendars": timedelta(days=7)}
_DOCUMENT_TURN = timedelta(days=30)
#: What Harvest proposes for a message that nobody has sent.
_PROPOSALS = "invoice_message_templates"


@dataclass(frozen=True, slots=True)
class MirroredTable:
    """A table of a copy: `source` is the table in whose records, or for whose records, its rows are listed."""

    table: Table
    kind: Kind
    source: str | None = None

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    @property
    def turn(self) -> timedelta:
        """The time within which the children of every parent are read again."""
        return _TURN.get(self.source or "", _DOCUMENT_TURN)


def chosen(names: Iterable[str] | None) -> tuple[MirroredTable, ...]:
    """Return the tables that a copy is to hold, parents first: those named with what they follow from, or all.

    Raises `UnknownTable` for a name that the catalog lacks, and `MirrorError` for a table that no copy holds.
    """
    if names is None:
        return MIRRORED
    wanted = set[str]()
    known = {each.name: each for each in MIRRORED}
    pending = [table(name).name for name in names]
    while pending:
        name = pending.pop()
        if name not in known:
            raise MirrorError(f"{name} is in no copy: ask Harvest for it by harvest_scan('{name}')")
        wanted.add(name)
        source = known[name].source
        if source is not None and source not in wanted:
            pending.append(source)
    # Whose copy it is.
    wanted.add("me")
    return tuple(each for each in MIRRORED if each.name in wanted)


def _mirrored() -> tuple[MirroredTable, ...]:
    found = [
        MirroredTable(each, kind, source)
        for each in TABLES.values()
        if each.limit is not Limit.REPORTS and each.host is not Host.ID and each.name != _PROPOSALS
        for kind, source in [_place(each)]
    ]
    # Of dated lists those that others name come before them: time entries last, which name an invoice.
    dated = [each for each in found if each.kind is Kind.DATED]
    ordered = [*(each for each in found if each.kind is not Kind.DATED), *reversed(dated)]
    return tuple(sorted(ordered, key=lambda each: _ORDER.index(each.kind)))


def _place(table: Table) -> tuple[Kind, str | None]:
    """Return where the rows of a table are, and the table that they belong to."""
    around = around_of(table)
    if around is not None:
        return Kind.EMBEDDED, around.name
    if table.parent is not None:
        return Kind.CHILDREN, table.parent.table
    if table.paging is Paging.NONE:
        return Kind.RECORD, None
    changes = any(param.match is Match.SINCE for param in table.params)
    return (Kind.DATED if changes and table.day is not None else Kind.LIST), None


#: Lists before what belongs to their records; those that change most come last, so that names in them are the latest.
_ORDER = [Kind.RECORD, Kind.LIST, Kind.DATED, Kind.CHILDREN, Kind.EMBEDDED]
MIRRORED = _mirrored()
