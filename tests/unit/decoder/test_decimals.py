"""Decimals out of doubles: the ones that the text rounds to, or a refusal."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.decoder.decimals import with_decimals, with_doubles
from harvest_duck.decoder.exact_values import rounded

DECIMAL = pa.decimal128(18, 4)
RECORD = pa.struct([("id", pa.int64()), ("hours", DECIMAL), ("items", pa.list_(pa.struct([("price", DECIMAL)])))])

texts = st.builds(
    "{}{}".format,
    st.integers(-(10**12), 10**12),
    st.just("") | st.text("0123456789", min_size=1, max_size=20).map(".{}".format) | st.sampled_from(["e-7", "e2"]),
)


@settings(deadline=None, max_examples=share(600))
@given(st.lists(texts, max_size=3))
def test_what_is_read_is_what_the_texts_round_to(written: list[str]) -> None:
    try:
        (found,) = with_decimals([pa.array(map(float, written), pa.float64())])
    except pa.ArrowInvalid:
        return
    assert found.to_pylist() == [rounded(text) for text in written]


@settings(deadline=None, max_examples=share(200))
@given(st.lists(st.none() | st.integers(1 - 10**15, 10**15 - 1).map(lambda scaled: Decimal(scaled).scaleb(-4))))
def test_numbers_of_four_digits_are_read(values: list[Decimal | None]) -> None:
    doubles = pa.array([None if value is None else float(value) for value in values], pa.float64())
    assert with_decimals([doubles, doubles]) == [pa.array(values, DECIMAL)] * 2


@pytest.mark.parametrize("text", ["0.00005", "1.00001", "1e-300", "1e11", "-1e11", "1e300", "99999999999.99999"])
def test_a_double_that_may_round_to_something_else_is_refused(text: str) -> None:
    with pytest.raises(pa.ArrowInvalid):
        with_decimals([pa.array([1.0]), pa.array([1.0, None, float(text)])])


def test_doubles_within_objects_and_arrays_are_replaced() -> None:
    rows = [
        {"id": 1, "hours": 1.25, "items": [{"price": 0.1}, None, {"price": None}]},
        None,
        {"id": 2, "hours": None, "items": None},
        {"id": 3, "hours": 2.5, "items": []},
    ]
    (found,) = with_decimals([pa.array(rows, with_doubles(RECORD))])
    assert found.type == RECORD
    found.validate(full=True)
    assert found.to_pylist() == [
        {"id": 1, "hours": Decimal("1.25"), "items": [{"price": Decimal("0.1")}, None, {"price": None}]},
        None,
        {"id": 2, "hours": None, "items": None},
        {"id": 3, "hours": Decimal("2.5"), "items": []},
    ]


def test_what_has_no_decimals_stays() -> None:
    plain = pa.array([{"id": 1}])
    assert with_decimals([plain]) == [plain]
    assert with_decimals([]) == []
