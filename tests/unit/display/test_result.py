"""The result of a query on a terminal: the form that suits its width, and the note below it."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from harvest_duck.display.cells import result_cell
from harvest_duck.display.layout import Look, label
from harvest_duck.display.result import Form, as_text
from harvest_duck.display.text_table import text_table
from harvest_duck.text import terminal_safe

WIDE = [f"column_{number}" for number in range(12)]


def test_a_result_reads_like_this() -> None:
    rows = [("Ada", Decimal("2902.5500"), None, ""), ("Bob", Decimal("0E-10"), True, "x")]
    assert as_text(["name", "hours", "billable", "notes"], rows, 80).splitlines() == [
        "name          hours   billable   notes",
        "──────────────────────────────────────",
        "Ada       2902.5500   NULL",
        "Bob    0.0000000000   true       x",
        "(2 rows)",
    ]


def test_few_rows_that_would_lose_most_of_their_columns_stand_one_column_a_line() -> None:
    row = tuple("x" * 16 for _ in WIDE)
    assert as_text(WIDE, [row] * 3, 80).startswith("── row 1 ─")
    assert as_text(WIDE, [row] * 4, 80).startswith("column_0 ")
    assert as_text(WIDE[:5], [row[:5]], 80).startswith("column_0 ")
    assert as_text(WIDE, [row], None).startswith("column_0 ")


def test_the_form_that_was_asked_for_is_kept() -> None:
    row = tuple("x" * 16 for _ in WIDE)
    assert as_text(WIDE, [row], 80, form=Form.TABLE).startswith("column_0 ")
    assert as_text(["a"], [(1,)] * 9, 80, form=Form.LINE).count("── row ") == 9


def test_the_note_names_what_is_not_shown_and_what_is_shortened() -> None:
    names = ["id", "notes", *(f"column_{number}" for number in range(6))]
    rows = [(number, f"{number} word" * 100, *[f"{number}".zfill(16)] * 6) for number in range(5)]
    *_, note, last = as_text(names, rows, 80, more=True).splitlines()
    assert note == "(the first 5 rows; -o FILE writes all of them; not shown without --format line:"
    assert last == "column_2, column_3, column_4, column_5; shortened without --format json: notes)"


def test_a_listing_is_folded_and_not_shortened() -> None:
    text = as_text(["id", "notes"], [(number, "word " * 60) for number in range(5)], 40, whole=True)
    assert text.count("word") == 5 * 60
    assert text.endswith("\n(5 rows)")


def test_a_record_reads_like_this() -> None:
    row = (
        7,
        dt.datetime(2026, 11, 20, 9, 5, tzinfo=dt.UTC),
        {"rate": Decimal("1.50"), "of": [1, None]},
        "a\r\nb",
        None,
    )
    assert as_text(["id", "created_at", "link", "notes", "budget"], [row], 40, form=Form.LINE).splitlines() == [
        "── row 1 ───────────────────────────────",
        "id           7",
        "created_at   2026-11-20 09:05:00+00:00",
        'link         {"rate": 1.5, "of": [1,',
        "             null]}",
        "notes        a",
        "             b",
        "budget       NULL",
        "(1 row)",
    ]


def test_names_stand_above_their_values_where_the_screen_is_narrow() -> None:
    text = as_text(["project_assignment_id", "name"], [(1, "Ada Lovelace of London")], 20, form=Form.LINE)
    assert text.splitlines() == [
        "── row 1 ───────────",
        "project_assignment_",
        "id",
        "  1",
        "name",
        "  Ada Lovelace of",
        "  London",
        "(1 row)",
    ]


#: What takes two cells, no cell, or joins others.
ODD = st.sampled_from(
    ["👩", "\u200d", "👧", "🏽", "❤", "\ufe0f", "🇩", "🇪", "e", "\u0301", "日", "क", "\u094d", " ", "\n", "/"]
)
TEXTS = st.text(max_size=60) | st.lists(ODD, max_size=40).map("".join)
VALUES = st.one_of(
    st.none(), TEXTS, st.integers(), st.booleans(), st.decimals(allow_nan=False), st.lists(st.text(), max_size=3)
)


@st.composite
def results(draw: st.DrawFn) -> tuple[list[str], list[tuple[Any, ...]]]:
    names = draw(st.lists(st.text(max_size=40), min_size=1, max_size=12))
    return names, draw(st.lists(st.tuples(*[VALUES] * len(names)), max_size=5))


@settings(deadline=None)
@given(results(), st.integers(10, 200), st.sampled_from([None, *Form]))
def test_no_line_is_wider_than_the_screen_and_every_value_begins(
    result: tuple[list[str], list[tuple[Any, ...]]], width: int, form: Form | None
) -> None:
    names, rows = result
    text = as_text(names, rows, width, form=form)
    assert max(cell_len(line) for line in text.split("\n")) <= width
    assert terminal_safe(text) == text
    left_out = text_table(names, rows, width, Look(most_lines=3)).left_out if not text.startswith("── row ") else []
    for row in rows:
        for name, value in zip(names, row, strict=True):
            assert label(name) in left_out or result_cell(value).strip()[:1] in text


@settings(deadline=None, max_examples=30)
@given(results())
def test_without_a_width_every_text_is_whole(result: tuple[list[str], list[tuple[Any, ...]]]) -> None:
    names, rows = result
    for form in Form:
        text = as_text(names, rows, None, form=form)
        for row in rows:
            assert all(line.rstrip() in text for value in row for line in result_cell(value).split("\n"))


@settings(deadline=None, max_examples=30)
@given(results(), st.sampled_from(Form))
def test_styles_change_no_text(result: tuple[list[str], list[tuple[Any, ...]]], form: Form) -> None:
    styled = re.sub(r"\x1b\[[012]m", "", as_text(*result, 60, form=form, styled=True))
    plain = as_text(*result, 60, form=form)
    assert [line.rstrip() for line in styled.split("\n")] == [line.rstrip() for line in plain.split("\n")]
