"""`harvest-duck shell` on a terminal, as a person uses it."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest
from support import pseudo_terminal
from support.clocks import PATIENCE_S
from support.held import held

pytest.importorskip("prompt_toolkit")

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")

ENTER, CTRL_C, UP = "\r", "\x03", "\x1b[A"


def test_tab_completes_and_signals_end_a_statement_and_its_requests(
    sandbox: Sandbox, connection: str, tmp_path: Path
) -> None:
    """One session for all of it, since to start one takes a second of CPU."""
    kept = tmp_path / "history"
    name = "1000001>"
    with pseudo_terminal.typing("shell", columns=80, connection=connection, HARVEST_DUCK_HISTORY=str(kept)) as person:
        person.until(name)
        person.types("FROM harvest.ut\t")
        # The terminal is told what differs from before.
        person.until("ilization(")
        assert sandbox.requests == []
        person.types(f") LIMIT 0;{ENTER}")
        person.until("(0 rows)")
        person.until(name)
        person.types(f"SELECT ';{ENTER}")
        person.until("...>")
        person.types(f"' AS a, 40 + 2 AS answer;{ENTER}")
        assert "42" in person.until("(1 row)")
        person.until(name)
        # A count, for which DuckDB waits, and a table of rows, which Python waits for.
        for sql in ("SELECT count(id) FROM harvest.time_entries;", "FROM harvest.time_entries;"):
            with held(sandbox) as holding:
                person.types(f"{sql}{ENTER}")
                assert holding.arrived.wait(PATIENCE_S)
                person.types(CTRL_C)
                person.until("cancelled")
                assert holding.all_gone()
                person.until(name)
        person.types("SELECT half" + CTRL_C)
        person.until(name)
        person.types(f"{CTRL_C}SELECT 'APIKey=t0ken-that-nobody-may-see' IS NULL AS kept;{ENTER}")
        person.until("(1 row)")
        person.until(name)
        person.types(f"{UP}{UP}{UP}{UP}{ENTER}")
        assert "42" in person.until("(1 row)")
        person.until(name)
        with held(sandbox) as holding:
            person.types(f"FROM harvest.time_entries;{ENTER}")
            assert holding.arrived.wait(PATIENCE_S)
            person.process.terminate()
            assert person.ends() == 128 + signal.SIGTERM
            assert holding.all_gone()
    text = kept.read_text("utf-8")
    assert text.startswith('"FROM harvest.utilization() LIMIT 0;"\n')
    assert text.count("AS answer") == 2
    assert "APIKey" not in text
    assert "sandbox-admin-token" not in person.shown.replace("t0ken-that-nobody-may-see", "")
