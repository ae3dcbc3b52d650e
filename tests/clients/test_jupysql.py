"""jupysql in a real kernel: cells of SQL over a connection of DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.asked import asked
from support.clients import client
from support.kernel import kernel

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


def test_cells_of_sql_read_harvest(connection: str, sandbox: Sandbox, names: list[str]) -> None:
    client("ipykernel")
    client("sql")
    with kernel() as notebook:
        notebook.run(f"import harvest_duck; con = harvest_duck.connect({connection!r})")
        notebook.run("%load_ext sql")
        notebook.run("%sql con")
        notebook.run(
            "%%sql found <<\nSELECT count(id) AS entries FROM harvest.time_entries WHERE spent_date >= '2026-11-01'"
        )
        assert int(notebook.run("print(list(found)[0][0])")["stdout"]) > 0
        shown = notebook.run("%sql SELECT name FROM harvest.clients ORDER BY id LIMIT 3")
        assert all(name in shown["text/plain"] for name in names[:3])
        notebook.run("%config SqlMagic.autopandas = True")
        frame = notebook.run("%sql SELECT name FROM harvest.clients ORDER BY id")
        assert names[0] in frame["text/plain"]
    assert asked(sandbox)[0] == "/time_entries?from=2026-11-01"
    assert set(asked(sandbox)[1:]) == {"/clients"}
