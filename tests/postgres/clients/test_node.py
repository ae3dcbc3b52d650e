"""`pg` of node, which the tools in JavaScript are made of."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from support.clocks import PATIENCE_S
from support.real_postgres import installed, program
from support.same_tables import select
from support.written_differences import NODE, hold_but

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from support.postgres_address import Address


def printed(address: Address) -> dict[str, list[str]]:
    """Return what the program prints, by line, with the rows of a table in an order of their own."""
    node = program("node")
    environment = dict(os.environ, TZ="UTC")
    installed("pg of npm", present=subprocess.run([node, "-e", "require('pg')"], check=False).returncode == 0)
    source = Path(__file__).with_name("node_client.js")
    done = subprocess.run(
        [node, source, address.url, *map(select, TABLES)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=environment,
    )
    assert not done.stderr, done.stderr
    return {f"line {n}": sorted(line.split("],[")) for n, line in enumerate(done.stdout.splitlines())}


def test_every_table_has_the_same_rows(ours: Address, theirs: Address) -> None:
    hold_but(NODE, printed(ours), printed(theirs))
