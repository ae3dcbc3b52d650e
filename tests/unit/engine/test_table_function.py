"""Functions of SQL that return a table: how their arguments reach them, and what happens where they do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_duck.engine.binding import Binding
from harvest_duck.engine.hidden_arguments import passing
from harvest_duck.engine.table_function import TableFunction
from harvest_duck.errors import HarvestDuckError, QueryError, UnknownTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.engine.session import Session

SCHEMA = pa.schema([("place", pa.int64()), ("letter", pa.string())])


@dataclass
class Spelling:
    """A function of a word and a prefix that spells them; it knows no word that begins with a star."""

    calls: list[dict[str, str]] = field(default_factory=list)
    binding: Binding = field(default_factory=lambda: Binding("", only_attached=False))

    def answer(self, _: Session, **given: str) -> pa.Table:
        """The letters of both, with their places."""
        self.calls.append(given)
        if given["word"].startswith("*"):
            raise UnknownTable(f"no word {given['word']}")
        rows = [
            {"place": place, "letter": letter} for place, letter in enumerate(given["prefix"] + given["word"], start=1)
        ]
        return pa.Table.from_pylist(rows, SCHEMA)

    def function(self) -> TableFunction:
        """The function as a dataset."""
        return TableFunction("spelled", SCHEMA, ["word", "prefix"], self.answer, self.binding)

    @property
    def errors(self) -> list[HarvestDuckError]:
        """The last error, where there was one."""
        last = self.binding.shared.last_error
        return [] if last is None else [last]


def read(function: TableFunction, keep: pc.Expression, columns: list[str] | None = None) -> pa.Table:
    """The rows of a function that a filter keeps, read as DuckDB does."""
    return pa.RecordBatchReader.from_stream(function.scanner(columns=columns, filter=keep).to_reader()).read_all()


@pytest.fixture
def spelling() -> Spelling:
    """A function that was not called yet."""
    return Spelling()


@pytest.fixture
def con(spelling: Spelling) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that knows the function as `spelled(word, prefix)`."""
    with duckdb.connect() as opened:
        opened.register("_spelled", spelling.function())
        opened.execute(
            "CREATE TEMP MACRO spelled(word, prefix := '') AS TABLE "
            + passing("_spelled", {"_word": "word", "_prefix": "prefix"})
        )
        yield opened


def test_arguments_reach_the_function_and_are_no_columns_of_its_answer(
    con: duckdb.DuckDBPyConnection, spelling: Spelling
) -> None:
    found = con.execute("FROM spelled('duck')")
    assert [column[0] for column in found.description or ()] == ["place", "letter"]
    assert found.fetchall() == [(1, "d"), (2, "u"), (3, "c"), (4, "k")]
    assert spelling.calls == [{"word": "duck", "prefix": ""}]


def test_a_function_is_called_anew_by_each_query(con: duckdb.DuckDBPyConnection, spelling: Spelling) -> None:
    for word in ("a", "b", "a"):
        con.execute("SELECT count(*) FROM spelled(?, prefix := ?)", [word, "x"]).fetchall()
    assert [call["word"] for call in spelling.calls] == ["a", "b", "a"]
    assert {call["prefix"] for call in spelling.calls} == {"x"}


@pytest.mark.parametrize("word", ["it's", '"quoted"', "two words", "ä\U0001f986", "a;b", "", "SELECT 1 -- b"])
def test_an_argument_may_be_any_text(word: str, con: duckdb.DuckDBPyConnection, spelling: Spelling) -> None:
    found = con.execute("SELECT string_agg(letter, '' ORDER BY place) FROM spelled(?)", [word]).fetchone()
    assert found == (word or None,)
    assert spelling.calls == [{"word": word, "prefix": ""}]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT letter FROM spelled('duck') WHERE place > 3", [("k",)]),
        ("SELECT place FROM spelled('duck') WHERE letter = 'c'", [(3,)]),
        ("SELECT place FROM spelled('duck') WHERE letter IN ('d', 'k') ORDER BY place", [(1,), (4,)]),
        ("SELECT count(*) FROM spelled('duck')", [(4,)]),
        ("SELECT letter, place FROM spelled('duck') WHERE letter = 'x'", []),
        ("SELECT place FROM spelled('duck') WHERE lower(letter) = 'u' AND place < 4", [(2,)]),
        ("SELECT DISTINCT a.letter FROM spelled('ab') a JOIN spelled('bc') b USING (letter)", [("b",)]),
    ],
)
def test_the_answer_is_filtered_like_any_table(
    query: str, rows: list[tuple[object, ...]], con: duckdb.DuckDBPyConnection
) -> None:
    assert con.execute(query).fetchall() == rows


