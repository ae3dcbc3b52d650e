"""Results on terminals of three widths, checked as text: the keys and first values are there, and no line is wider."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from installed import cells, on_terminal, run

if TYPE_CHECKING:
    from pathlib import Path

WIDTHS = (80, 120, 200)
FIRST = "FROM harvest.{} ORDER BY id LIMIT 3"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_demo_reads_well(width: int, folder: Path) -> None:
    status, lines = on_terminal("demo", cwd=folder, width=width)
    assert status == 0
    assert max(map(cells, lines)) <= width
    assert any("client_name" in line and "billable_hours" in line for line in lines)
    assert sum(line.startswith("(") and " rows" in line for line in lines) >= 4
    assert any(line.startswith("report.html is written") for line in lines)
    assert '<p class="story">' in (folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize("table", ["time_entries", "clients"])
def test_a_wide_table_shows_its_keys(table: str, folder: Path, connection: str) -> None:
    ids = run("query", FIRST.format(table), "--format", "csv", cwd=folder, HARVEST_DUCK_CONNECTION=connection)
    wanted = [record["id"] for record in csv.DictReader(io.StringIO(ids.stdout.decode()))]
    assert len(wanted) == 3
    for width in WIDTHS:
        check_keys(FIRST.format(table), wanted, folder, width, connection)


def check_keys(sql: str, wanted: list[str], folder: Path, width: int, connection: str) -> None:
    """On a terminal of that width no line is longer, and the wanted values are there."""
    status, lines = on_terminal("query", sql, cwd=folder, width=width, HARVEST_DUCK_CONNECTION=connection)
    shown = "\n".join(lines)
    assert status == 0
    assert max(map(cells, lines)) <= width
    assert all(each in shown for each in wanted)
    assert "3 rows" in shown


def test_listings_fit(folder: Path) -> None:
    for arguments in (["tables"], ["describe", "time_entries"], ["connections", "list"]):
        status, lines = on_terminal(*arguments, cwd=folder, width=80)
        assert status == 0
        assert max(map(cells, lines)) <= 80
