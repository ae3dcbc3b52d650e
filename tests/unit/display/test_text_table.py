"""A table of plain text: the width of the screen, and texts that would break it."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from harvest_duck.catalog.tables import TABLES
from harvest_duck.display.listing import as_text
from harvest_duck.display.text_table import text_table
from harvest_duck.introspection.catalog_tables import describe, tables


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_every_listing_fits_the_screen_and_shows_every_row(width: int) -> None:
    for table in (tables(), *map(describe, TABLES)):
        lines = as_text(table, width).splitlines()
        assert max(map(len, lines)) <= width
        (name,) = set(table.column_names[:2]) & set(lines[0].split()[:1])
        for value in table[name].to_pylist():
            assert any(line.startswith(value[:36]) for line in lines), value


def test_the_columns_that_have_no_room_are_named() -> None:
    assert text_table(["a", "b"], [("x" * 20, "y" * 10)], "1 row", 30).splitlines()[-1] == "(1 row; not shown: b)"
    assert text_table(["a", "b"], [("x" * 20, "y" * 10)], "1 row", 33).splitlines()[-1] == "(1 row)"


def test_a_table_reads_like_this() -> None:
    rows = [("Ada", True, 1.5, ["=", "IN"]), (None, False, 12.25, [])]
    assert text_table(["name", "key", "hours", "operators"], rows, "2 rows", 80).splitlines() == [
        "name   key     hours   operators",
        "────────────────────────────────",
        "Ada    true      1.5   =, IN",
        "       false   12.25",
        "(2 rows)",
    ]


def test_wide_and_combining_characters_take_the_cells_that_they_have() -> None:
    rows = [("日本語のクライアント", 1), ("Cafe\u0301", 22), ("plain", 333)]
    head, _, *lines, _ = text_table(["name", "n"], rows, "3 rows", 80).splitlines()
    assert {cell_len(line) for line in [head, *lines]} == {20 + 3 + 3}


def test_a_wide_text_is_folded_within_its_column() -> None:
    lines = text_table(["name"], [("日本語" * 20,)], "1 row", 20).splitlines()
    assert max(map(cell_len, lines[2:])) <= 20
    assert "".join(lines[2:-1]) == "日本語" * 20


def test_nothing_moves_the_cursor_or_turns_the_text() -> None:
    rows = [("\x1b[31mred\x07\u202e", ["\x9b2J", "a\rb"])]
    shown = text_table(["\x1b]0;title\x07", "list"], rows, "1 row", 80)
    assert not set(shown) & {"\x1b", "\x07", "\x9b", "\r", "\u202e"}
    assert "␛[31mred␇" in shown


def test_an_endless_text_is_cut() -> None:
    assert len(text_table(["a"], [("word " * 10_000,)], "1 row", 80).splitlines()) < 10
