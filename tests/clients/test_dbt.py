"""dbt-duckdb with four threads: models read Harvest by the documented plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
from support.asked import asked
from support.clients import client, write_examples
from support.clocks import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

DBT = "import sys; from dbt.cli.main import cli; sys.exit(cli())"
PROJECT = """
name: agency
profile: agency
models: {agency: {+materialized: table}}
flags: {send_anonymous_usage_stats: false}
"""
#: Besides the documented model of hours.
COPIED = ("clients", "projects", "roles", "users")


def test_models_read_harvest_in_four_threads(
    connection: str, sandbox: Sandbox, names: list[str], tmp_path: Path
) -> None:
    client("dbt.adapters.duckdb")
    write_examples(tmp_path, connection)
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    for table in COPIED:
        (tmp_path / "models" / f"{table}.sql").write_text(f"FROM harvest.{table}")
    built = subprocess.run(
        [sys.executable, "-c", DBT, "--no-version-check", "build", "--profiles-dir", "."],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "Concurrency: 4 threads" in built.stdout
    with duckdb.connect(str(tmp_path / "agency.duckdb"), read_only=True) as copy:
        assert [name for (name,) in copy.execute("SELECT name FROM clients ORDER BY id").fetchall()] == names
        assert copy.execute("SELECT count(*) > 0 FROM hours").fetchall() == [(True,)]
    wanted = [*(f"/{table}" for table in COPIED), "/time_entries?from=2026-10-01"]
    assert sorted(asked(sandbox)) == sorted(wanted)
