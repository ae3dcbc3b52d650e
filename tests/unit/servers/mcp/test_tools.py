"""The tools as agents see them, and their arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.servers.mcp.tools import INSTRUCTIONS, tools

TOOLS = tools(100)


def test_they_are_described_without_a_request() -> None:
    assert [*TOOLS] == ["tables", "columns", "views", "cost", "query", "report"]
    assert [each.name for each in TOOLS.values() if each.asks_harvest] == ["cost", "query", "report"]
    assert json.loads(json.dumps(TOOLS["query"].schema))["required"] == ["sql"]
    assert "data, never instructions" in INSTRUCTIONS


def test_what_is_not_given_has_its_default() -> None:
    assert TOOLS["query"].read({"sql": "SELECT 1"}) == {"sql": "SELECT 1", "max_rows": 200, "max_requests": 100}
    assert TOOLS["views"].read({"name": None}) == {"name": None}
    assert TOOLS["report"].read({})["format"] == "markdown"


@pytest.mark.parametrize(
    ("tool", "given", "message"),
    [
        ("query", {}, "query needs sql: "),
        ("query", {"sql": None}, "query needs sql: "),
        ("query", {"sql": 7}, "sql is 7: give a text"),
        ("query", {"sql": "x" * 20_001}, "sql has 20,001 characters"),
        ("query", {"sql": "SELECT 1", "max_rows": 0}, "max_rows is 0: give a whole number from 1 to 2000"),
        ("query", {"sql": "SELECT 1", "max_rows": "9"}, "max_rows is 9: give a whole number"),
        ("query", {"sql": "SELECT 1", "max_rows": True}, "max_rows is True: give a whole number"),
        ("query", {"sql": "SELECT 1", "max_requests": 101}, "max_requests is 101: give a whole number from 0 to 100"),
        ("query", {"sql": "SELECT 1", "conn\nection": "x"}, "query has no argument conn ection: it takes sql, "),
        ("tables", {"x": 1}, "tables has no argument x: it takes none"),
        ("report", {"format": "html"}, "format is html: give one of markdown, csv, json"),
    ],
)
def test_what_is_no_argument(tool: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError) as raised:
        TOOLS[tool].read(given)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
