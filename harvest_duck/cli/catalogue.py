"""`harvest-duck tables` and `harvest-duck describe`: what there is to query."""

from __future__ import annotations

import click
import duckdb

from harvest_duck import catalog
from harvest_duck.cli.output import Format, show

__all__ = ["describe", "tables"]

_form = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    help="How to write.",
)

_DESCRIBE = """
SELECT column_name, data_type, CASE WHEN key THEN 'key' ELSE '' END AS key,
       array_to_string(operators, ' ') AS pushed_down, description
FROM described
"""


@click.command()
@_form
def tables(form: str) -> None:
    """List the tables."""
    with duckdb.connect() as con:
        con.register("listed", catalog.tables())
        show(con, "SELECT table_name, columns, description FROM listed", Format(form))


@click.command()
@click.argument("table")
@_form
def describe(table: str, form: str) -> None:
    """List the columns of a table, with the operators that reach the API."""
    described = catalog.describe(table)
    with duckdb.connect() as con:
        con.register("described", described)
        show(con, _DESCRIBE, Format(form))
