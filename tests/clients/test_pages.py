"""The examples of the pages about clients run as the cells of a notebook, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked
from support.clients import PAGE, README_SECTION, cells, client
from support.kernel import kernel

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

NEEDED = ("ipykernel", "pandas", "polars", "sql", "duckdb_engine", "ibis", "streamlit")


#: ibis 12 calls a method that DuckDB 2 no longer has.
IBIS_WORKS = hasattr(duckdb.DuckDBPyConnection, "fetch_arrow_table")


@pytest.mark.parametrize(("text", "least"), [(PAGE, 7), (README_SECTION, 5)], ids=["clients.md", "README.md"])
def test_every_example_runs(text: str, least: int, connection: str, sandbox: Sandbox, tmp_path: Path) -> None:
    for module in NEEDED:
        client(module)
    examples = cells(text, connection)
    assert len(examples) >= least
    with kernel() as notebook:
        notebook.run(f"%cd -q {tmp_path}")
        for example in examples:
            if IBIS_WORKS or "import ibis" not in example:
                notebook.run(example)
    assert len(asked(sandbox)) >= least - 2
