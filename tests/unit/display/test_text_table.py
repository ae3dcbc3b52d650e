"""A table of plain text: the width of the screen, and texts that would break it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len

from harvest_duck.catalog.tables import TABLES
from harvest_duck.display.layout import LISTING, Look
from harvest_duck.display.listing import as_text
from harvest_duck.display.text_table import text_table
from harvest_duck.introspection.catalog_tables import describe, tables

if TYPE_CHECKING:
    from collections.abc import Sequence


def drawn(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None, look: Look = LISTING) -> list[str]:
    return text_table(names, rows, width, look).lines


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_every_listing_fits_the_screen_and_shows_every_row(width: int) -> None:
    for table in (tables(), *map(describe, TABLES)):
        lines = as_text(table, width).splitlines()
        assert max(map(len, lines)) <= width
        (name,) = set(table.column_names[:2]) & set(lines[0].split()[:1])
        for value in table[name].to_pylist():
            assert any(line.startswith(value[:36]) for line in lines), value


def test_the_columns_that_have_no_room_are_told() -> None:
    assert text_table(["a", "b"], [("x" * 20, "y" * 10)], 30, LISTING).left_out == ["b"]
    assert text_table(["a", "b"], [("x" * 20, "y" * 10)], 33, LISTING).left_out == []


def test_a_table_reads_like_this() -> None:
    rows = [("Ada", True, 1.5, ["=", "IN"]), (None, False, 12.25, [])]
    assert drawn(["name", "key", "hours", "operators"], rows, 80) == [
        "name   key     hours   operators",
        "────────────────────────────────",
        "Ada    true      1.5   =, IN",
        "       false   12.25",
    ]


def test_wide_and_combining_characters_take_the_cells_that_they_have() -> None:
    rows = [
        ("日本語のクライアント", 1),
        ("Cafe\u0301", 22),
        ("👩\u200d👩\u200d👧 👍🏽 ❤\ufe0f 🇩🇪", 333),
        ("plain", 4444),
    ]
    head, _, *lines = drawn(["name", "n"], rows, 80)
    assert {cell_len(line) for line in [head, *lines]} == {20 + 3 + 4}


def test_a_wide_text_is_folded_within_its_column() -> None:
    lines = drawn(["name"], [("日本語" * 20,)], 20)[2:]
    assert max(map(cell_len, lines)) <= 20
    assert "".join(lines) == "日本語" * 20


def test_nothing_moves_the_cursor_or_turns_the_text() -> None:
    rows = [("\x1b[31mred\x07\u202e", ["\x9b2J", "a\rb"])]
    shown = "\n".join(drawn(["\x1b]0;title\x07", "list"], rows, 80))
    assert not set(shown) & {"\x1b", "\x07", "\x9b", "\r", "\u202e"}
    assert "␛[31mred␇" in shown


def test_an_endless_text_is_cut() -> None:
    assert len(drawn(["a"], [("word " * 10_000,)], 80)) < 10


def test_a_text_of_more_lines_than_are_shown_ends_with_an_ellipsis_and_is_told() -> None:
    shown = text_table(["a"], [("one two three",), ("one two",)], 5, Look(most_lines=2))
    assert shown.lines[2:] == ["one", "two…", "one", "two"]
    assert shown.shortened == ["a"]


def test_a_table_without_a_width_folds_and_shortens_nothing() -> None:
    shown = text_table(["a", "b"], [("word " * 1000, "x\ny\nz\nw")], None, Look(most_lines=2))
    assert (shown.left_out, shown.shortened, len(shown.lines)) == ([], [], 2 + 4)
    assert shown.lines[2] == "word " * 1000 + "   x"
