"""The pages about the server name what it has, and no block on them is neither run nor marked.

`.ci/postgres` runs the blocks, by test_serve_clients.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.examples import UPDATE
from support.paths import DOCS

from harvest_duck.cli.serve import _first_lines, _person, serve
from harvest_duck.connection import resolve
from harvest_duck.servers.postgres import cache_report, statement_log
from harvest_duck.servers.postgres.failures.failures import HARVEST
from harvest_duck.servers.postgres.statement_log import StatementLog
from harvest_duck.servers.served import served

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "serve.md"
TEXT = PAGE.read_text("utf-8")
#: The others have tests of their own, and blocks of none.
PAGES = [
    PAGE,
    *(page for page in sorted((DOCS / "serve").glob("*.md")) if page.name not in {"catalogue.md", "dialect.md"}),
]
#: What a test does with the block below.
MARKED = re.compile(r"<!-- (not run: .+|psql|file: \S+|first lines|log) -->\n```(\w+)\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_run_or_says_that_it_is_not(page: Path) -> None:
    text = page.read_text("utf-8")
    # Python is run with what it prints below it; a picture and what a block prints are texts.
    others = [kind for kind in re.findall(r"^```(\w+)$", text, re.MULTILINE) if kind not in {"python", "text"}]
    marked = [kind for _, kind in MARKED.findall(text) if kind != "text"]
    assert others == marked
    assert len(re.findall(r"^```python$", text, re.MULTILINE)) == len(re.findall(r"```\n\n```text", text)) - text.count(
        "<!-- psql -->"
    ) - len(re.findall(r"<!-- not run: [^`]*```sh\n[^`]*```\n\n```text", text))


def test_it_tells_of_every_option() -> None:
    told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", TEXT))
    for parameter in serve.params:
        assert told & {*parameter.opts, *parameter.secondary_opts}, parameter.name


def test_every_page_of_a_client_is_linked() -> None:
    assert {f"serve/{page.name}" for page in PAGES[1:]} <= set(re.findall(r"\((serve/[\w-]+\.md)", TEXT))


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_a_page_of_a_client_says_first_whether_it_was_run(page: Path) -> None:
    head = page.read_text("utf-8")[:700]
    (tried,) = re.findall(r"^\*\*(Run here|Not run)[*.]", head, re.MULTILINE)
    (told,) = re.findall(rf"\(serve/{re.escape(page.name)}\) \| (run|not run)", TEXT)
    assert (tried == "Run here") == (told == "run")


def test_the_columns_that_it_names_are_those_of_the_cache() -> None:
    assert {"whole", "age_s", "tolerance_s"} <= set(cache_report.COLUMNS.names)


def test_the_log_on_the_page_is_that_of_the_module() -> None:
    assert StatementLog.__module__ == statement_log.__name__
    shown = re.findall(r"^ *(2026-11-30T08.*)$", statement_log.__doc__ or "", re.MULTILINE)
    assert shown == re.findall(r"^(2026-11-30T08.*)$", TEXT, re.MULTILINE)


def test_the_first_lines_are_those_of_the_command(connection: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    (database,) = served([("sandbox", connection)], cache_s=None, mirrors=())
    told = [(database, _person(database))]
    lines = "\n".join(_first_lines(told, "sandbox", ("127.0.0.1", 5432), None, tls=False))
    text = PAGE.read_text("utf-8")
    wanted = re.sub(
        r"(<!-- first lines -->\n```text\n)[^`]*(```)", lambda block: f"{block[1]}{lines}\n{block[2]}", text
    )
    if UPDATE:
        PAGE.write_text(wanted, "utf-8")
    assert UPDATE or text == wanted


def test_errors_of_harvest_have_the_codes_on_the_page() -> None:
    rows: dict[str, list[str]] = {}
    for kind, sqlstate in HARVEST.items():
        rows.setdefault(sqlstate, []).append(f"`{kind.__name__}`")
    lines = "".join(f"| {sqlstate} | {', '.join(kinds)} |\n" for sqlstate, kinds in sorted(rows.items()))
    text = PAGE.read_text("utf-8")
    wanted = re.sub(
        r"(<!-- harvest sqlstates -->\n\| code \| class \|\n\|---\|---\|\n)(?:\|[^\n]*\n)*",
        lambda block: f"{block[1]}{lines}",
        text,
    )
    if UPDATE:
        PAGE.write_text(wanted, "utf-8")
    assert UPDATE or text == wanted


def test_the_connection_of_another_driver_works_as_it_is(tmp_path: Path) -> None:
    (text,) = re.findall(r"<!-- file: connections.toml -->\n```toml\n([^`]*)```", TEXT)
    file = tmp_path / "connections.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    settings = resolve("DSN=acme", config_dir=tmp_path)
    assert settings.account_id == "123456"
    assert settings.token is not None
