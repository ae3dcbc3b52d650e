"""The rows of PostgreSQL's catalogue for the ready views as functions, and the texts of all objects of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.pg_catalog import definitions
from harvest_duck.servers.postgres.pg_catalog.objects import NAMESPACE, OWNER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harvest_duck.servers.postgres.pg_catalog.objects import Relation, Row

__all__ = ["functions", "texts"]

_RECORD, _LANGUAGE_SQL = 2249, 14


def functions(relations: Iterable[Relation]) -> Iterator[Row]:
    """Yield the row of pg_proc for each ready view."""
    for each in relations:
        if each.view is None:
            continue
        given = [definitions.argument_type(argument) for argument in each.view.arguments]
        returned = [column.type.oid for column in each.columns]
        names = [argument.name for argument in each.view.arguments] + [column.name for column in each.columns]
        yield {
            "oid": each.function, "proname": each.name, "pronamespace": NAMESPACE, "proowner": OWNER,
            "prolang": _LANGUAGE_SQL, "procost": 100.0, "prorows": 1000.0, "provariadic": 0, "prosupport": 0,
            "prokind": "f", "prosecdef": False, "proleakproof": False, "proisstrict": False, "proretset": True,
            "provolatile": "s", "proparallel": "u", "pronargs": len(given), "pronargdefaults": len(given),
            "prorettype": _RECORD, "proargtypes": given, "proallargtypes": given + returned,
            "proargmodes": ["i"] * len(given) + ["t"] * len(returned), "proargnames": names,
            "proargdefaults": ", ".join(definitions.default(argument) for argument in each.view.arguments) or None,
            "prosrc": f"\n{each.view.sql}\n",
        }  # fmt: skip


def texts(relations: Iterable[Relation]) -> dict[str, list[Row]]:
    """Return the rows of the tables that functions of definitions look up."""
    made: dict[str, list[Row]] = {
        name: [] for name in ("_functions", "_views", "_constraints", "_indexes", "_defaults")
    }
    for each in relations:
        if each.view is not None:
            made["_functions"].append(
                {
                    "__oid": each.function,
                    "__arguments": definitions.arguments(each.view, defaults=True),
                    "__identity": definitions.arguments(each.view, defaults=False),
                    "__result": definitions.result(each),
                    "__definition": definitions.function(each, each.view),
                }
            )
            query, pretty = (definitions.view_query(each, pretty=pretty) for pretty in (False, True))
            made["_views"].append({"__oid": each.oid, "__text": query, "__pretty": pretty})
            made["_defaults"] += (
                {"__oid": each.function, "__part": number, "__text": definitions.default(argument)}
                for number, argument in enumerate(each.view.arguments, 1)
            )
        if each.key:
            made["_constraints"].append({"__oid": each.constraint, "__text": definitions.primary_key(each)})
            made["_indexes"] += (
                {"__oid": each.index, "__part": part, "__text": definitions.unique_index(each, pretty=part < 0)}
                for part in (0, -1)
            )
            made["_indexes"] += (
                {"__oid": each.index, "__part": number, "__text": name} for number, name in enumerate(each.key, 1)
            )
        made["_constraints"] += (
            {"__oid": key.oid, "__text": definitions.foreign_key(key)} for key in each.foreign_keys
        )
    return made
