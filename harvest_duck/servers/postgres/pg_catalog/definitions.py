"""Objects of a database as SQL, word for word as PostgreSQL 15 prints them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.servers.postgres.pg_catalog.objects import SCHEMA
from harvest_duck.servers.postgres.values.types import column_type, format_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.servers.postgres.pg_catalog.objects import Column, ForeignKey, Relation
    from harvest_duck.views.view import Argument, View

__all__ = [
    "argument_type",
    "arguments",
    "default",
    "foreign_key",
    "function",
    "primary_key",
    "result",
    "unique_index",
    "view_query",
]

_YEAR = "(date_trunc('year'::text, (CURRENT_DATE)::timestamp with time zone))::date"
_PRETTY_YEAR = "date_trunc('year'::text, CURRENT_DATE::timestamp with time zone)::date"


def argument_type(argument: Argument) -> int:
    """Return the number of the type of an argument."""
    return column_type(argument.type, arrays=True).oid


def default(argument: Argument, *, pretty: bool = False) -> str:
    """Return the default of an argument."""
    text = argument.default
    if text == "date_trunc('year', current_date)":
        return _PRETTY_YEAR if pretty else _YEAR
    if text == "current_date":
        return "CURRENT_DATE"
    if day := re.fullmatch(r"DATE ('.*')", text):
        return f"{day[1]}::date"
    if text == "NULL" or text.startswith("'"):
        return f"{text}::{format_type(argument_type(argument), -1)}"
    return text


def arguments(view: View, *, defaults: bool) -> str:
    """Return the arguments of the function of a ready view, as between its parentheses."""
    return ", ".join(
        f"{each.name} {format_type(argument_type(each), -1)}{f' DEFAULT {default(each)}' if defaults else ''}"
        for each in view.arguments
    )


def result(relation: Relation) -> str:
    """Return what the function of a ready view returns."""
    return f"TABLE({', '.join(f'{each.name} {format_type(each.type.oid, -1)}' for each in relation.columns)})"


def function(relation: Relation, view: View) -> str:
    """Return the statement that makes the function of a ready view."""
    return (
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{relation.name}({arguments(view, defaults=True)})\n"
        f" RETURNS {result(relation)}\n LANGUAGE sql\n STABLE\nAS $function$\n{view.sql}\n$function$\n"
    )


def view_query(relation: Relation, *, pretty: bool = False) -> str:
    """Return the query of a view, which calls its function and says the precision that the function does not."""
    name = relation.name
    selected = ",\n    ".join(_selected(name, column, pretty=pretty) for column in relation.columns)
    columns = ", ".join(column.name for column in relation.columns)
    given = ", ".join(default(each, pretty=pretty) for each in (relation.view.arguments if relation.view else ()))
    return f" SELECT {selected}\n   FROM {name}({given}) {name}({columns});"


def _selected(relation: str, column: Column, *, pretty: bool) -> str:
    place = f"{relation}.{column.name}"
    if column.type.typmod < 0:
        return place
    return f"{place if pretty else f'({place})'}::{format_type(column.type.oid, column.type.typmod)} AS {column.name}"


def primary_key(relation: Relation) -> str:
    """Return the constraint of the key of a table."""
    return f"PRIMARY KEY ({_listed(relation.key)})"


def unique_index(relation: Relation, *, pretty: bool = False) -> str:
    """Return the statement that makes the index of the key of a table."""
    schema = "" if pretty else f"{SCHEMA}."
    return f"CREATE UNIQUE INDEX {relation.name}_pkey ON {schema}{relation.name} USING btree ({_listed(relation.key)})"


def foreign_key(key: ForeignKey) -> str:
    """Return the constraint of a foreign key."""
    return f"FOREIGN KEY ({key.column}) REFERENCES {key.table}({key.referenced})"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
