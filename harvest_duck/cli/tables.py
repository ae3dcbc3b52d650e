"""`harvest-duck tables` and `harvest-duck describe`: what there is to query."""

from __future__ import annotations

import click

from harvest_duck.cli import completion
from harvest_duck.cli.output import form_option, show_listed
from harvest_duck.introspection import catalog_tables

__all__ = ["DESCRIBE", "describe", "tables"]

DESCRIBE = """
SELECT column_name, replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ') AS data_type,
       CASE WHEN key THEN 'key' ELSE '' END AS key, array_to_string(operators, ' ') AS pushed_down,
       description
FROM listed
"""


@click.command()
@form_option
def tables(form: str | None) -> None:
    """List the tables."""
    show_listed(catalog_tables.tables(), form, sql="SELECT table_name, columns, description FROM listed")


@click.command(short_help="List the columns of a table.")
@click.argument("table", shell_complete=completion.tables)
@form_option
def describe(table: str, form: str | None) -> None:
    """List the columns of a table, with the operators that reach the API."""
    show_listed(catalog_tables.describe(table), form, sql=DESCRIBE)
