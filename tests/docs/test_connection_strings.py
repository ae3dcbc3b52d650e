"""The documentation of connection strings says what the code does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.paths import DOCS

import harvest_duck
from harvest_duck import connections
from harvest_duck.connection import PROPERTIES, Support, parse
from harvest_duck.connection.properties import reference
from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "connection-strings.md"


def test_property_table_is_the_generated_one() -> None:
    """The table in the page equals the table in the code."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- properties -->\n")
    table, end, _ = rest.partition("<!-- /properties -->")
    assert end
    assert table == reference()


def test_every_property_is_one_row() -> None:
    """No text of the table breaks its Markdown."""
    head, rule, *rows = reference().splitlines()
    assert len(rows) == len(PROPERTIES)
    assert {row.count("|") for row in (head, rule, *rows)} == {5}


def test_later_properties_say_so() -> None:
    """A property without effect is marked in its row."""
    rows = dict(zip(PROPERTIES.values(), reference().splitlines()[2:], strict=True))
    assert all(("No effect yet" in row) == (entry.support is Support.LATER) for entry, row in rows.items())


def test_example_strings_in_the_page_parse() -> None:
    """Each line of the plain code blocks is a connection string."""
    blocks = PAGE.read_text(encoding="utf-8").split("```")[1::2]
    lines = [line for block in blocks if block.startswith("\n") for line in block.strip().splitlines()]
    assert len(lines) == 5
    assert all(parse(line) for line in lines)


def test_python_in_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As written, with the made-up account in the place of Harvest's for the one request."""
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with Sandbox(scale=0.1, limits=False) as sandbox:
        monkeypatch.setenv("HARVEST_DUCK_CONNECTION", f"BaseURL={sandbox.base_url}")
        exec(code.replace("AccountId=123456;APIKey=1234567.pt.AbCdEf", sandbox.connection_string()), {})  # noqa: S102
        assert [request.path for request in sandbox.requests] == ["/v2/users/me"]
    assert (tmp_path / "connections.toml").read_text().strip() == ""


@pytest.mark.parametrize("accounts", [f"{MAIN_ID},{EURO_ID}", "*"])
def test_sql_in_the_page_asks_one_account_alone(accounts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As written, but for the number; without the condition it asks both."""
    monkeypatch.setenv("HARVEST_DUCK_CONFIG_DIR", str(tmp_path))
    (sql,) = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with Sandbox(scale=0.1, limits=False) as sandbox, harvest_duck.connect() as con:
        connections.add("all", sandbox.connection_string().replace(f"={MAIN_ID};", f"={accounts};"))
        both = con.sql(sql.partition("WHERE")[0]).fetchall()
        assert len(both) == sum(len(sandbox.records(each, "clients")) for each in (MAIN_ID, EURO_ID))
        sandbox.clear_log()
        one = con.sql(sql.replace("234567", str(EURO_ID))).fetchall()
        assert sorted(one) == sorted((each["id"], each["name"]) for each in sandbox.records(EURO_ID, "clients"))
        assert [each.account_id for each in sandbox.requests if each.path == "/v2/clients"] == [str(EURO_ID)]
