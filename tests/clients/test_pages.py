"""The examples of the page about clients run as the cells of a notebook, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from support.asked import asked
from support.clients import PAGE, cells, client
from support.kernel import kernel

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

NEEDED = ("ipykernel", "pandas", "polars", "sql", "duckdb_engine", "ibis", "streamlit")


#: ibis 12 calls a method that DuckDB 2 no longer has.
IBIS_WORKS = hasattr(duckdb.DuckDBPyConnection, "fetch_arrow_table")


def test_every_example_runs(connection: str, sandbox: Sandbox, tmp_path: Path) -> None:
    for module in NEEDED:
        client(module)
    examples = cells(PAGE, connection)
    assert len(examples) >= 7
    with kernel() as notebook:
        notebook.run(f"%cd -q {tmp_path}")
        for example in examples:
            if IBIS_WORKS or "import ibis" not in example:
                notebook.run(example)
    assert len(asked(sandbox)) >= 5
