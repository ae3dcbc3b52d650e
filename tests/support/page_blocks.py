"""The fenced blocks of a page, and which tests run those that are code.

A block that no test runs has the mark `<!-- not run: why -->` on the line before it. A page with a new block of code
enters here the test that runs it, or marks the block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.examples import COMMAND, EXAMPLE, PSQL
from support.paths import DOCS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["COUNTED", "PAGES", "PATTERNS", "Block", "blocks", "page_name"]

#: The languages of blocks that are no code: what is printed, and directives of Sphinx.
_NO_CODE = re.compile(r"text|\{.*\}.*|")
_FENCED = re.compile(r"(?P<mark>(?:^<!-- [^\n]* -->\n)*)^```(?P<language>[^\n]*)\n.*?^```", re.DOTALL | re.MULTILINE)
#: Every page for those who use the project: the README, those of the site, and those beside the examples.
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in page.parts),
    *sorted((ROOT / "examples").rglob("*.md")),
]

_CLIENTS = "tests/docs/test_serve_clients.py"
#: Where a form of blocks is on a page, the test that runs each of them and compares what it prints.
PATTERNS: dict[re.Pattern[str], dict[str, str]] = {
    EXAMPLE: {
        "README.md": "tests/docs/test_readme.py",
        "docs/access.md": "tests/docs/test_access.py",
        "docs/cache.md": "tests/docs/test_cache.py",
        "docs/coming-from/script.md": "tests/clients/test_script_page.py",
        "docs/dataset.md": "tests/docs/test_dataset.py",
        "docs/explain.md": "tests/end_to_end/test_explain.py",
        "docs/export.md": "tests/docs/test_export.py",
        "docs/incremental.md": "tests/docs/test_incremental.py",
        "docs/index.md": "tests/docs/test_site.py",
        "docs/keys.md": "tests/docs/test_keys.py",
        "docs/mirror.md": "tests/docs/test_mirror.py",
        "docs/notebooks.md": "tests/clients/test_notebooks_page.py",
        "docs/python.md": "tests/docs/test_python.py",
        "docs/quickstart.md": "tests/docs/test_quickstart.py",
        "docs/raw.md": "tests/docs/test_raw.py",
        "docs/report.md": "tests/docs/test_report.py",
        "docs/reports.md": "tests/docs/test_reports.py",
        "docs/serve/odbc.md": _CLIENTS,
        "docs/serve/python.md": _CLIENTS,
        "docs/shared-database.md": "tests/docs/test_python.py",
        "docs/sql.md": "tests/docs/test_sql.py",
        "docs/views.md": "tests/docs/test_views.py",
    },
    COMMAND: {
        "docs/coming-from/script.md": "tests/docs/test_coming_from.py",
        "docs/command-line.md": "tests/docs/test_command_line.py",
        "docs/terminal.md": "tests/docs/test_terminal.py",
    },
    PSQL: {"docs/serve.md": _CLIENTS, "docs/serve/psql.md": _CLIENTS},
}
#: So many other blocks of a language run in a test that reads them from the page, or from the files that it shows.
COUNTED: dict[str, dict[str, tuple[int, str]]] = {
    "README.md": {"sh": (2, ".ci/readme-command")},
    "docs/clients.md": {"python": (8, "tests/clients/test_pages.py")},
    "docs/coming-from/singer.md": {"sql": (1, "tests/docs/test_coming_from.py")},
    "docs/command-line.md": {"sh": (1, "tests/docs/test_command_line.py")},
    "docs/connection-strings.md": {
        "python": (1, "tests/docs/test_connection_strings.py"),
        "sql": (1, "tests/docs/test_connection_strings.py"),
    },
    "docs/cookbook.md": {"sql": (26, "tests/docs/test_cookbook.py")},
    "docs/dataset.md": {"python": (2, "tests/support/engine_examples.py")},
    "docs/dbt.md": {"sql": (5, "tests/docs/test_dbt.py"), "yaml": (3, "tests/clients/test_dbt.py")},
    "docs/export.md": {"python": (2, "tests/clients/test_exports.py")},
    "docs/incremental.md": {
        "python": (1, "tests/end_to_end/test_incremental_loads.py"),
        "sql": (5, "tests/end_to_end/test_incremental_loads.py"),
    },
    "docs/notebooks.md": {
        "python": (3, "tests/clients/test_notebooks_page.py"),
        "sql": (6, "tests/clients/test_notebooks_page.py"),
    },
    "docs/oauth.md": {"python": (2, "tests/docs/test_oauth.py")},
    "docs/orchestration.md": {"python": (1, "tests/docs/test_orchestration.py")},
    "docs/recipes.md": {"python": (5, "tests/support/clients.py")},
    "docs/reports.md": {"sql": (1, "tests/docs/test_blocks.py")},
    "docs/sandbox.md": {"python": (3, "tests/docs/test_sandbox.py")},
    "docs/serve.md": {"toml": (1, "tests/docs/test_serve.py")},
    "docs/serve/java.md": {"java": (1, _CLIENTS)},
    "docs/serve/node.md": {"js": (1, _CLIENTS)},
    "docs/sql.md": {"sql": (1, "tests/docs/test_sql.py")},
    "docs/sqlalchemy.md": {"python": (5, "tests/clients/test_sqlalchemy_page.py")},
    "docs/tables.md": {"sh": (1, "tests/docs/test_blocks.py")},
    "docs/time-off.md": {"sql": (3, "tests/end_to_end/test_time_off.py")},
    **{
        f"docs/tables/{page.name}": {"sql": (1, "tests/docs/test_tables.py")} for page in (DOCS / "tables").glob("*.md")
    },
    **{f"docs/views/{page.name}": {"sql": (1, "tests/docs/test_views.py")} for page in (DOCS / "views").glob("*.md")},
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it begins and ends, its language, and the line, with its mark, that it begins with."""

    start: int
    end: int
    line: int
    language: str
    mark: str

    @property
    def code(self) -> bool:
        """Whether it is something to run, or a file to use."""
        return not _NO_CODE.fullmatch(self.language)

    @property
    def left_out(self) -> bool:
        """Whether the page says that it is not run, and why."""
        return re.search(r"^<!-- not run: \S", self.mark, re.MULTILINE) is not None


def page_name(page: Path) -> str:
    """The path of a page in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """Return the blocks of a page in their order."""
    text = page.read_text("utf-8")
    for found in _FENCED.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        start = found.start() + len(found["mark"])
        yield Block(start, found.end(), line, found["language"], found["mark"])
