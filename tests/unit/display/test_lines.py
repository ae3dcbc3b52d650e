"""A text as lines of a width."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from harvest_duck.display.lines import first_lines, folded
from harvest_duck.text import terminal_safe


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("one two three", 9, ["one two", "three"]),
        ("one  two", 4, ["one", "two"]),
        ("one\n\ntwo", 9, ["one", "", "two"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("a abcdefgh", 4, ["a", "abcd", "efgh"]),
        ("/v2/invoices?per_page=2000", 16, ["/v2/invoices?", "per_page=2000"]),
        ("https://acme.example/a/b", 13, ["https://acme.", "example/a/b"]),
        ("uninvoiced_hours", 14, ["uninvoiced_", "hours"]),
        ('{"a": "bcd", "e": 1}', 12, ['{"a": "bcd",', '"e": 1}']),
        ("日本語", 5, ["日本", "語"]),
        ("a long line", None, ["a long line"]),
    ],
)
def test_a_text_is_broken_at_blanks_else_where_parts_end_else_anywhere(
    text: str, width: int | None, lines: list[str]
) -> None:
    assert list(folded(text, width)) == lines


@pytest.mark.uncounted
@settings(deadline=None)
@given(st.text().map(terminal_safe), st.integers(2, 30))
def test_no_line_is_wider_and_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    lines = list(folded(text, width))
    assert max(map(cell_len, lines)) <= width
    seen = "".join(lines).replace(" ", "").replace("\n", "")
    assert cell_len(seen) == cell_len(text.replace(" ", "").replace("\n", ""))


@settings(deadline=None)
@given(st.text(), st.integers(2, 30), st.integers(1, 5))
def test_only_a_text_that_loses_lines_is_said_to_be_shortened(text: str, width: int, most: int) -> None:
    every = list(folded(text, width))
    lines, less = first_lines(text, width, most)
    assert less is (len(every) > most)
    assert lines == every if not less else (len(lines) == most and lines[-1].endswith("…"))
    assert max(map(cell_len, lines)) <= width
