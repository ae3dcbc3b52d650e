"""ibis: attached on its connection, read as table expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from support.asked import asked
from support.clients import client, works_alone

import harvest_duck

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


def test_an_expression_reads_harvest_and_its_filter_is_sent(
    connection: str, sandbox: Sandbox, names: list[str]
) -> None:
    ibis = client("ibis")
    con = ibis.duckdb.connect()
    works_alone(f"ibis {ibis.__version__}", lambda: con.sql("SELECT 1 AS one").to_pandas())
    harvest_duck.attach(con, connection, name="harvest")
    assert "time_entries" in con.list_tables(database=("harvest", "main"))
    entries = con.table("time_entries", database=("harvest", "main"))
    found = entries.filter(entries.spent_date >= ibis.date("2026-11-01")).aggregate(count=entries.id.count())
    assert found.to_pandas()["count"].tolist()[0] > 0
    assert set(asked(sandbox)) == {"/time_entries?from=2026-11-01"}
    assert sorted(con.table("clients", database=("harvest", "main")).to_pandas()["name"]) == sorted(names)


@pytest.mark.skipif(duckdb.__version__ < "2", reason="ibis works with this DuckDB")
def test_ibis_fails_with_duckdb_2_by_itself() -> None:
    """When this fails, ibis has mended it: say so in docs/clients.md and docs/recipes.md, and drop this test."""
    ibis = client("ibis")
    with pytest.raises(AttributeError, match="fetch_arrow_table"):
        ibis.duckdb.connect().sql("SELECT 1 AS one").to_pandas()
