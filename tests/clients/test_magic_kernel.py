"""`%%harvest` in a real kernel: what is shown while a cell runs, what an interrupt ends, and how a notebook fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.asked import asked
from support.clients import client
from support.clocks import PATIENCE_S
from support.held import held
from support.kernel import Kernel, kernel

from harvest_duck.connection import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

# A kernel is there too where the code is checked; these run where the other clients are.
nbclient = client("nbclient")
CELL = "%%harvest\nSELECT sum(hours) AS hours FROM harvest.time_entries"


@pytest.fixture(scope="module")
def loaded(agency: Sandbox) -> Iterator[Kernel]:
    """A kernel that has loaded the extension, and reads the agency in pages of fifty."""
    connection = agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off;Pagesize=50"
    with kernel() as running:
        running.run(f"%load_ext harvest_duck\n%harvest -c '{connection}'\n%harvest FROM harvest.roles")
        yield running


@pytest.mark.parametrize(
    ("cell", "page"),
    [(CELL, 3), ("%%harvest --explain\nFROM harvest.time_entries", 1), ("%harvest FROM harvest.utilization()", 1)],
)
def test_an_interrupt_ends_the_requests_and_the_next_cell_works(
    cell: str, page: int, loaded: Kernel, sandbox: Sandbox
) -> None:
    with held(sandbox, page=page) as holding:
        loaded.begin(cell)
        assert holding.arrived.wait(PATIENCE_S)
        loaded.interrupt()
        assert holding.all_gone()
        shown = [*loaded.messages()]
    errors = [content for kind, content in shown if kind == "error"]
    assert [error["ename"] for error in errors] == ["KeyboardInterrupt"]
    assert [error["traceback"] for error in errors] == [
        ["KeyboardInterrupt: the query is interrupted, and its requests have ended"]
    ]
    assert shown[-1][1]["status"] == "error"
    assert "hours" in loaded.run(CELL)["text/plain"]


def test_progress_stands_below_a_slow_cell_until_it_ends(loaded: Kernel, sandbox: Sandbox) -> None:
    with held(sandbox, page=3) as holding:
        loaded.begin(CELL)
        messages = loaded.messages()
        kind, content = next(messages)
        assert kind == "display_data"
        while "time_entries: " not in content["data"]["text/plain"]:
            kind, content = next(messages)
        holding.let_go()
        *updates, result, reply = messages
    shown = [content["data"]["text/html"] for kind, content in updates if kind == "update_display_data"]
    assert shown[-1] == ""
    assert result[0] == "execute_result"
    assert reply[1]["status"] == "ok"
    running = loaded.run("import threading; print([t.name for t in threading.enumerate()])")["stdout"]
    assert "harvest_duck_progress" not in running


def test_jupysql_has_its_cells_beside_ours(loaded: Kernel, sandbox: Sandbox, names: list[str]) -> None:
    client("sql")
    loaded.run("%load_ext sql")
    loaded.run("%harvest -o con\n%sql con")
    loaded.run("%%harvest -o ours\nSELECT name FROM harvest.clients ORDER BY id LIMIT 1")
    theirs = loaded.run("%sql SELECT name FROM harvest.clients ORDER BY id LIMIT 1")["text/plain"]
    assert names[0] in theirs
    assert names[0] in loaded.run("%harvest FROM ours")["text/plain"]
    assert {request.partition("?")[0] for request in asked(sandbox)} == {"/clients"}


def test_a_notebook_stops_at_a_cell_that_fails_and_holds_no_secret(
    sandbox: Sandbox, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbformat = client("nbformat")
    monkeypatch.setenv("OWN", connection)
    sandbox.respond_next("/v2/clients", status=401, times=9)
    cells = [
        "import os; own = os.environ['OWN']\n%load_ext harvest_duck\n%harvest -c $own",
        "%%harvest --explain\nFROM harvest.roles",
        "%%harvest\nFROM harvest.clients",
        "1",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[2].outputs
    assert output["output_type"] == "error"
    assert len(output["traceback"]) == 1
    assert "\n" not in output["traceback"][0]
    assert output["ename"] == "Unauthorized"
    assert notebook.cells[3].execution_count is None
    assert parse(connection, where="the test")["APIKey"] not in nbformat.writes(notebook)
