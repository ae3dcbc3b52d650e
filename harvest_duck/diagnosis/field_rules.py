"""What the records of Harvest mean for the catalog: fields that no column has, and columns that no field fills."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.model import ListOf, Origin, StructOf
from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.layout import Layout
from harvest_duck.diagnosis.facts import Outcome
from harvest_duck.diagnosis.model import Check, Finding, Status, skipped
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harvest_duck.catalog.model import Column, Table, Type
    from harvest_duck.diagnosis.facts import Sample

_LONGEST, _NAMED = 40, 12
_UNREADABLE = {Outcome.FORBIDDEN, Outcome.NOT_FOUND}
#: What becomes of the request for a record.
_LOOKED_AT, _NONE, _REFUSED, _SILENT = _KINDS = (
    "gave a record",
    "had no record to look at",
    "may not be read by this user",
    "gave no answer",
)


def fields(samples: Sequence[Sample] | None) -> Finding:
    """Return what a record of each endpoint has that the catalog has not, and the other way round."""
    if samples is None:
        return skipped(Check.FIELDS, "the account gave no answer")
    read = {sample.table: sample.record for sample in samples if sample.record is not None}
    new = {name: found for name, record in read.items() if (found := unknown_fields(name, record))}
    gone = {name: found for name, record in read.items() if (found := missing_columns(name, record))}
    found, meaning = [], ""
    if gone:
        found.append(f"columns that are not in the record read: {_listed(gone)}")
        meaning = "Such a column is NULL there. Harvest may leave it out of one record, or of all by now."
    if not new:
        said = "; ".join(["every field read has its column", *found, _counted(samples)])
        if not any(_kind(each) == _SILENT for each in samples):
            return Finding(Check.FIELDS, Status.OK, said, meaning)
        unread = f"Harvest is slow, or has no room in the rate limit: not all was looked at. {meaning}".rstrip()
        return Finding(Check.FIELDS, Status.WARNING, said, unread, "Run it again in a minute.")
    said = "; ".join([f"fields without a column: {_listed(new)}", *found, _counted(samples)])
    reads = f"Harvest has added fields. `FROM harvest_raw('{next(iter(new))}')` reads them. {meaning}".rstrip()
    remedy = "Tell the makers of harvest_duck, or look for a newer version."
    return Finding(Check.FIELDS, Status.WARNING, said, reads, remedy)


def unknown_fields(table: str, record: Mapping[str, Any]) -> list[str]:
    """Return the paths of the fields of a record that no table over its endpoint reads, such as `client.currency`."""
    tables = _sharing(table)
    known: list[Type] = [Layout(each, [column.name for column in each.columns]).record for each in tables]
    # A record, or what is embedded in it, may repeat what the request for it said.
    repeated = [(each.items, _at(column.path, column.type)) for each in tables for column in each.columns]
    known += [kind if items is None else _at((items,), ListOf(kind)) for items, kind in repeated]
    return list(dict.fromkeys(_unknown(record, known, ())))


def missing_columns(table: str, record: Mapping[str, Any]) -> list[str]:
    """Return the columns whose field is not in a record, not even as null.

    A field of an object that is null may be there at other times. Columns that Harvest does not document, or shows to
    some users alone, are no surprise.
    """
    found = []
    for each in _sharing(table):
        inside = [record] if each.items is None else _objects(record.get(each.items))[:1]
        found += [column.name for column in each.columns for part in inside if _is_missing(column, part)]
    return found


def _sharing(table: str) -> list[Table]:
    """Return the tables over the endpoint of a table, itself the first."""
    own = TABLES[table]
    return [own, *(each for each in TABLES.values() if each.path == own.path and each is not own)]


def _at(path: tuple[str, ...], kind: Type) -> Type:
    """Return the type of an object with a value at a path."""
    return StructOf(((path[0], _at(path[1:], kind)),)) if path else kind


def _unknown(value: object, known: Sequence[Type], path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        items = [each.item for each in known if isinstance(each, ListOf)]
        for element in value:
            yield from _unknown(element, items, path)
    members = [dict(each.fields) for each in known if isinstance(each, StructOf)]
    if isinstance(value, dict) and members:
        for name, inner in value.items():
            kinds = [each[name] for each in members if name in each]
            if kinds:
                yield from _unknown(inner, kinds, (*path, name))
            else:
                yield ".".join((*path, name))


def _is_missing(column: Column, record: Mapping[str, Any]) -> bool:
    if column.origin is not Origin.RECORD or not column.documented or column.right is not None:
        return False
    found: Any = record
    for name in column.path:
        if not isinstance(found, dict):
            return False
        if name not in found:
            return True
        found = found[name]
    return False


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _counted(samples: Sequence[Sample]) -> str:
    """Return how many endpoints had a record to look at, and what became of the others."""
    kinds = Counter(map(_kind, samples))
    said = [f"{kinds[kind]} {kind}" for kind in _KINDS if kinds[kind]]
    return f"of {len(samples)} endpoints, {', '.join(said)}"


def _kind(sample: Sample) -> str:
    if sample.record is not None:
        return _LOOKED_AT
    if sample.outcome is Outcome.ANSWERED:
        return _NONE
    return _REFUSED if sample.outcome in _UNREADABLE else _SILENT


def _listed(names: Mapping[str, Sequence[str]]) -> str:
    shown = []
    for table, found in names.items():
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        shown.append(f"{table} ({', '.join(shortened(one_line(name), _LONGEST) for name in found[:_NAMED])}{more})")
    return ", ".join(shown)
