"""After queries of every kind, threads, open files, tasks and memory are the same as before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.paths import ROOT

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

SOAK = ROOT / "benchmarks" / "soak.py"


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_queries_of_every_kind_leave_nothing_behind(connection: str, sandbox: Sandbox) -> None:
    command = [sys.executable, SOAK, "--queries", "100", "--warm-up", "50", "--connection", connection]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    figures = json.loads(ended.stdout)
    before, after = figures["before"], figures["after"]
    grown_mb = after.pop("rss_mb") - before.pop("rss_mb")
    assert after == before
    assert after["tasks"] == 0
    # A leak of one page for each query, 150 kB of JSON and its batch, would be 30 MB.
    assert grown_mb < 25
    # Of each ten queries a cast fails, a token is refused and a query is interrupted.
    assert figures["errors"] == 45
    assert len(sandbox.requests) > 150
