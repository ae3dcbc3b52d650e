"""Properties of dbt, as YAML: tables as sources and ready views as models, with the descriptions that the catalog has.

`python -m harvest_duck.integrations.dbt_properties clients projects utilization > models/harvest.yml` writes those of
two tables and of a model that is named after a ready view. It needs no dbt, and sends nothing.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

import click

from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import HarvestDuckError, UnknownTable
from harvest_duck.views.load import views

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


def properties(names: Collection[str], *, catalog: str = "harvest") -> str:
    """Return the properties of tables and ready views, those of tables as a source that is named as the catalog.

    Raises `UnknownTable` for a name that neither has.
    """
    for name in names:
        if name not in TABLES and name not in views():
            raise UnknownTable(
                f"there is no table or ready view {name}: FROM harvest_tables() and FROM harvest_views() list them"
            )
    tables, models = ([name for name in names if name in known] for known in (TABLES, views()))
    lines = chain(_sources(tables, catalog) if tables else (), _models(models) if models else ())
    return "".join(f"{line}\n" for line in lines)


def _sources(tables: Iterable[str], catalog: str) -> Iterator[str]:
    name = _quoted(catalog)
    yield from ("sources:", f"  - name: {name}", f"    database: {name}", "    schema: main", "    tables:")
    for each in tables:
        table = TABLES[each]
        yield f"      - name: {each}"
        yield f"        description: {_quoted(table.description)}"
        yield from _columns({column.name: column.description for column in table.columns}, " " * 8)


def _models(names: Iterable[str]) -> Iterator[str]:
    yield "models:"
    for each in names:
        view = views()[each]
        yield f"  - name: {each}"
        description = f"{view.question}\n\n{view.definition}"
        yield f"    description: {_quoted(description)}"
        yield from _columns(view.columns, " " * 4)


def _columns(descriptions: Mapping[str, str], indent: str) -> Iterator[str]:
    yield f"{indent}columns:"
    for name, description in descriptions.items():
        yield f"{indent}  - name: {name}"
        yield f"{indent}    description: {_quoted(description)}"


def _quoted(text: str) -> str:
    """Return a text as a string of JSON, which is one of YAML 1.2 too: it may hold colons, quotes and line breaks."""
    return json.dumps(text, ensure_ascii=False)


@click.command()
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--name", "catalog", default="harvest", help="The catalog that the plugin gives the account.", show_default=True
)
def main(names: tuple[str, ...], catalog: str) -> None:
    """Write the properties of tables, as sources, and of ready views, as models, with their descriptions."""
    try:
        click.echo(properties(names, catalog=catalog), nl=False)
    except HarvestDuckError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
