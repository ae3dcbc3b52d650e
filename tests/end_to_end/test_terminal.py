"""What a person sees on a terminal: every table of Harvest at three widths, and the command on a pseudo-terminal."""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from support import pseudo_terminal

from harvest_duck.catalog.tables import TABLES
from harvest_duck.cli.terminal import Screen, result_text, screen_of
from harvest_duck.display.cells import result_cell
from harvest_duck.display.result import Form, as_text

if TYPE_CHECKING:
    import duckdb

WIDTHS = (80, 120, 200)
PERIOD = "WHERE from_date = '2026-01-01' AND to_date = '2026-11-20'"
WHERE = {"invoice_message_templates": "WHERE invoice_id IN (SELECT id FROM harvest.invoices LIMIT 3)"}
LEFT_OUT = re.compile(r"not shown without --format line: ([a-z0-9_, ]+)")
STYLE = re.compile(r"\x1b\[[0-9]*m")
posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")

Rows = tuple[list[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def first_rows(attached: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    """The names and the first eight rows of every table."""
    found = {}
    with attached.cursor() as con:
        for name, table in TABLES.items():
            where = PERIOD if table.columns[0].name == "from_date" else WHERE.get(name, "")
            con.execute(f"FROM harvest.{name} {where} LIMIT 8")
            found[name] = [column[0] for column in con.description or []], con.fetchall()
    return found


def left_out(lines: list[str]) -> list[str]:
    """The names in the note below a table."""
    note = LEFT_OUT.search(" ".join(lines))
    return note[1].split(", ") if note else []


def beginning(value: object) -> str:
    """What is seen of a value in the narrowest column: its first word."""
    return (result_cell(value).split() or [""])[0][:16]


def called(names: list[str], rows: list[tuple[Any, ...]]) -> list[str]:
    """The columns by which a person knows a row: its id, and the first name that tells rows apart."""
    apart = [
        name for name, values in zip(names, zip(*rows, strict=True), strict=True) if len(set(map(str, values))) > 1
    ]
    return [*{"id"} & set(names), *[name for name in apart if name.endswith(("name", "number"))][:1]]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_shows_the_key_the_name_and_the_first_values_of_each_row(
    width: int, first_rows: dict[str, Rows]
) -> None:
    for table, (names, rows) in first_rows.items():
        lines = as_text(names, rows, width, form=Form.TABLE).split("\n")
        assert max(map(cell_len, lines)) <= width, table
        shown = lines[0].split()
        assert shown == [name for name in names if name not in left_out(lines)], table
        assert set(called(names, rows)) <= set(shown), table
        for row in rows:
            first = [beginning(value) for name, value in zip(names, row, strict=True) if name in shown[:2]]
            assert any(re.search(".*".join(map(re.escape, first)), line) for line in lines[2:]), (table, first)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_record_shows_every_column(width: int, first_rows: dict[str, Rows]) -> None:
    for table, (names, rows) in first_rows.items():
        lines = as_text(names, rows, width, form=Form.LINE).split("\n")
        assert max(map(cell_len, lines)) <= width, table
        shown = {(name, text.strip()[:16]) for name, _, text in (line.partition(" ") for line in lines)}
        for row in rows:
            for name, value in zip(names, row, strict=True):
                assert any(text.startswith(beginning(value)) for each, text in shown if each == name), (table, name)


@pytest.mark.thorough
@posix
@pytest.mark.parametrize(("width", "variables"), [(80, {}), (120, {"NO_COLOR": "1"}), (200, {"TERM": "dumb"})])
def test_a_query_fills_the_terminal(width: int, variables: dict[str, str], connection: str) -> None:
    sql = "FROM harvest.time_entries LIMIT 3; "
    ended = pseudo_terminal.run("query", sql, columns=width, connection=connection, **variables)
    lines = STYLE.sub("", ended.stdout).splitlines()
    assert ended.returncode == 0
    assert max(map(cell_len, lines)) <= width
    assert [line for line in lines if line.startswith("── row ")] != []
    assert sum(bool(re.match(r"id +\d{10}$", line)) for line in lines) == 3
    assert lines[-1] == "(3 rows)"
    assert ("\x1b[1mid\x1b[0m " in ended.stdout) is (not variables)
    assert ("\x1b" in ended.stdout) is (not variables)


@posix
def test_a_screen_is_as_its_terminal_and_the_environment_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with pseudo_terminal.opened(93) as (_, terminal):
        assert screen_of(terminal) == Screen(93, styled=True)
        for told, width in {"70": 70, "0": 93, "x": 93, "-5": 93, "": 93}.items():
            monkeypatch.setenv("COLUMNS", told)
            assert screen_of(terminal).width == width
        monkeypatch.setenv("NO_COLOR", "1")
        assert not screen_of(terminal).styled
    with pseudo_terminal.opened(0) as (_, unsized):
        assert screen_of(unsized).width == 80
    assert screen_of(io.StringIO()) == Screen()


def test_only_the_first_thousand_rows_are_taken() -> None:
    endless = ((number,) for number in iter(int, 1))
    text = result_text(["n"], endless, Screen(80))
    assert len(text.splitlines()) == 1003
    assert text.endswith("(the first 1,000 rows; -o FILE writes all of them)")
