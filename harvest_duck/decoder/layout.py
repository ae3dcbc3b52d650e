"""The layout of the chosen columns of a table in its JSON: one tree of objects, read in a single pass over a page.

`decoder` reads a page by this tree, quickly, and `exact_reader` reads it again by the same tree when a value does not
fit, so that the two agree on what a page holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import VARCHAR, Column, ListOf, Origin, StructOf, Table, Type

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(slots=True)
class Tree:
    """A JSON object under construction, with the members that some column needs."""

    members: dict[str, Tree | Type] = field(default_factory=dict)

    def add(self, path: tuple[str, ...], leaf: Type) -> None:
        """Add the value at `path`."""
        head, *rest = path
        if not rest:
            self.members[head] = leaf
            return
        inside = self.members.setdefault(head, Tree())
        assert isinstance(inside, Tree)  # noqa: S101 - a catalog that reads one key both ways fails its tests
        inside.add(tuple(rest), leaf)

    def type(self) -> StructOf:
        """Return the object as a type."""
        return StructOf(
            tuple(
                (name, member.type() if isinstance(member, Tree) else member) for name, member in self.members.items()
            )
        )


class Layout:
    """The values that are read of each record of `table` to fill the columns `names`.

    The key is always read, so that the rows of a page without columns are counted and an error can name a record.
    `identity`, `updates` and `day` are the paths to the key, to the instant of the last change and to the day by which
    the list is narrowed, where records have them; `subject` has the paths that distinguish the rows of a report.
    `echoed` are the columns that the request fixes and the record repeats.
    """

    def __init__(self, table: Table, names: Iterable[str]) -> None:
        wanted = set(names)
        self.table = table
        self.columns = tuple(column for column in table.columns if column.name in wanted)
        record, item = Tree(), Tree()
        for column in _read(table, self.columns):
            tree = item if table.items is not None and column.origin is Origin.RECORD else record
            # A value that only the scan itself needs must not make it fail.
            unasked = column is table.day and column.name not in wanted
            tree.add(column.path, VARCHAR if unasked else column.type)
        if table.items is not None:
            record.add((table.items,), ListOf(item.type()))
        self.record: StructOf = record.type()
        self.identity = None if table.identity is None else table.identity.path
        self.updates = None if table.updates is None else table.updates.path
        self.day = None if table.day is None else table.day.path
        self.subject = tuple(table.column(name).path for name in table.subject)
        self.echoed = tuple(column for column in table.columns if column.echoed)


def _read(table: Table, columns: tuple[Column, ...]) -> Iterable[Column]:
    inside = [column for column in table.columns if column.origin in (Origin.RECORD, Origin.ENCLOSING) or column.echoed]
    keys = [column for column in inside if column.key] or inside[:1]
    always = [column for column in (table.updates, table.day) if column is not None]
    always += [table.column(name) for name in table.subject]
    always += [column for column in inside if column.echoed]
    found = {column.name: column for column in (*keys, *always, *columns) if column in inside}
    return found.values()
