"""Arguments on hidden columns: they leave the filter, and what is left keeps the rows that the whole filter keeps."""

from __future__ import annotations

import functools
import operator

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.engine.hidden_arguments import CONNECTION, separated
from harvest_duck.pushdown.predicate import And

SCHEMA = pa.schema(
    [("id", pa.int64()), ("name", pa.string()), ("flag", pa.bool_()), ("part", pa.struct([("of", pa.string())]))]
)
ROWS = pa.Table.from_pylist(
    [
        {"id": number, "name": name, "flag": flag, "part": {"of": name}}
        for number in (1, 2, None)
        for name in ("x", "y", None)
        for flag in (True, False, None)
    ],
    schema=SCHEMA,
)
WHOLE = ROWS.append_column(CONNECTION, pa.repeat(pa.scalar("x"), ROWS.num_rows))
GIVEN = pc.field(CONNECTION) == "x"
LEAVES = [
    pc.field("id") == 1,
    pc.field("id") > 1,
    pc.field("name") == "x",
    pc.field("name") != "y",
    pc.field("flag"),
    pc.field("name").is_null(),
    pc.field("part", "of").is_valid(),
    pc.field("name").isin(["x", "z"]),
    pc.match_substring(pc.field("name"), "x"),
    GIVEN,
    pc.scalar("x") == pc.field(CONNECTION),
    pc.field(CONNECTION) == "y",
    pc.field(CONNECTION) > "a",
    pc.field(CONNECTION) == pc.field("name"),
    pc.field(CONNECTION).is_valid(),
    pc.field(CONNECTION).isin(["x"]),
    pc.scalar(value=True),
    pc.scalar(value=False),
]
expressions = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.builds(operator.and_, inner, inner),
        st.builds(operator.or_, inner, inner),
        st.builds(operator.invert, inner),
        st.builds(lambda a, b: pc.if_else(a.is_valid(), b, None), inner, inner),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=share(300))
@given(expressions, st.booleans())
def test_what_is_left_keeps_the_rows_that_the_whole_filter_keeps(rest: pc.Expression, first: bool) -> None:
    whole = GIVEN & rest if first else rest & GIVEN
    texts, left = separated(whole, SCHEMA, [CONNECTION])
    assert texts[CONNECTION] in {"x", "y"}
    if texts[CONNECTION] == "x":
        found = ROWS if left.keep is None else ROWS.filter(left.keep)
        assert found.to_pylist() == WHOLE.filter(whole).select(SCHEMA.names).to_pylist()
    else:
        # Two texts are asked for: no row can have both.
        assert WHOLE.filter(whole).num_rows == 0
        assert left.keep is not None
        assert ROWS.filter(left.keep).num_rows == 0
    assert CONNECTION not in (left.columns or ())


def test_nothing_is_left_of_a_filter_that_has_nothing_but_arguments() -> None:
    for whole in (GIVEN, GIVEN & GIVEN, pc.scalar("x") == pc.field(CONNECTION)):
        texts, left = separated(whole, SCHEMA, [CONNECTION])
        assert (texts, left.predicate, left.keep) == ({CONNECTION: "x"}, And(()), None)


def test_a_text_is_not_in_what_is_left() -> None:
    _, left = separated((pc.field(CONNECTION) == "APIKey=secret") & (pc.field("id") == 1), SCHEMA, [CONNECTION])
    assert left.keep.equals(pc.field("id") == 1)


@pytest.mark.parametrize(
    "whole",
    [
        None,
        pc.field("id") == 1,
        ~GIVEN,
        GIVEN | (pc.field("id") == 1),
        pc.field(CONNECTION) == pa.scalar(None, pa.string()),
        pc.field(CONNECTION) == pc.field("name"),
        pc.field(CONNECTION).isin(["x"]),
        pc.field(3) == 1,
    ],
)
def test_an_argument_is_missing_where_not_every_row_has_to_have_it(whole: pc.Expression | None) -> None:
    assert separated(whole, SCHEMA, [CONNECTION])[0] == {}


@pytest.mark.thorough
@pytest.mark.uncounted
def test_a_filter_with_thousands_of_terms_is_separated() -> None:
    ids = [pc.field("id") == number for number in range(5000)]
    texts, left = separated(GIVEN & functools.reduce(operator.or_, ids), SCHEMA, [CONNECTION])
    assert texts == {CONNECTION: "x"}
    assert ROWS.filter(left.keep).column("id").to_pylist() == [1] * 9 + [2] * 9
    texts, left = separated(functools.reduce(operator.and_, [GIVEN, *map(operator.invert, ids)]), SCHEMA, [CONNECTION])
    assert texts == {CONNECTION: "x"}
    assert ROWS.filter(left.keep).num_rows == 0
