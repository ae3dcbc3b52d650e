"""Each table has a page, with what the catalog tells of it, and an example with what it prints.

`UPDATE_README=1 pytest tests/docs/test_tables.py` writes both anew. The question and the SQL stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.asked import asked
from support.examples import UPDATE
from support.paths import DOCS
from support.table_pages import GROUPS, catalogue_part, listing

import harvest_duck
from harvest_duck import sandbox
from harvest_duck.catalog.tables import TABLES
from harvest_duck.display.result import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

INDEX = DOCS / "tables.md"
FOLDER = DOCS / "tables"
WIDTH = 110
PAGE = re.compile(
    r"# (?P<name>\w+)\n\n(?P<description>[^\n]+)\n\n(?P<question>[^`]+)\n\n(?P<sql>```sql\n.*?```)\n\n"
    r"```text\n.*?```\n\n[^\n]*\n\n<!-- catalogue -->\n.*<!-- /catalogue -->\n",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def agency() -> Iterator[duckdb.DuckDBPyConnection]:
    """What DSN=sandbox means, without the rate limits."""
    with harvest_duck.connect(f"{sandbox.shared().connection_string()};RateLimit=off;ReportsRateLimit=off") as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con


def printed(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """What `harvest-duck query` prints for a query on a terminal of that width."""
    result = con.execute(sql)
    names = [column[0] for column in result.description]
    return as_text(names, result.fetchall(), WIDTH)


def sentence(requests: list[str]) -> str:
    """How many requests an example sends, and one of them."""
    shown = f"`{min(requests)}`"
    return (
        f"The query sends one request: {shown}."
        if len(requests) == 1
        else f"The query sends {len(requests)} requests, such as {shown}."
    )


def same(page: Path, wanted: str) -> None:
    """Write the page anew, or fail if it is another."""
    if UPDATE:
        page.write_text(wanted, encoding="utf-8")
    assert page.read_text("utf-8") == wanted


def test_every_table_has_a_page_and_every_page_a_table() -> None:
    assert {page.stem for page in FOLDER.iterdir()} == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_a_page_tells_what_the_catalogue_tells_and_what_its_example_prints(
    name: str, agency: duckdb.DuckDBPyConnection
) -> None:
    page = FOLDER / f"{name}.md"
    found = PAGE.fullmatch(page.read_text("utf-8"))
    assert found, "the form of a page"
    sql = found["sql"].removeprefix("```sql\n").removesuffix("```")
    assert re.search(rf"\bharvest\.{name}\b", sql)
    sandbox.shared().clear_log()
    output = "\n".join(line.rstrip() for line in printed(agency, sql).splitlines())
    assert not output.endswith("(0 rows)")
    parts = [f"# {name}", TABLES[name].description + ".", found["question"], found["sql"], f"```text\n{output}\n```"]
    parts += [
        sentence(asked(sandbox.shared())),
        f"<!-- catalogue -->\n{catalogue_part(TABLES[name])}\n<!-- /catalogue -->\n",
    ]
    same(page, "\n\n".join(parts))


def test_the_list_of_tables_leads_to_each_page_once() -> None:
    groups = {
        heading: [
            name
            for name in TABLES
            if any(name == start or (name.startswith(start) and start[-1] != "s") for start in starts)
        ]
        for heading, starts in GROUPS.items()
    }
    assert sorted(name for names in groups.values() for name in names) == sorted(TABLES)
    sections = "\n\n".join(f"## {heading}\n\n{listing(names)}" for heading, names in groups.items())
    text = INDEX.read_text("utf-8")
    same(
        INDEX,
        re.sub(
            r"(<!-- tables -->\n).*(<!-- /tables -->)", lambda m: f"{m[1]}{sections}\n{m[2]}", text, flags=re.DOTALL
        ),
    )