@settings(deadline=None)
@given(st.text("abc", max_size=4), st.integers(0, 5), st.sampled_from(["a", "b"]))
def test_a_scan_has_the_rows_that_its_filter_keeps(word: str, least: int, letter: str) -> None:
    named = (pc.field("_word") == word) & (pc.field("_prefix") == "ab") & (pc.field("_session") == "")
    keep = named & (pc.field("place") > least) & (pc.field("letter") != letter)
    found = read(Spelling().function(), keep, ["letter", "place"])
    spelled = enumerate("ab" + word, start=1)
    assert found.to_pylist() == [
        {"letter": each, "place": place} for place, each in spelled if place > least and each != letter
    ]


def test_the_hidden_columns_hold_the_arguments() -> None:
    named = (pc.field("_word") == "d") & (pc.field("_prefix") == "") & (pc.field("_session") == "elsewhere")
    found = read(Spelling().function(), named)
    assert found.to_pylist() == [{"_word": "d", "_prefix": "", "_session": "elsewhere", "place": 1, "letter": "d"}]


@pytest.mark.parametrize(
    ("where", "missing"),
    [
        ("true", "word"),
        ("_prefix = 'a'", "word"),
        ("_word = 'a'", "prefix"),
        ("_word > 'a' AND _prefix = 'a'", "word"),
        ("(_word = 'a' OR _word = 'b') AND _prefix = 'a'", "word"),
        ("_word = letter AND _prefix = 'a'", "word"),
        ("(_word = 'a' OR place = 1) AND _prefix = 'a'", "word"),
    ],
)
def test_a_function_without_an_argument_is_not_called(
    where: str, missing: str, con: duckdb.DuckDBPyConnection, spelling: Spelling
) -> None:
    with pytest.raises(duckdb.Error, match=f"spelled: no {missing} reached it; write it as a constant"):
        con.execute(f"FROM _spelled WHERE {where}").fetchall()
    assert spelling.calls == []
    assert [type(error) for error in spelling.errors] == [QueryError]


def test_without_the_optimizer_no_argument_arrives(con: duckdb.DuckDBPyConnection, spelling: Spelling) -> None:
    con.execute("PRAGMA disable_optimizer")
    with pytest.raises(duckdb.Error, match=r"leave DuckDB's optimizer on \(PRAGMA enable_optimizer\)"):
        con.execute("FROM spelled('duck')").fetchall()
    assert spelling.calls == []


def test_an_error_of_the_function_is_told_whole(con: duckdb.DuckDBPyConnection, spelling: Spelling) -> None:
    """DuckDB keeps nothing but its text."""
    with pytest.raises(duckdb.Error, match=r"no word \*"):
        con.execute("FROM spelled('*')").fetchall()
    (error,) = spelling.errors
    assert isinstance(error, UnknownTable)
    assert con.execute("SELECT count(*) FROM spelled('a')").fetchall() == [(1,)]
    assert spelling.errors == [error]


def test_a_function_without_arguments_is_a_table() -> None:
    answer = pa.Table.from_pylist([{"place": 1, "letter": "a"}], SCHEMA)
    with duckdb.connect() as con:
        con.register("alphabet", TableFunction("alphabet", SCHEMA, [], lambda _: answer, Spelling().binding))
        assert con.execute(passing("alphabet", {})).fetchall() == [(1, "a")]
        assert con.execute(f"SELECT letter FROM ({passing('alphabet', {})}) WHERE place = 2").fetchall() == []
        with pytest.raises(duckdb.Error, match="alphabet: no session reached the scan"):
            con.execute("FROM alphabet").fetchall()


def test_a_visible_column_is_no_argument_though_it_has_the_name_of_one() -> None:
    asked: list[dict[str, str]] = []

    def answer(_: Session, **given: str) -> pa.Table:
        asked.append(given)
        return pa.Table.from_pylist([{"word": "b"}], pa.schema([("word", pa.string())]))

    function = TableFunction("echo", pa.schema([("word", pa.string())]), ["word"], answer, Spelling().binding)
    keep = (pc.field("_word") == "a") & (pc.field("word") == "b") & (pc.field("_session") == "")
    assert read(function, keep, ["word"]).to_pylist() == [{"word": "b"}]
    assert asked == [{"word": "a"}]
