"""Rows as CSV: NULL and an empty text are told apart, and no row is left out unseen."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.servers.mcp.csv_text import csv_line, csv_text


def shown(rows: list[tuple[Any, ...]], *, max_rows: int = 3, max_characters: int = 1_000) -> list[str]:
    return csv_text(["a"], rows, max_rows=max_rows, max_characters=max_characters, note="; seen").splitlines()


def test_at_the_cap_all_rows_are_shown_and_one_above_it_is_said_to_be_left_out() -> None:
    assert shown([(1,), (2,), (3,)]) == ["complete: 3 rows; seen", "a", "1", "2", "3"]
    assert shown([(1,), (2,), (3,), (4,)]) == ["first 3 of more: rows were left out; seen", "a", "1", "2", "3"]
    assert shown([]) == ["complete: 0 rows; seen", "a"]
    assert shown([(1,)]) == ["complete: 1 row; seen", "a", "1"]


def test_a_row_that_has_too_many_characters_is_left_out_whole() -> None:
    first, *rows = shown([("xxxx",), ("yyyy",)], max_characters=7)
    assert first.startswith("first 1 of more: rows were left out; seen; all the rows have more than 7 characters")
    assert rows == ["a", "xxxx"]
    assert shown([("xxxxxx",)], max_characters=7)[0] == "complete: 1 row; seen"
    assert shown([("xxxxxxx",)], max_characters=7)[0].startswith("first 0 of more")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", '""'),
        ("NULL", "NULL"),
        (" a", '" a"'),
        ("a,b", '"a,b"'),
        ('say "so"', '"say ""so"""'),
        ("two\nlines", '"two\nlines"'),
        (True, "true"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0.1"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00+00:00"),
        (time(9, 30), "09:30:00"),
        (b"\x01\xff", "01ff"),
        ([1, None, "ä"], '"[1, null, ""ä""]"'),
        ({"day": date(2026, 1, 31)}, '"{""day"": ""2026-01-31""}"'),
        ({date(2026, 1, 1): [{Decimal("1.50"): None}]}, '"{""2026-01-01"": [{""1.50"": null}]}"'),
    ],
)
def test_values(value: object, text: str) -> None:
    assert csv_line([value]) == text


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\r\x00")), min_size=2, max_size=2), max_size=5))
def test_a_reader_of_csv_gets_the_texts(rows: list[list[str]]) -> None:
    text = csv_text(["a", "b"], rows, max_rows=9, max_characters=10_000)
    assert list(csv.reader(io.StringIO(text.partition("\n")[2], newline=""))) == [["a", "b"], *rows]
