"""A draft of what an account will have after a change: records are added, edited and removed in it one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.embedded import with_excerpts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harvest_duck.sandbox.data.time_rounding import TimeRounding
    from harvest_duck.sandbox.wire import Record


class Draft:
    """The `tables` of an account and what changes in them; records are copied, never changed.

    `moment` is the present one, as records write it, and `new_ids` yields ids that no record has had. `latest` has the
    record of each table that a new one is like where the table is empty. `rounding` is that of the account.
    """

    def __init__(
        self,
        tables: Mapping[str, list[Record]],
        *,
        moment: str,
        new_ids: Iterator[int],
        latest: Mapping[str, Record],
        rounding: TimeRounding,
    ) -> None:
        self._tables = tables
        self._latest = latest
        self._new_ids = new_ids
        self.moment = moment
        self.rounding = rounding
        #: The tables that are not as they were.
        self.changed: dict[str, list[Record]] = {}

    def records(self, table: str) -> list[Record]:
        """Return the records of a table; LookupError if it has none of its own with an id and an `updated_at`."""
        if table not in self._tables or not {"id", "updated_at"} <= self._latest.get(table, {}).keys():
            raise LookupError(f"no records to change in {table!r}: they follow from other tables, or replace them")
        return self._present(table)

    def _present(self, table: str) -> list[Record]:
        return self.changed.get(table, self._tables[table])

    def find(self, table: str, identity: int) -> Record:
        """Return the record with that id; LookupError if there is none."""
        for record in self.records(table):
            if record["id"] == identity:
                return record
        raise LookupError(f"no record {identity} in {table}")

    def latest(self, table: str) -> Record:
        """Return the record that came last."""
        records = self.records(table)
        return records[-1] if records else self._latest[table]

    def new_id(self) -> int:
        """Return an id that no record has had."""
        return next(self._new_ids)

    def add(self, table: str, record: Record) -> Record:
        """Add a record and return it."""
        self.changed[table] = [*self.records(table), record]
        return record

    def edit(self, table: str, identity: int, fields: Record) -> Record:
        """Return a record after some of its `fields` changed, in all that embeds it as well; it is updated now."""
        new = self.find(table, identity) | {"updated_at": self.moment} | fields
        self.each(table, lambda record: new if record["id"] == identity else record)
        self.changed |= with_excerpts(dict(self._tables) | self.changed, table, new)
        return new

    def each(self, table: str, change: Callable[[Record], Record]) -> None:
        """Put what `change` returns for each record of a table in its place."""
        self.changed[table] = [change(record) for record in self._present(table)]

    def remove(self, table: str, which: Callable[[Record], bool]) -> None:
        """Remove the records of a table that are `which`."""
        self.changed[table] = [record for record in self._present(table) if not which(record)]
