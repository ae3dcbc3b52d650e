"""The tokens of SQL that somebody is still writing."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_duck.introspection.sql_tokens import Kind, last_statement, tokens

#: Pieces that begin and end what a semicolon may stand in.
PIECES = ["select ", "1", "'", "''", '"', "$$", "$a$", "--", "\n", "/*", "*/", ";", " ", "\\", "e'", "a", ",", ".", "é"]
scripts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("sql", "kind", "finished"),
    [
        ("a", Kind.WORD, True),
        ('"a b', Kind.QUOTED, False),
        ('"a ""b"', Kind.QUOTED, True),
        ("'it''s", Kind.STRING, False),
        ("'it''s'", Kind.STRING, True),
        (r"e'it\'s", Kind.STRING, False),
        ("$x$ a $$ b", Kind.STRING, False),
        ("$x$ a $$ b $x$", Kind.STRING, True),
        ("-- it's", Kind.COMMENT, False),
        ("-- it's\n", Kind.COMMENT, True),
        ("/* a /* b */", Kind.COMMENT, False),
        ("/* a /* b */ */", Kind.COMMENT, True),
        ("12.5e3", Kind.NUMBER, True),
        (":=", Kind.SIGN, True),
        ("$name", Kind.SIGN, True),
    ],
)
def test_one_token_is_of_a_kind_and_has_an_end_or_not(sql: str, kind: Kind, finished: bool) -> None:
    assert [(token.kind, token.text, token.finished) for token in tokens(sql)] == [(kind, sql, finished)]


def test_names_and_texts_have_what_they_mean() -> None:
    name, text, begun = tokens("\"a\"\"b\" 'it''s' 'be")
    assert (name.name, text.value, begun.value) == ('a"b', "it's", "be")


@settings(deadline=None)
@given(scripts)
def test_semicolons_part_statements_where_duckdb_parts_them(sql: str) -> None:
    try:
        expected = len(duckdb.extract_statements(sql))
    except duckdb.Error:
        return
    found = [token for token in tokens(sql) if token.kind is not Kind.COMMENT]
    parts = [[]]
    for token in found:
        if token.text == ";":
            parts.append([])
        else:
            parts[-1].append(token)
    assert sum(map(bool, parts)) == expected
    assert last_statement(found) == parts[-1]


@settings(deadline=None)
@given(st.text() | scripts)
def test_nothing_but_white_space_is_lost_and_only_the_last_may_have_no_end(sql: str) -> None:
    found = tokens(sql)
    assert "".join("".join(token.text.split()) for token in found) == "".join(sql.split())
    assert all(token.finished for token in found[:-1])
