"""marimo: the notebook of the recipe runs without a browser, and shows Harvest's tables at no request."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from support.asked import asked
from support.clients import RECIPES, client, write_examples
from support.program import run

import harvest_duck

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox


def test_the_notebook_sends_the_filter_of_its_cell(connection: str, sandbox: Sandbox, tmp_path: Path) -> None:
    client("marimo")
    write_examples(tmp_path, connection, RECIPES)
    spec = importlib.util.spec_from_file_location("hours", tmp_path / "hours.py")
    assert spec
    assert spec.loader
    notebook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(notebook)
    _, defined = notebook.app.run()
    assert asked(sandbox) == ["/time_entries?from=2026-11-01"]
    with harvest_duck.connect(connection) as con:
        rows = con.sql("SELECT sum(hours) FROM harvest.time_entries WHERE spent_date >= '2026-11-01'").fetchall()
    assert [(defined["hours"]["hours"].sum(),)] == rows


#: In a process of its own: marimo 0.25 loads the formatter of each library that is loaded, and that of Spark 4.3 ends a
#: worker of these tests, which Spark takes for a run of doctests.
SHOWN = """
import marimo
import pyarrow
from harvest_duck.integrations.notebook.result import Result

print(marimo.as_html(Result(pyarrow.table({"hours": [7.5]}))).text)
"""


def test_what_a_cell_of_jupyter_keeps_is_a_table_here_too() -> None:
    client("marimo")
    ended = run(SHOWN)
    assert "<caption>1 row</caption>" in ended.stdout, ended.stderr


def test_the_panel_of_data_sources_asks_nothing(connection: str, sandbox: Sandbox) -> None:
    engines = client("marimo._sql.engines.duckdb")
    with harvest_duck.connect(connection) as con:
        databases = engines.DuckDBEngine(con).get_databases(
            include_schemas=True, include_tables=True, include_table_details=True
        )
    shown = {table.name for each in databases if each.name == "harvest" for of in each.schemas for table in of.tables}
    assert {"clients", "time_entries"} <= shown
    assert asked(sandbox) == []
