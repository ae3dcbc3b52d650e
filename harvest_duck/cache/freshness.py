"""Whether the copy in a file answers a scan, has to be brought up to date first, or leaves the scan to others."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from harvest_duck.mirror.definitions import signature
from harvest_duck.mirror.embedded_columns import embedded_columns
from harvest_duck.mirror.tables import MIRRORED, Kind, MirroredTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.connection.cache import Cache
    from harvest_duck.mirror.history import History
    from harvest_duck.mirror.run_records import Proof, Source

_BY_NAME = {each.name: each for each in MIRRORED}
#: What tells of every change of its children: a payment moves its invoice.
_TELLING = ("invoices", "estimates")
#: The table that every sync reads.
_ALWAYS = "me"


class Way(Enum):
    """What a scan is answered by."""

    #: The rows of the file, as they are.
    FILE = "file"
    #: The rows of the file, after a sync of the table.
    SYNC = "sync"
    #: Not by the file: Harvest is asked for the rows of this scan alone.
    BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of the copy in a file: whose it is, its `tables`, and as of when each is proven.

    `told` are the tables of children that have all that their parents tell of. `source` is None where there is no file,
    and `history` where it keeps none.
    """

    source: Source | None = None
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    history: History | None = None

    def whole(self, name: str) -> bool:
        """Whether the file has all rows of a table, in the columns of the catalog, as of some moment."""
        proof = self.proofs.get(name)
        return (
            name in self.tables
            and proof is not None
            and proof.values_whole_at is not None
            and proof.columns == signature(_BY_NAME[name].table)
        )

    def as_of(self, name: str) -> datetime | None:
        """Return the moment as of which a table is proven whole, None for none.

        Children follow the proof of their parents where those tell of each change, as an invoice does of a payment.
        """
        proof = self.proofs.get(name)
        if proof is None or not self.whole(name):
            return None
        around = _BY_NAME[name].source
        if name in self.told and around is not None:
            parents = self.as_of(around)
            return max((at for at in (proof.proven_at, parents) if at is not None), default=None)
        return proof.proven_at

    def known_at(self, name: str) -> datetime | None:
        """Return the moment as of which a table was last read, proven or not; None where it is not in the file."""
        if not self.whole(name):
            return None
        proof = self.proofs[name]
        return self.as_of(name) or max(
            (at for at in (proof.watermark, proof.values_whole_at) if at is not None), default=None
        )


def mirrored(name: str) -> MirroredTable | None:
    """Return the table of that name as a copy holds it, None for one that is in no copy."""
    return _BY_NAME.get(name)


def way(name: str, held: Held, cache: Cache, asked_at: datetime, *, parents_chosen: bool = False) -> Way:
    """Return what answers a scan of a table that began at `asked_at` and is not offline.

    `parents_chosen` says that it wants the children of some parents alone: those cost less than the first copy of all.
    """
    table = mirrored(name)
    if table is None:
        return Way.BESIDE
    if is_fresh(held.as_of(name), cache, asked_at):
        return Way.FILE
    if table.kind is Kind.CHILDREN:
        # A sync reads the children of people in turn, over days, so that it does not help where they are too old.
        too_old = held.whole(name) and not follows_parents(table)
        too_many = not held.whole(name) and parents_chosen
        return Way.BESIDE if too_old or too_many else Way.SYNC
    return Way.BESIDE if _is_left_out(name, held, cache, asked_at) else Way.SYNC


def tables_to_sync(name: str, held: Held) -> list[str] | None:
    """Return the tables to sync for one of them; None for those that the copy was made of.

    Never some of those that the file has: what one sync has seen change in a record, a later one does not carry over to
    the records that repeat its values. So those come with the table from the beginning.
    """
    if held.source is not None and (name in held.tables or held.source.tables is None):
        return None
    table = _BY_NAME[name]
    repeated = (each.parent for each in embedded_columns(table.table))
    before = () if held.source is None else held.source.tables or ()
    return sorted({name, *before, *(each for each in repeated if each in _BY_NAME)})


def is_fresh(as_of: datetime | None, cache: Cache, asked_at: datetime) -> bool:
    """Whether rows are young enough for a scan that began at `asked_at`; nothing is where the tolerance is 0."""
    return as_of is not None and cache.tolerance_s > 0 and asked_at - as_of <= timedelta(seconds=cache.tolerance_s)


def follows_parents(table: MirroredTable) -> bool:
    """Whether the parents of a table of children tell of every change of it."""
    return table.kind is Kind.CHILDREN and table.source in _TELLING


def _is_left_out(name: str, held: Held, cache: Cache, asked_at: datetime) -> bool:
    """Whether the last sync of a copy of everything did not find a table, as where the user may not read it."""
    everything = held.source is not None and held.source.tables is None
    return everything and name not in held.tables and is_fresh(held.as_of(_ALWAYS), cache, asked_at)


def age(as_of: datetime) -> str:
    """Return the age of rows in words, such as "3 h"."""
    seconds = max(0.0, (datetime.now(UTC) - as_of).total_seconds())
    for word, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"
