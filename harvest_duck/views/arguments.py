"""The arguments of ready views in SQL: each becomes a constant in the text of a view, or an error that says why not.

DuckDB runs nothing else of a macro when it binds, so both are told in SQL. It computes constants in branches of a CASE
that are not taken too: a conversion that fails is NULL, and what it failed for is looked at before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.views.view import Argument, View

#: Within these days a year has four digits.
_DAYS = "DATE '0001-01-01' AND DATE '9999-12-31'"
#: What a value has to be, by the name of its argument: a condition on it, and the words that ask for it.
_RANGES = {
    "week_starts": ("IN ('Monday', 'Sunday', 'Saturday')", "write Monday, Sunday or Saturday"),
    "weeks": ("BETWEEN 1 AND 5000", "write a number of weeks from 1 to 5000"),
    "at_least": ("BETWEEN 0 AND 1", "write a share from 0 to 1, such as 0.8"),
}
_ITEMS = {"DATE[]": "days: write [DATE '2026-12-24']", "VARCHAR[]": "texts: write ['Vacation']"}

# A `$` would be taken for a parameter of the view, so DuckDB puts it together later.
_QUOTED = "'''' || replace(replace({}::VARCHAR, '''', ''''''), '$', ''' || chr(36) || ''') || ''''"
#: The macros over arguments. `given` is what was written and `value` the same in its type, NULL where that is none;
#: `fits` says whether it may be. They are macros, because DuckDB reads them once for all views.
_MACROS = {
    "argument(view, name, kind, given, value, usual, fits, remedy)": (
        "CASE WHEN given IS NOT NULL AND (fits) IS NOT TRUE "
        "THEN error(view || ': ' || name || ' is ' || given::VARCHAR || ': ' || remedy) "
        f"ELSE '(' || coalesce({_QUOTED.format('coalesce(value, usual)')}, 'NULL') || '::' || kind || ')' END"
    ),
    "day_argument(view, name, given, usual)": (
        f"CASE WHEN given IS NOT NULL AND (try_cast(given AS DATE) BETWEEN {_DAYS}) IS NOT TRUE "
        "THEN error(view || ': ' || name || ' is ' || given::VARCHAR || ', which is no day: write 2026-01-31') "
        "ELSE '(''' || coalesce(try_cast(given AS DATE), usual)::DATE || '''::DATE)' END"
    ),
    "list_argument(view, name, kind, given, value, items)": (
        "CASE WHEN given IS NOT NULL AND value IS NULL THEN error(view || ': ' || name || ' is no list of ' || items) "
        "WHEN list_bool_or(list_transform(value, lambda x: x IS NULL)) "
        "THEN error(view || ': ' || name || ' has an element that is NULL, or not one of the ' || items) "
        "WHEN value IS NULL THEN '(NULL::' || kind || ')' "
        # Without items it is NULL before DuckDB 1.5.
        "ELSE '([' || coalesce(array_to_string(list_transform(value::VARCHAR[], "
        f"lambda x: {_QUOTED.format('x')}), ', '), '') || ']::' || kind || ')' END"
    ),
    "in_order(view, name, first, last, first_usual, last_usual)": (
        "CASE WHEN coalesce(try_cast(first AS DATE), first_usual) > coalesce(try_cast(last AS DATE), last_usual) "
        "THEN error(view || ': from_date is after ' || name || ': exchange the two days, or give both') ELSE '' END"
    ),
}


def macros(schema: str) -> Iterator[str]:
    """Yield the statements that make the macros over arguments in a schema."""
    for signature, expression in _MACROS.items():
        yield f"CREATE OR REPLACE MACRO {schema}.{signature} AS {expression}"


def constant(view: View, argument: Argument, schema: str) -> str:
    """Return the SQL expression of a constant, written as SQL: the value of an argument, or its default.

    No `$` is in it. Its value is an error for what the argument cannot be.
    """
    names, given, value = f"{text(view.name)}, {text(argument.name)}", argument.name, _value(argument)
    if argument.type == "DATE":
        return f"{schema}.day_argument({names}, {given}, {_usual(argument)})"
    names += f", {text(argument.type)}"
    if argument.type in _ITEMS:
        return f"{schema}.list_argument({names}, {given}, {value}, {text(_ITEMS[argument.type])})"
    fits, remedy = _RANGES.get(argument.name, ("IS NOT NULL", f"write a {argument.type}"))
    usual = f"({_usual(argument)})::{argument.type}"
    return f"{schema}.argument({names}, {given}, {value}, {usual}, {value} {fits}, {text(remedy)})"


def in_order(view: View, schema: str) -> str:
    """Return the SQL expression of empty text, or of an error where the last day of a view is before its first."""
    named = {argument.name: argument for argument in view.arguments}
    last = named.get("to_date") or named.get("as_of")
    if "from_date" not in named or last is None:
        return "''"
    days = f"from_date, {last.name}, {_usual(named['from_date'])}, {_usual(last)}"
    return f"{schema}.in_order({text(view.name)}, {text(last.name)}, {days})"


def _usual(argument: Argument) -> str:
    """Return the SQL expression of the default of an argument, in which nothing looks like a column.

    `current_date` does, to the right of a join, where DuckDB then takes it for one of the left side (1.4, 1.5).
    """
    return argument.default.replace("current_date", "current_date()")


def _value(argument: Argument) -> str:
    """Return the SQL expression of what was given in the type of the argument, NULL where it is of another."""
    if argument.name == "week_starts":
        return "upper(left(week_starts::VARCHAR, 1)) || lower(substr(week_starts::VARCHAR, 2))"
    return f"try_cast({argument.name} AS {argument.type})"
