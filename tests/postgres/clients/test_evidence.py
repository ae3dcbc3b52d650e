"""The PostgreSQL connector of Evidence, with the options and the query of its page."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from support.asked import asked
from support.clocks import PATIENCE_S
from support.paths import DOCS
from support.real_postgres import installed, program

import harvest_duck

if TYPE_CHECKING:
    from support.postgres_address import Address

    from harvest_duck.sandbox import Sandbox

PAGE = (DOCS / "serve" / "evidence.md").read_text("utf-8")
HOURS = re.search(r"```sql\n(.*?)```", PAGE, re.DOTALL)
OPTIONS = dict(re.findall(r"^  (\w+): (\S+)$", PAGE, re.MULTILINE))


def test_the_query_of_the_page_finds_the_hours(ours: Address, account: Sandbox) -> None:
    node = program("node")
    there = subprocess.run([node, "-e", "require('@evidence-dev/postgres')"], check=False, capture_output=True)
    installed("@evidence-dev/postgres of npm", present=there.returncode == 0)
    assert HOURS
    assert OPTIONS["ssl"] == "false"
    given = {**OPTIONS, "port": ours.port, "database": ours.database, "ssl": False}
    account.clear_log()
    done = subprocess.run(
        [node, Path(__file__).with_name("evidence_client.js"), json.dumps(given), HOURS[1]],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=dict(os.environ, TZ="UTC"),
    )
    assert not done.stderr, done.stderr
    read = json.loads(done.stdout)
    assert asked(account) in (["/time_entries?from=2026-10-01"], [])  # none where another test has had them read
    with harvest_duck.connect(account.connection_string()) as con:
        wanted = con.sql(HOURS[1]).fetchall()
    assert read["connected"] is True
    assert read["types"] == {"client_name": "string", "month": "date", "hours": "number"}
    assert int(read["expectedRowCount"]) == len(wanted) > 2
    found = {(row["client_name"], row["month"][:10], row["hours"]) for row in read["found"]}
    assert found == {(name, f"{month:%Y-%m-%d}", float(hours)) for name, month, hours in wanted}
