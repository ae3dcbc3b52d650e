"""The rows of pg_depend for the objects of a database: what is dropped with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.pg_catalog.objects import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harvest_duck.servers.postgres.pg_catalog.objects import Relation, Row

__all__ = ["dependencies"]

_TYPE, _PROC, _CLASS, _CONSTRAINT, _SCHEMA, _RULE = 1247, 1255, 1259, 2606, 2615, 2618
_Link = tuple[int, int, int, int, int, str]


def dependencies(relations: Iterable[Relation]) -> list[Row]:
    """Return the rows, as PostgreSQL 15 makes them for the same statements, but for triggers and TOAST tables."""
    listed = tuple(relations)
    by_name = {each.name: each for each in listed}
    names = ("classid", "objid", "refclassid", "refobjid", "refobjsubid", "deptype")
    return [dict(zip(names, link, strict=True)) | {"objsubid": 0} for each in listed for link in _links(each, by_name)]


def _links(each: Relation, by_name: Mapping[str, Relation]) -> Iterator[_Link]:
    yield (_CLASS, each.oid, _SCHEMA, NAMESPACE, 0, "n")
    yield (_TYPE, each.row_type, _CLASS, each.oid, 0, "i")
    yield (_TYPE, each.array_type, _TYPE, each.row_type, 0, "i")
    if each.view is not None:
        yield (_PROC, each.function, _SCHEMA, NAMESPACE, 0, "n")
        yield (_RULE, each.rule, _CLASS, each.oid, 0, "i")
        yield (_RULE, each.rule, _CLASS, each.oid, 0, "n")
        yield (_RULE, each.rule, _PROC, each.function, 0, "n")
    for name in each.key:
        yield (_CONSTRAINT, each.constraint, _CLASS, each.oid, each.position(name), "a")
    if each.key:
        yield (_CLASS, each.index, _CONSTRAINT, each.constraint, 0, "i")
    for key in each.foreign_keys:
        target = by_name[key.table]
        yield (_CONSTRAINT, key.oid, _CLASS, each.oid, each.position(key.column), "a")
        yield (_CONSTRAINT, key.oid, _CLASS, target.oid, target.position(key.referenced), "n")
        yield (_CONSTRAINT, key.oid, _CLASS, target.index, 0, "n")
