"""Text from elsewhere, as people and terminals get it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.text import escaped, one_line, printable, shortened, terminal_safe, terminal_safe_json


@pytest.mark.parametrize(
    ("text", "line"),
    [("Ada", "Ada"), (" a\r\n\tb ", "a b"), ("\x1b[2Jx", "[2Jx"), ("a\u202eb", "a b"), ("\x00", ""), ("", "")],
)
def test_a_text_is_put_on_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_character_that_cannot_be_printed_is_replaced_by_one() -> None:
    assert printable("a\x1b  b\n") == "a\ufffd  b\ufffd"
    assert printable("a\x1b  b\n", " ") == "a   b "


def test_a_long_text_is_cut() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "abc…"


def test_a_name_that_cannot_be_printed_is_written_with_escapes() -> None:
    assert escaped("[work]") == "[work]"
    assert escaped("a\nb") == r"'a\nb'"
    assert escaped(Path("/home/a\x1bb")) == r"'/home/a\x1bb'"


def test_a_terminal_gets_lines_and_nothing_that_it_obeys() -> None:
    assert terminal_safe("a\n\tb\x1b[31m\x9b\u202e") == "a\n\tb␛[31m\ufffd\ufffd"


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"], exclude_characters="\n\t")))
def test_nothing_that_is_not_seen_reaches_a_terminal(text: str) -> None:
    safe = terminal_safe(text)
    assert len(safe) == len(text)
    assert safe.isprintable()


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u200d", "\U000e0041", "\u3164", "\u2028"])
def test_a_name_cannot_hide_what_makes_it_another(hidden: str) -> None:
    assert terminal_safe(f"Ac{hidden}me") == "Ac\ufffdme"


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👩\u200d👧",
        "🏳\ufe0f\u200d🌈",
        "👍🏽",
        "क\u200cष",
        "क्\u200dष",
        "Cafe\u0301",
        "日本語",
        "a\u00a0b",
        "\ue0b0",
    ],
)
def test_a_text_that_people_write_is_left_as_it_is(text: str) -> None:
    assert terminal_safe(text) == text


@given(st.text())
def test_any_text_can_be_printed(text: str) -> None:
    assert printable(text).isprintable()
    assert one_line(text).isprintable()
    assert escaped(text).isprintable()
    assert len(printable(text)) == len(text)


@given(st.text(st.sampled_from('a\u00e4\u20ac \n\t\x1b\x07\x7f\x9b\u202e\u2028\u200d\ufeff\U000e0041\\"')))
def test_json_on_a_terminal_has_the_same_values(text: str) -> None:
    written = json.dumps([text], ensure_ascii=False)
    shown = terminal_safe_json(written)
    assert json.loads(shown) == [text]
    assert terminal_safe(shown) == shown
