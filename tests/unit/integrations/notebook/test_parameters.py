"""The parameters of a cell's SQL: which braces are some, and what their values are."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.errors import QueryError
from harvest_duck.integrations.notebook.parameters import replaced, values, with_dollars

#: Pieces of SQL that stay as they are, and those that are parameters.
STAY = ["a", "{'a': 1}", "{a: b}", "'{b}'", '"{b}"', "-- {b}\n", "/* {b} */", "$$ {b} $$", "'é{b}'", "{}", "$b", ", ("]
PARAMETERS = {"{b}": "$b", "{ since }": "$since", "{é1}": "$é1"}


@given(st.lists(st.sampled_from([*STAY, *PARAMETERS])))
def test_braces_around_a_name_alone_are_a_parameter(pieces: list[str]) -> None:
    wanted = [PARAMETERS.get(piece, piece) for piece in pieces]
    assert with_dollars(" ".join(pieces)) == " ".join(wanted)


def test_literals_take_the_place_of_parameters() -> None:
    sql = "SELECT $é, '$b', $b -- $b\n, $ab"
    assert replaced(sql, {"b": "1", "ab": "$b", "é": "'x'"}) == "SELECT 'x', '$b', 1 -- $b\n, $b"


def test_a_parameter_has_one_value() -> None:
    assert values({"b", "a"}, {"a": None, "b": [1], "c": 2}) == {"a": None, "b": [1]}
    for names, message in (
        ({"nothing"}, "has no value"),
        ({"1"}, "has a name"),
        ({"rows"}, "has rows, and a parameter is one value"),
    ):
        with pytest.raises(QueryError, match=message):
            values(names, {"rows": pa.table({"a": [1]})})


def test_a_number_of_numpy_is_one_of_python() -> None:
    numpy = pytest.importorskip("numpy")
    found = values({"n", "x"}, {"n": numpy.int64(3), "x": numpy.float32(0.5)})
    assert found == {"n": 3, "x": 0.5}
    assert [*map(type, found.values())] == [int, float]
