"""What a notebook and a prompt show: the names that Tab offers, and listings as tables."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from support.clocks import PATIENCE_S
from support.kernel import Kernel, kernel

import harvest_duck
from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.thorough

OFFERED = {*harvest_duck.__all__, "connections"}


@pytest.fixture(scope="module")
def notebook() -> Iterator[Kernel]:
    """A kernel that has imported the package and read a table, so that most of its modules are loaded."""
    pytest.importorskip("ipykernel")
    with kernel() as running:
        running.run("import harvest_duck; con = harvest_duck.connect('DSN=sandbox;RateLimit=off')")
        running.run("rows = con.sql('FROM harvest.roles').fetchall()")
        yield running


@pytest.mark.parametrize("jedi", [True, False])
def test_tab_offers_the_public_names_and_nothing_else(notebook: Kernel, jedi: bool) -> None:
    notebook.run(f"get_ipython().Completer.use_jedi = {jedi}")
    offered = [name.removeprefix(".") for name in notebook.completions("harvest_duck.")]
    assert sorted(offered) == sorted(OFFERED)
    assert [name.removeprefix(".") for name in notebook.completions("harvest_duck.e")] == [
        "explain",
        "explain_sync",
        "export",
    ]
    assert "add" in [name.removeprefix(".") for name in notebook.completions("harvest_duck.connections.a")]


@pytest.mark.parametrize(
    ("code", "first", "count"),
    [
        ("harvest_duck.tables()", "time_entries", f"{len(TABLES)} rows"),
        ("harvest_duck.describe('roles')", "id", "6 rows"),
        ("harvest_duck.access('DSN=sandbox;RateLimit=off')", "Harbour &amp; Vale", f"{len(TABLES)} rows"),
        ("harvest_duck.progress(con)", "", "0 rows"),
        ("harvest_duck.explain('FROM harvest.roles', con)", "/v2/roles?per_page=2000", "1 row"),
        ("harvest_duck.tables().slice(0, 2).select(['table_name'])", "time_entries", "2 rows"),
    ],
)
def test_a_listing_is_a_table_in_a_notebook(notebook: Kernel, code: str, first: str, count: str) -> None:
    shown = notebook.run(code)
    assert shown["text/html"].startswith(f"<table>\n<caption>{count}</caption>")
    assert first in re.findall(r"<td [^>]*>(.*?)</td>", shown["text/html"]) or not first
    assert re.search(rf"^\({count}\b", shown["text/plain"], re.MULTILINE)


def test_other_arrow_tables_look_in_a_notebook_as_ever(notebook: Kernel) -> None:
    notebook.run("harvest_duck.tables(); import pyarrow")
    shown = notebook.run("pyarrow.table({'a': [1]})")
    assert shown == {"stdout": "", "text/plain": "pyarrow.Table\na: int64\n----\na: [[1]]"}


@pytest.mark.thorough
def test_what_was_registered_for_arrow_tables_still_shows_the_others() -> None:
    pytest.importorskip("ipykernel")
    with kernel() as fresh:
        fresh.run("import harvest_duck, pyarrow; formatters = get_ipython().display_formatter.formatters")
        fresh.run("_ = formatters['text/html'].for_type(pyarrow.Table, lambda table: f'<b>{table.num_rows}</b>')")
        fresh.run("_ = formatters['text/plain'].for_type(pyarrow.Table, lambda table, p, cycle: p.text('rows'))")
        assert f"<caption>{len(TABLES)} rows</caption>" in fresh.run("harvest_duck.tables()")["text/html"]
        shown = fresh.run("pyarrow.table({'a': [1]})")
        assert (shown["text/html"], shown["text/plain"]) == ("<b>1</b>", "rows")


@pytest.mark.thorough
@pytest.mark.skipif(os.name != "posix", reason="a terminal of POSIX")
def test_a_listing_is_a_table_at_the_prompt_of_python() -> None:
    pexpect = pytest.importorskip("pexpect")
    # The older prompt, which sends no control sequences.
    environment = {**os.environ, "PYTHON_BASIC_REPL": "1", "TERM": "dumb"}
    prompt = pexpect.spawn(
        sys.executable, ["-q"], env=environment, encoding="utf-8", timeout=PATIENCE_S, dimensions=(24, 80)
    )

    def shown(code: str) -> str:
        prompt.expect_exact(">>> ")
        prompt.sendline(code)
        prompt.expect_exact(code)
        prompt.expect_exact("\r\n")
        prompt.expect(r"(?=>>> )")
        return str(prompt.before)

    try:
        shown("import harvest_duck, pyarrow")
        lines = shown("harvest_duck.describe('roles')").splitlines()
        assert lines[0].startswith("column_name")
        assert max(map(len, lines)) <= 80
        assert shown("_.num_rows") == "6\r\n"
        assert shown("pyarrow.table({'a': [1]})").startswith("pyarrow.Table\r\n")
        assert shown("6 * 7") == "42\r\n"
    finally:
        prompt.close(force=True)
