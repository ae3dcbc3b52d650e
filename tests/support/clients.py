"""The clients of other people that the tests in `clients` and `engines` run, and the examples of them on the pages."""

from __future__ import annotations

import importlib
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from support.paths import DOCS

from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

__all__ = [
    "PAGE",
    "RECIPES",
    "cells",
    "client",
    "client_names",
    "let_warn",
    "recipe",
    "works_alone",
    "write_examples",
]

_REQUIRED = bool(os.environ.get("HARVEST_DUCK_REQUIRE_CLIENTS"))
RECIPES = (DOCS / "recipes.md").read_text("utf-8")
PAGE = (DOCS / "clients.md").read_text("utf-8")
_FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)


def client(module: str) -> Any:
    """Return a module of a client. Where it is not installed the test is skipped, or fails if clients are required."""
    return importlib.import_module(module) if _REQUIRED else pytest.importorskip(module)


def let_warn(items: list[pytest.Item], folder: str) -> None:
    """Let the tests of a folder meet warnings of their libraries, which are no errors there."""
    for item in items:
        if item.nodeid.startswith(folder):
            item.add_marker(pytest.mark.filterwarnings("default"))


def client_names(sandbox: Sandbox) -> list[str]:
    """Return the names of the clients of the agency, in the order of their ids."""
    records = sorted(sandbox.records(MAIN_ID, "clients"), key=lambda record: record["id"])
    return [record["name"] for record in records]


def works_alone(name: str, use: Callable[[], object]) -> None:
    """Skip the test where a client fails without Harvest too, as one does that is older than this DuckDB."""
    try:
        use()
    except Exception as error:  # noqa: BLE001 - whatever its fault is
        pytest.skip(f"{name} does not work with this DuckDB: {error}")


def cells(text: str, connection: str) -> list[str]:
    """Return the blocks of Python in a text that are no files, with `connection` in place of the sandbox."""
    blocks: list[str] = re.findall(r"```python\n(.*?)```", _FILE.sub("", text), re.DOTALL)
    return [block.replace("DSN=sandbox", connection) for block in blocks]


def recipe(tool: str, connection: str, *, blocks: int) -> dict[str, Any]:
    """Run the Python of a recipe, so many blocks, with `connection` in place of the sandbox; return its names."""
    section = RECIPES.partition(f"\n## {tool}\n")[2].partition("\n## ")[0]
    # What is defined in `__main__` travels to other processes by value.
    names: dict[str, Any] = {"__name__": "__main__"}
    found = cells(section, connection)
    assert len(found) == blocks
    for block in found:
        exec(block, names)  # noqa: S102 - the page's own code
    return names


def write_examples(folder: Path, connection: str, text: str = PAGE) -> None:
    """Write the files that a page shows, that about clients or another, with `connection` in place of the sandbox."""
    for name, content in _FILE.findall(text):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content.replace("DSN=sandbox", connection), encoding="utf-8")
