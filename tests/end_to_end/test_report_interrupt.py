"""A report that is ended while it reads: its requests are cancelled, and the connection works on."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb
import pytest
from support.clocks import PATIENCE_S
from support.held import held
from support.program import start

import harvest_duck
from harvest_duck.errors import InvalidRequest
from harvest_duck.sandbox import TODAY

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


def test_interrupting_the_connection_ends_all_reads_of_which_its_progress_told(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    with ThreadPoolExecutor(1) as pool, held(sandbox) as holding:
        made = pool.submit(harvest_duck.report, con, as_of=TODAY)
        assert holding.arrived.wait(PATIENCE_S)
        assert "time_entries" in harvest_duck.progress(con).column("table_name").to_pylist()
        harvest_duck.interrupt(con)
        with pytest.raises(duckdb.Error, match=r"[Ii]nterrupted"):
            made.result(PATIENCE_S)
        assert holding.all_gone()
    assert con.execute("SELECT count(*) FROM harvest.company").fetchall() == [(1,)]
    assert harvest_duck.progress(con).num_rows == 0


def test_a_table_that_fails_ends_the_reads_of_the_others(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/projects", status=422)
    with held(sandbox) as holding:
        with pytest.raises(InvalidRequest, match="projects"):
            harvest_duck.report(con, as_of=TODAY)
        assert holding.under_way == 0 or holding.all_gone()
    assert harvest_duck.progress(con).num_rows == 0


@pytest.mark.thorough
def test_ctrl_c_ends_a_report(connection: str, sandbox: Sandbox) -> None:
    program = f"""
import harvest_duck
con = harvest_duck.connect({connection!r})
try:
    harvest_duck.report(con, as_of="{TODAY}")
except KeyboardInterrupt:
    print(con.execute("SELECT count(*) FROM harvest.company").fetchall(), flush=True)
"""
    with held(sandbox) as holding, start(program) as process:
        try:
            assert holding.arrived.wait(PATIENCE_S)
            process.send_signal(signal.SIGINT)
            assert holding.all_gone()
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, out) == (0, "[(1,)]\n"), err
