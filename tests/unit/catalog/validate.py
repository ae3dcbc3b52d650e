"""Whether a catalogue of tables is sound: names, paths, parents and references that lead somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harvest_duck.catalog.model import Column, Table

__all__ = ["validate"]


def validate(tables: Iterable[Table]) -> list[str]:
    """Every fault of a catalogue, one line each, naming table and column; an empty list when it is sound."""
    tables = tuple(tables)
    names = [table.name for table in tables]
    faults = [f"{name}: declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for table in tables:
        faults.extend(_table_faults(table, {other.name: other for other in tables}))
    return faults


def _table_faults(table: Table, catalogue: Mapping[str, Table]) -> Iterator[str]:
    names = [column.name for column in table.columns]
    for column in table.columns:
        for fault in _column_faults(column, table, catalogue):
            yield f"{table.name}.{column.name}: {fault}"
    yield from (f"{table.name}.{name}: declared twice" for name in sorted({n for n in names if names.count(n) > 1}))
    if not table.own_columns:
        yield f"{table.name}: has no columns"
    for role, name in _named(table):
        if name not in table:
            yield f"{table.name}: {role} the column {name}, which does not exist"
    if table.parent and (table.parent.table not in catalogue or f"{{{table.parent.param}}}" not in table.path):
        yield f"{table.name}: its parent {table.parent.table} does not fill the path {table.path}"


def _named(table: Table) -> Iterator[tuple[str, str]]:
    """Each column that the table itself names, after what it is named for."""
    yield from ((f"parameter {param.name} answers", param.column) for param in table.params)
    yield from (("its subject has", name) for name in table.subject)
    yield from (("its rows are not summed with", name) for name in table.not_summed_with)


def _column_faults(column: Column, table: Table, catalogue: Mapping[str, Table]) -> Iterator[str]:
    if not column.description.strip():
        yield "has no description"
    if column.references and not _refers(column.references, catalogue):
        yield f"references {column.references}, which does not exist"
    if column.origin is Origin.ENCLOSING and table.items is None:
        yield "comes from an enclosing record, but the table has no embedded array"
    if column.origin is Origin.PATH and f"{{{column.name}}}" not in table.path:
        yield f"comes from the path {table.path}, which does not name it"


def _refers(reference: str, catalogue: Mapping[str, Table]) -> bool:
    name, _, column = reference.partition(".")
    return name in catalogue and column in catalogue[name]
