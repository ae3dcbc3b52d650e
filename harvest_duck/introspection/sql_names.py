"""The names that SQL may use, as values: tables, views with their arguments, columns, functions, connections.

`engine.catalogue_names` reads them from DuckDB's own catalogue. Names are found in any case, as DuckDB finds them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harvest_duck.catalog.model import Table

__all__ = ["Completion", "Names", "Relation", "Schema", "Term", "relation_of"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Completion:
    """A text for the place of the last `replaced` characters before the cursor; how a list shows it, what it means."""

    text: str
    replaced: int
    display: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """The name of a column, an argument or a function, its type, and what it means; both may be unknown."""

    name: str
    type: str = ""
    meaning: str = ""

    @property
    def explained(self) -> str:
        """The type and the meaning."""
        return ": ".join(filter(None, (self.type, self.meaning)))


@dataclass(frozen=True, slots=True)
class Relation:
    """What stands behind FROM; `arguments` are those between its parentheses, None for what has no parentheses."""

    name: str
    meaning: str = ""
    columns: tuple[Term, ...] = ()
    arguments: tuple[Term, ...] | None = None

    @property
    def signature(self) -> str:
        """The name with the names of the arguments."""
        if self.arguments is None:
            return self.name
        return f"{self.name}({', '.join(argument.name for argument in self.arguments)})"


def relation_of(table: Table) -> Relation:
    """Return a table of Harvest with its columns."""
    columns = tuple(Term(column.name, column.type.sql, column.description) for column in table.columns)
    return Relation(table.name, table.description, columns)


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema of a database and what can be read in it."""

    database: str
    name: str
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class Names:
    """Every name; `path` has the schemas, each with its database, whose names need no other before them."""

    schemas: tuple[Schema, ...] = ()
    #: The database whose schemas need no other name before them.
    database: str = ""
    path: tuple[tuple[str, str], ...] = ()
    #: Functions of DuckDB; the type of each is what it looks like, as in `sum(arg)`.
    functions: tuple[Term, ...] = ()
    table_functions: tuple[Term, ...] = ()
    keywords: tuple[str, ...] = ()
    #: The keywords that are no names without quotes.
    reserved: frozenset[str] = frozenset()
    #: The connections that `DSN=` may name.
    connections: tuple[str, ...] = ()

    def written(self, name: str) -> str:
        """Return a name as SQL writes it: in quotes where it needs them."""
        return name if _PLAIN.fullmatch(name) and name.lower() not in self.reserved else identifier(name)

    def relation(self, parts: Sequence[str]) -> Relation | None:
        """Return what a name of one to three parts stands for, None where nothing has it."""
        *before, name = parts
        return self._relations.get((_folded(before), name.lower())) if parts else None

    def within(self, parts: Sequence[str]) -> Mapping[str, Relation]:
        """Return what can be read in a database or schema, by name; without parts, all that needs no other name."""
        return {name: each for (before, name), each in self._relations.items() if before == _folded(parts)}

    def qualifiers(self) -> tuple[str, ...]:
        """Return the databases, and the schemas of the current one, that have something to read.

        What is temporary needs no name before it.
        """
        lasting = [schema for schema in self.schemas if schema.database != "temp" and schema.relations]
        found = {schema.database: None for schema in lasting}
        found |= {schema.name: None for schema in lasting if schema.database == self.database and schema.name != "main"}
        return tuple(found)

    def schemas_of(self, database: str) -> tuple[str, ...]:
        """Return the schemas of a database but for `main`, which needs no name."""
        names = (schema.name for schema in self.schemas if schema.database.lower() == database.lower())
        return tuple(name for name in names if name != "main")

    @cached_property
    def _relations(self) -> dict[tuple[tuple[str, ...], str], Relation]:
        """Every relation by what may stand before its name, and its name; what the path has first, wins."""
        found: dict[tuple[tuple[str, ...], str], Relation] = {}
        for schema in self.schemas:
            for before in self._spellings(schema):
                for each in schema.relations:
                    found.setdefault((before, each.name.lower()), each)
        for place in self.path:
            for schema in self.schemas:
                if (schema.database, schema.name) == place:
                    for each in schema.relations:
                        found.setdefault(((), each.name.lower()), each)
        return found

    def _spellings(self, schema: Schema) -> Iterator[tuple[str, ...]]:
        """Yield what may stand before the names of a schema."""
        if schema.name == "main":
            yield _folded([schema.database])
        if schema.database == self.database:
            yield _folded([schema.name])
        yield _folded([schema.database, schema.name])


def _folded(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.lower() for part in parts)
