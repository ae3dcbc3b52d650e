"""The rows of PostgreSQL's catalogue for the objects of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.pg_catalog.dependencies import dependencies
from harvest_duck.servers.postgres.pg_catalog.objects import DATABASE, NAMESPACE, OWNER, SCHEMA, USER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harvest_duck.servers.postgres.pg_catalog.objects import Column, Relation, Row

__all__ = ["rows"]

_CLASS, _PROC, _NAMESPACE_CLASS = 1259, 1255, 2615
_READ_ALL = ["harvest=r/harvest", "=r/harvest"]
_RELATION: Row = {
    "relnamespace": NAMESPACE, "reltype": 0, "reloftype": 0, "relowner": OWNER, "relam": 0, "reltablespace": 0,
    "relpages": 0, "reltuples": -1.0, "relallvisible": 0, "reltoastrelid": 0, "relhasindex": False,
    "relisshared": False, "relpersistence": "p", "relchecks": 0, "relhasrules": False, "relhastriggers": False,
    "relhassubclass": False, "relrowsecurity": False, "relforcerowsecurity": False, "relispopulated": True,
    "relreplident": "n", "relispartition": False, "relrewrite": 0, "relfrozenxid": 0, "relminmxid": 0,
}  # fmt: skip
_ATTRIBUTE: Row = {
    "attstattarget": -1, "attndims": 0, "attcacheoff": -1, "attcompression": "", "atthasdef": False,
    "atthasmissing": False, "attidentity": "", "attgenerated": "", "attisdropped": False, "attislocal": True,
    "attinhcount": 0,
}  # fmt: skip
_CONSTRAINT: Row = {
    "connamespace": NAMESPACE, "condeferrable": False, "condeferred": False, "convalidated": True, "contypid": 0,
    "conparentid": 0, "conislocal": True, "coninhcount": 0, "connoinherit": True,
}  # fmt: skip


#: The columns that each table of PostgreSQL has beside its own: name, type, length, by value, alignment.
_SYSTEM = [
    _ATTRIBUTE
    | {
        "attname": name, "atttypid": kind, "attlen": length, "attnum": -number, "atttypmod": -1, "attbyval": by_value,
        "attalign": alignment, "attstorage": "p", "attcollation": 0, "attnotnull": True, "attstattarget": 0,
    }
    for number, name, kind, length, by_value, alignment in (
        (1, "ctid", 27, 6, False, "s"), (2, "xmin", 28, 4, True, "i"), (3, "cmin", 29, 4, True, "i"),
        (4, "xmax", 28, 4, True, "i"), (5, "cmax", 29, 4, True, "i"), (6, "tableoid", 26, 4, True, "i"),
    )
]  # fmt: skip


def rows(relations: Iterable[Relation], types: Mapping[int, Row], database: str) -> dict[str, list[Row]]:
    """Return the rows of each relation of the catalogue; `types` has the rows of pg_type by number."""
    relations = tuple(relations)
    referenced = {key.table for each in relations for key in each.foreign_keys}
    by_name = {each.name: each for each in relations}
    made: dict[str, list[Row]] = {
        "pg_namespace": [
            {"oid": NAMESPACE, "nspname": SCHEMA, "nspowner": OWNER, "nspacl": ["harvest=U/harvest", "=U/harvest"]}
        ],
        "pg_database": [_database(database)],
        "pg_authid": [_role(OWNER, SCHEMA)],
        "pg_depend": dependencies(relations),
        "pg_auth_members": [{"roleid": OWNER, "member": USER, "grantor": 10, "admin_option": False}],
        "pg_db_role_setting": [{"setdatabase": DATABASE, "setrole": 0, "setconfig": [f"search_path={SCHEMA}"]}],
        "pg_description": [
            {
                "objoid": NAMESPACE,
                "classoid": _NAMESPACE_CLASS,
                "objsubid": 0,
                "description": "Harvest's tables and the ready views",
            }
        ],
        **{name: [] for name in ("pg_class", "pg_attribute", "pg_type", "pg_index", "pg_constraint", "pg_rewrite")},
    }
    for each in relations:
        _add(made, each, by_name, types, referenced=each.name in referenced)
    return made


def _add(
    made: dict[str, list[Row]],
    each: Relation,
    by_name: Mapping[str, Relation],
    types: Mapping[int, Row],
    *,
    referenced: bool,
) -> None:
    """Add the rows of one relation."""
    made["pg_class"] += _classes(each, referenced=referenced)
    made["pg_attribute"] += _attributes(each, types)
    made["pg_type"] += _row_types(each, types)
    made["pg_description"] += _descriptions(each)
    if each.view is not None:
        made["pg_rewrite"].append(
            {
                "oid": each.rule,
                "rulename": "_RETURN",
                "ev_class": each.oid,
                "ev_type": "1",
                "ev_enabled": "O",
                "is_instead": True,
            }
        )
    if each.key:
        made["pg_index"].append(_index(each, types))
    made["pg_constraint"] += _constraints(each, by_name)


def _database(name: str) -> Row:
    return {
        "oid": DATABASE, "datname": name, "datdba": 10, "encoding": 6, "datlocprovider": "c", "datistemplate": False,
        "datallowconn": True, "datconnlimit": -1, "datfrozenxid": 0, "datminmxid": 1, "dattablespace": 1663,
        "datcollate": "C.UTF-8", "datctype": "C.UTF-8",
    }  # fmt: skip


def _role(oid: int, name: str) -> Row:
    return {
        "oid": oid, "rolname": name, "rolsuper": False, "rolinherit": True, "rolcreaterole": False,
        "rolcreatedb": False, "rolcanlogin": False, "rolreplication": False, "rolbypassrls": False, "rolconnlimit": -1,
    }  # fmt: skip


def _classes(each: Relation, *, referenced: bool) -> Iterator[Row]:
    table = each.view is None
    yield _RELATION | {
        "oid": each.oid, "relname": each.name, "reltype": each.row_type, "relam": 2 if table else 0,
        "relfilenode": each.oid if table else 0, "relhasindex": bool(each.key), "relkind": each.kind,
        "relnatts": len(each.columns), "relhasrules": not table,
        "relhastriggers": bool(each.foreign_keys) or referenced,
        "relreplident": "d" if table else "n", "relacl": _READ_ALL,
    }  # fmt: skip
    if each.key:
        yield _RELATION | {
            "oid": each.index, "relname": f"{each.name}_pkey", "relam": 403, "relfilenode": each.index, "relkind": "i",
            "relnatts": len(each.key), "relpages": 1, "reltuples": 0.0,
        }  # fmt: skip


def _attributes(each: Relation, types: Mapping[int, Row]) -> Iterator[Row]:
    for number, column in enumerate(each.columns, 1):
        yield _attribute(each.oid, number, column, types) | {"attnotnull": column.not_null}
    if each.view is None:
        yield from ({"attrelid": each.oid} | system for system in _SYSTEM)
    for number, name in enumerate(each.key, 1):
        yield _attribute(each.index, number, each.columns[each.position(name) - 1], types) | {"attnotnull": False}


def _attribute(relation: int, number: int, column: Column, types: Mapping[int, Row]) -> Row:
    kind = types[column.type.oid]
    return _ATTRIBUTE | {
        "attrelid": relation, "attname": column.name, "atttypid": column.type.oid, "attlen": kind["typlen"],
        "attnum": number, "atttypmod": column.type.typmod, "attbyval": kind["typbyval"], "attalign": kind["typalign"],
        "attstorage": kind["typstorage"], "attcollation": kind["typcollation"],
    }  # fmt: skip


def _row_types(each: Relation, types: Mapping[int, Row]) -> Iterator[Row]:
    """The type of the rows and that of arrays of them, like those of pg_class."""
    for oid, like, name in ((each.row_type, 83, each.name), (each.array_type, 210, f"_{each.name}")):
        same = types[like]
        row = same | {"oid": oid, "typname": name, "typnamespace": NAMESPACE, "typowner": OWNER}
        if like == 83:  # noqa: PLR2004 - the row type of pg_class
            yield row | {"typrelid": each.oid, "typarray": each.array_type}
        else:
            yield row | {"typelem": each.row_type}


def _descriptions(each: Relation) -> Iterator[Row]:
    texts = [each.comment, *(column.comment for column in each.columns)]
    for number, text in enumerate(texts):
        if text:
            yield {"objoid": each.oid, "classoid": _CLASS, "objsubid": number, "description": text}
    if each.view is not None and each.comment:
        yield {"objoid": each.function, "classoid": _PROC, "objsubid": 0, "description": each.comment}


def _index(each: Relation, types: Mapping[int, Row]) -> Row:
    columns = [each.columns[each.position(name) - 1] for name in each.key]
    operators = {20: 3124, 23: 1978, 25: 3126, 16: 10003, 1082: 3122, 1700: 3125}
    return {
        "indexrelid": each.index, "indrelid": each.oid, "indnatts": len(each.key), "indnkeyatts": len(each.key),
        "indisunique": True, "indnullsnotdistinct": False, "indisprimary": True, "indisexclusion": False,
        "indimmediate": True, "indisclustered": False, "indisvalid": True, "indcheckxmin": False, "indisready": True,
        "indislive": True, "indisreplident": False, "indkey": [each.position(name) for name in each.key],
        "indcollation": [types[column.type.oid]["typcollation"] for column in columns],
        "indclass": [operators[column.type.oid] for column in columns], "indoption": [0] * len(columns),
    }  # fmt: skip


def _constraints(each: Relation, by_name: Mapping[str, Relation]) -> Iterator[Row]:
    if each.key:
        yield _CONSTRAINT | {
            "oid": each.constraint, "conname": f"{each.name}_pkey", "contype": "p", "conrelid": each.oid,
            "conindid": each.index, "confrelid": 0, "confupdtype": " ", "confdeltype": " ", "confmatchtype": " ",
            "conkey": [each.position(name) for name in each.key],
        }  # fmt: skip
    for key in each.foreign_keys:
        target = by_name[key.table]
        yield _CONSTRAINT | {
            "oid": key.oid, "conname": f"{each.name}_{key.column}_fkey", "contype": "f", "conrelid": each.oid,
            "conindid": target.index, "confrelid": target.oid, "confupdtype": "a", "confdeltype": "a",
            "confmatchtype": "s", "conkey": [each.position(key.column)], "confkey": [target.position(key.referenced)],
            "conpfeqop": [410], "conppeqop": [410], "conffeqop": [410],
        }  # fmt: skip
