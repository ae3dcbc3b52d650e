"""The pages for those who come from another tool: their tables are there, strings work, and each claim has its source.

`UPDATE_README=1 pytest tests/docs/test_coming_from.py` writes anew what is printed and listed.
`clients/test_script_page.py` runs the script.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from support.examples import UPDATE, check_commands
from support.paths import DOCS

from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import parse
from harvest_duck.connection.properties import PROPERTIES, Support

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

COMPARISON = DOCS / "comparison.md"
PAGES = [COMPARISON, *sorted((DOCS / "coming-from").glob("*.md"))]
CDATA = DOCS / "coming-from" / "cdata.md"
#: The properties of CData's page about Harvest, with the values that it allows.
OF_CDATA = {
    "AccountId": (),
    "APIKey": (),
    "AuthScheme": ("NONE", "OAUTH"),
    "CallbackURL": (),
    "InitiateOAuth": ("OFF", "GETANDREFRESH", "REFRESH"),
    "OAuthClientId": (),
    "OAuthClientSecret": (),
    "Profile": (),
    "ProfileSettings": (),
}
#: What a cell of the comparison says where the tool leaves it to another one.
LEFT = {"by the destination", "by the target", "the destination's", "the target's"}
#: What a cell says where what the tool is leaves no question, or where nothing was found.
PLAIN = {"?", "-", "no: a source", "no: a tap", "no: it copies"} | LEFT


def between(page: Path, mark: str) -> str:
    """Return what stands between the marks of a page."""
    (text,) = re.findall(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", page.read_text("utf-8"), re.DOTALL)
    return str(text)


def cells(table: str) -> list[list[str]]:
    """Return the rows of a table in Markdown, without its head."""
    rows = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    return [[cell.strip(" |") for cell in row] for row in rows[2:]]


@pytest.mark.parametrize(("name", "streams"), [("airbyte", 32), ("singer", 25)])
def test_each_stream_has_a_table_with_the_columns_that_the_page_names(name: str, streams: int) -> None:
    rows = cells(between(DOCS / "coming-from" / f"{name}.md", "streams"))
    assert len({row[0] for row in rows}) == len(rows) == streams
    for _, named, *differs in rows:
        columns = {column.name for column in TABLES[named.strip("`")].columns}
        assert set(re.findall(r"→ `(\w+)`", "".join(differs))) <= columns, named
        assert set(re.findall(r"also as `(\w+)`", "".join(differs))) <= set(TABLES), named


def test_the_roles_of_people_come_as_the_page_says(attached: duckdb.DuckDBPyConnection) -> None:
    (statement,) = re.findall(r"```sql\n(.*?)```", (DOCS / "coming-from" / "singer.md").read_text("utf-8"), re.DOTALL)
    columns = [column[0] for column in attached.execute(statement).description]
    assert columns == ["role_id", "user_id"]
    assert len(attached.fetchall()) > 5


def test_each_property_of_cdata_has_its_row_and_its_values() -> None:
    rows = cells(between(CDATA, "seed properties"))
    named = {name: text for row in rows for name in re.findall(r"`(\w+)`", row[0]) for text in [" ".join(row[1:])]}
    assert set(named) == set(OF_CDATA)
    for name, values in OF_CDATA.items():
        assert all(f"`{value}`" in named[name] for value in values), name
        assert name in PROPERTIES


def test_the_strings_of_cdata_work() -> None:
    (strings,) = re.findall(r"<!-- strings -->\n```text\n(.*?)```", CDATA.read_text("utf-8"), re.DOTALL)
    assert len(strings.splitlines()) == 2
    for string in strings.splitlines():
        assert parse(string)


def test_what_has_no_effect_is_listed() -> None:
    without = sorted((entry.name for entry in PROPERTIES.values() if entry.support is Support.LATER), key=str.lower)
    text = CDATA.read_text("utf-8")
    wanted = re.sub(
        r"(<!-- without effect -->\n).*?(<!-- /without effect -->)",
        lambda found: f"{found[1]}{', '.join(f'`{name}`' for name in without)}.\n{found[2]}",
        text,
        flags=re.DOTALL,
    )
    if UPDATE:
        CDATA.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_the_command_in_place_of_a_script_prints_what_stands_below_it() -> None:
    check_commands(DOCS / "coming-from" / "script.md", least=1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_source_is_named_once_and_used(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    sources = re.findall(r"^\[([\w-]+)\]: https?://\S+$", text, re.MULTILINE)
    assert sorted(sources) == sorted(set(re.findall(r"\]\[([\w-]+)\]", text)))


def test_each_cell_about_another_tool_has_a_source_or_says_that_none_was_found() -> None:
    found = cells(COMPARISON.read_text("utf-8").partition("## Side by side\n")[2].strip().partition("\n\n")[0])
    assert len(found) > 15
    for what, ours, *others in found:
        assert ours, what
        assert len(others) == 4, what
        for cell in others:
            assert cell in PLAIN or "][" in cell, (what, cell)
