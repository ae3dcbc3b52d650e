"""LibreOffice Base without a screen, and an import into a sheet of Calc, by its own driver for PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from support.clocks import PATIENCE_S
from support.real_postgres import installed, program
from support.same_tables import select
from support.told_apart import hold

from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from support.postgres_address import Address

#: The tables that are imported into sheets: with a key of one column, of several, and without one.
_SHEETS = ("clients", "pto_balances", "company")
#: The Python of Debian, which has LibreOffice's `uno`; that of LibreOffice elsewhere.
_PYTHONS = (Path("/usr/bin/python3"), Path("/opt/libreoffice/program/python"))


def output(command: list[str], given: str) -> str:
    """Return what a program prints; where it takes too long, it ends, and the LibreOffice that it started."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, encoding="utf-8", start_new_session=True, **pipes) as running:
        try:
            printed, error = running.communicate(given, PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    assert running.returncode == 0, error
    return printed


def seen(folder: Path, *addresses: Address) -> list[dict[str, list[str]]]:
    """Return what LibreOffice sees of each server: by what was asked, the rows as text."""
    program("soffice")
    python = next((path for path in _PYTHONS if path.exists()), None)
    installed("Python with uno", present=python is not None)
    assert python is not None
    has_uno = subprocess.run([python, "-c", "import uno"], check=False, capture_output=True).returncode == 0
    installed("python3-uno", present=has_uno)
    command = [str(python), str(Path(__file__).with_name("libreoffice_client.py")), str(folder)]
    printed = output(
        [*command, *(address.libpq for address in addresses)], json.dumps([*map(select, [*TABLES, *_SHEETS])])
    )
    found: list[dict[str, list[str]]] = [{}]
    for line in printed.splitlines():
        name, *rest = json.loads(line)
        if name == "end":
            found.append({})
        elif rest[0]:
            heading, *rows = rest[0]
            found[-1][name] = [repr(heading), *sorted(map(repr, rows))]
    return found[:-1]


def test_base_and_calc_see_the_same(ours: Address, theirs: Address, tmp_path: Path) -> None:
    found, expected = seen(tmp_path, ours, theirs)
    assert len(found) > len(TABLES)
    hold(found, expected)
