"""PostgreSQL's tokens: nothing is lost, and a `;` or a quote ends what it ends there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.servers.postgres.failure import Failure
from harvest_duck.servers.postgres.sql.tokens import Kind, folded, quoted, significant, standard, tokens


def read(sql: str) -> list[tuple[str, str]]:
    return [(each.kind.name, each.text) for each in significant(tokens(sql))]


@pytest.mark.parametrize(
    ("sql", "kind", "meant"),
    [
        ("'it''s; --'", Kind.STRING, "it's; --"),
        (r"'a\'", Kind.STRING, "a\\"),
        (r"E'a\'b\\\n\x41\101\u00e9\U0001F986''c'", Kind.STRING, "a'b\\\nAAé🦆'c"),
        (r"e'\xc3\xa9'", Kind.STRING, "é"),
        (r"E'\ud83e\udd86'", Kind.STRING, "🦆"),
        ("'a' -- more\n\t'b'\n'c'", Kind.STRING, "abc"),
        ("E'a\\n'\n'\\'b'", Kind.STRING, "a\n'b"),
        (r"U&'d\0061t\+000061 \\'", Kind.STRING, "data \\"),
        ("u&'d!0061t!!' UESCAPE '!'", Kind.STRING, "dat!"),
        ("$$it's ; $1$$", Kind.STRING, "it's ; $1"),
        ("$a$ $$ ; $b$ $a$", Kind.STRING, " $$ ; $b$ "),
        ("B'0101'", Kind.STRING, "0101"),
        ("x'1F'", Kind.STRING, "1F"),
        ("N'a'", Kind.STRING, "a"),
        ('"A ""b"" ;"', Kind.QUOTED, 'A "b" ;'),
        (r'U&"\0441\043B"', Kind.QUOTED, "сл"),
        ("U&\"d*0061\" uescape '*'", Kind.QUOTED, "da"),
        ("AbC$1_d", Kind.NAME, "abc$1_d"),
        ("ÄRGER", Kind.NAME, "Ärger"),
    ],
)
def test_strings_and_names_mean_what_postgresql_says(sql: str, kind: Kind, meant: str) -> None:
    (token,) = tokens(sql)
    assert (token.kind, token.text, token.start, token.end) == (kind, sql, 0, len(sql))
    assert (token.value if kind is Kind.STRING else token.name) == meant


@pytest.mark.parametrize(
    ("sql", "texts"),
    [
        ("a::int[]", ["a", "::", "int", "[", "]"]),
        ("x->>'a'", ["x", "->>", "'a'"]),
        ("a<-1", ["a", "<", "-", "1"]),
        ("a@-1", ["a", "@-", "1"]),
        ("a*-1+-2", ["a", "*", "-", "1", "+", "-", "2"]),
        ("1..2", ["1", "..", "2"]),
        ("1.5e-3+.5+1.", ["1.5e-3", "+", ".5", "+", "1."]),
        ("$1$2", ["$1", "$2"]),
        ("1 a", ["1", "a"]),
        ("a$1", ["a$1"]),
        ("1*/* * */2", ["1", "*", "2"]),
        ("1+--2\n3", ["1", "+", "3"]),
        ("/* a /* ; ' */ */ b", ["b"]),
        ("f(x := 1, y => 2)", ["f", "(", "x", ":=", "1", ",", "y", "=>", "2", ")"]),
        ("'a' 'b'", ["'a'", "'b'"]),
        ("operator(pg_catalog.~)", ["operator", "(", "pg_catalog", ".", "~", ")"]),
    ],
)
def test_what_is_a_token(sql: str, texts: list[str]) -> None:
    assert [text for _, text in read(sql)] == texts


@pytest.mark.parametrize(
    ("sql", "said", "position"),
    [
        ("a 'b", "unterminated quoted string", 3),
        ("'a''b", "unterminated quoted string", 1),
        (r"E'a\'", "unterminated quoted string", 1),
        ('a "b', "unterminated quoted identifier", 3),
        ('U&"b', "unterminated quoted identifier", 1),
        ("/* /* */", r"unterminated /\* comment", 1),
        ("$q$ $$", "unterminated dollar-quoted string", 1),
        ("b'1", "unterminated bit string literal", 1),
        ("x'1", "unterminated hexadecimal string literal", 1),
        ('a.""', "zero-length delimited identifier", 3),
        ("a 0x10", "trailing junk after numeric literal", 3),
        ("$1a", "trailing junk after parameter", 1),
    ],
)
def test_what_never_ends_is_an_error_with_its_position(sql: str, said: str, position: int) -> None:
    with pytest.raises(Failure, match=said) as raised:
        tokens(sql)
    assert (raised.value.sqlstate, raised.value.position) == ("42601", position)


@pytest.mark.parametrize("number", ["999999999", "100000", "9" * 5000])
def test_a_parameter_that_no_message_can_have_is_an_error(number: str) -> None:
    with pytest.raises(Failure, match="there is no parameter") as raised:
        tokens(f"a ${number}")
    assert (raised.value.sqlstate, raised.value.position) == ("42P02", 3)
    assert tokens("$0000001")[0].text == "$0000001"


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [(r"E'\u12'", "22025"), (r"E'\xff'", "22021"), (r"E'\0'", "22021"), (r"U&'\12'", "42601"), (r"E'\ud83e'", "42601")],
)
def test_an_escape_that_means_nothing_is_an_error(sql: str, sqlstate: str) -> None:
    (token,) = tokens(sql)
    with pytest.raises(Failure) as raised:
        _ = token.value
    assert raised.value.sqlstate == sqlstate


@pytest.mark.parametrize(
    ("sql", "duckdb"),
    [
        ("'a''b'", "'a''b'"),
        (r"E'a\u00e9\''", "'aé'''"),
        (r"U&'\0061'", "'a'"),
        (r'U&"\0061""b"', '"a""b"'),
        ("$$a'b$$", "'a''b'"),
        ("b'01'", "'01'::BIT"),
        ("X'1f'", "'00011111'::BIT"),
        ("'a'\n'b'", "'ab'"),
        ("N'a'", "'a'"),
        ('"A"', '"A"'),
        ("select", "select"),
    ],
)
def test_every_duckdb_reads_the_standard_form(sql: str, duckdb: str) -> None:
    (token,) = tokens(sql)
    assert standard(token) == duckdb


@pytest.mark.parametrize("sql", ["B'12'", "X'fg'"])
def test_a_bit_string_has_bits(sql: str) -> None:
    (token,) = tokens(sql)
    with pytest.raises(Failure, match="digit") as raised:
        standard(token)
    assert raised.value.sqlstate == "22P02"


PIECES = [
    "'",
    '"',
    "''",
    "\\",
    "$",
    "$a$",
    "$$",
    "/*",
    "*/",
    "--",
    "\n",
    ";",
    "E",
    "U&",
    "uescape",
    "1",
    ".",
    "-",
    "@",
    "é",
    " ",
]


@settings(max_examples=share(800))
@given(st.lists(st.sampled_from(PIECES) | st.characters(), max_size=20).map("".join))
def test_joined_they_are_the_sql(sql: str) -> None:
    try:
        found = tokens(sql)
    except Failure as failure:
        assert failure.sqlstate == "42601"  # noqa: PT017 - most texts of pieces are no SQL
        return
    assert "".join(each.text for each in found) == sql
    assert [each.start for each in found] == [len("".join(e.text for e in found[:i])) for i in range(len(found))]


@given(st.text(min_size=1))
def test_a_quoted_name_is_that_name(name: str) -> None:
    (token,) = tokens(quoted(name))
    assert token.name == name


def test_long_texts_take_no_square_of_time() -> None:
    for sql in (
        "'a'" + "\n" * 5_000,
        "'a'" + "-- x\n" * 5_000,
        "+" * 5_000,
        "'" + "''" * 3_000 + "'",
        "(" * 5_000,
    ):
        assert tokens(sql)


def test_only_ascii_letters_fold() -> None:
    assert folded("ABZ_ÀΣ") == "abz_ÀΣ"
