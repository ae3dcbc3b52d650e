"""The page about pushdown has the table that the catalogue makes; `UPDATE_README=1 pytest …` writes it anew."""

from __future__ import annotations

import os
import re

from support.paths import DOCS

from harvest_duck.catalog.tables import TABLES
from harvest_duck.introspection.pushed_operators import pushed

PAGE = DOCS / "pushdown.md"


def listing() -> str:
    """Each predicate that becomes part of a request, as Markdown."""
    rows = [
        f"| `{table.name}` | `{column.name}` | {' '.join(f'`{operator}`' for operator in each.operators)} "
        f"| `{each.sent}` | {'exact' if each.exact else 'checked'} |"
        for table in TABLES.values()
        for column in table.columns
        for each in pushed(table, column)
    ]
    return "\n".join(["| table | column | operators | sent as | |", "|---|---|---|---|---|", *rows])


def test_the_page_has_the_table_of_the_catalogue() -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = re.sub(
        r"(<!-- pushdown -->\n).*?(<!-- /pushdown -->)", lambda m: f"{m[1]}{listing()}\n{m[2]}", text, flags=re.DOTALL
    )
    if os.environ.get("UPDATE_README"):
        PAGE.write_text(wanted, encoding="utf-8")
        return
    assert text == wanted


def test_every_parameter_of_the_catalogue_is_in_it() -> None:
    rows = listing()
    for table in TABLES.values():
        for param in table.params:
            assert re.search(rf"\| `{table.name}` \| `{param.column}` \| [^|]* \| `{param.name}` \|", rows)
