"""Numbers that decimal columns are compared with: the rows that stay are those of Python's own comparison."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_duck.pushdown.arrow_expression import serialised
from harvest_duck.pushdown.arrow_filter import matching, read_filter
from harvest_duck.pushdown.decimal_constants import fitted

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = pa.schema([("hours", pa.decimal128(18, 4)), ("id", pa.int64()), ("rate", pa.decimal128(18, 4))])

numbers = st.decimals(-100, 100, places=4) | st.integers(-100, 100).map(Decimal)
constants = st.integers(-(10**13), 10**13) | st.decimals(-100, 100, places=2) | st.decimals(-100, 100, places=4)
comparisons = st.sampled_from([operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge])


def kept(condition: pc.Expression, values: list[Decimal | None]) -> list[Decimal | None]:
    """The hours of the rows that a filter keeps."""
    columns = [pa.array(values, SCHEMA.field("hours").type), pa.nulls(len(values), pa.int64())]
    batch = pa.RecordBatch.from_arrays([*columns, columns[0]], schema=SCHEMA)
    keep = read_filter(condition, SCHEMA).keep
    assert keep is not None
    return list(matching(batch, keep)["hours"].to_pylist())


@given(values=st.lists(st.none() | numbers, max_size=5), constant=constants | numbers, compared=comparisons)
@settings(deadline=None)
def test_a_decimal_is_compared_with_any_number_that_it_can_be(
    values: list[Decimal | None], constant: Decimal, compared: Callable[[object, object], bool]
) -> None:
    expected = [value for value in values if value is not None and compared(value, constant)]
    assert kept(compared(pc.field("hours"), pa.scalar(constant)), values) == expected  # type: ignore[arg-type]


def test_every_comparison_of_a_filter_is_meant() -> None:
    condition = (
        ((pc.field("hours") >= 1) & (pc.field("hours") < pa.scalar(Decimal("7.5"))))
        | (pc.scalar(9) == pc.field("hours"))
        | (pc.field("rate") > 99)
    )
    values = [Decimal(text) for text in ("0", "1", "7.4999", "7.5", "9", "10")]
    assert kept(condition, values) == [Decimal(text) for text in ("1", "7.4999", "9")]


@pytest.mark.parametrize(
    "condition",
    [
        pc.field("id") == 3,
        pc.field("hours") == pa.scalar(Decimal("7.5"), pa.decimal128(18, 4)),
        pc.field("hours") > pa.scalar(float("nan")),
        pc.field("hours") < pa.scalar(float("inf")),
        pc.field("hours") == pa.scalar(None, pa.int64()),
        pc.field("hours").is_valid(),
        pc.field("rate") == pc.field("hours"),
    ],
)
def test_other_terms_stay_as_they_are(condition: pc.Expression) -> None:
    written = serialised(condition)
    assert fitted(written, SCHEMA) is written


def test_a_number_beyond_those_of_the_column_is_compared_all_the_same() -> None:
    assert kept(pc.field("hours") < 10**15, [Decimal(1), None]) == [Decimal(1)]
    assert kept(pc.field("hours") > Decimal(10) ** 33, [Decimal(1), None]) == []
    assert kept(pc.field("hours") >= pa.scalar(-1e300), [Decimal(1), None]) == [Decimal(1)]
    assert kept(pa.scalar(Decimal(10) ** 34) != pc.field("hours"), [Decimal(1), None]) == [Decimal(1)]


@given(
    values=st.lists(st.none() | numbers, max_size=5),
    constant=st.decimals(-100, 100, places=7) | st.floats(-100, 100) | numbers.map(float),
    compared=comparisons,
    first=st.booleans(),
)
@settings(deadline=None)
def test_a_number_that_a_column_cannot_be_lies_between_those_that_it_can(
    values: list[Decimal | None], constant: Decimal | float, compared: Callable[[object, object], bool], first: bool
) -> None:
    """A binary fraction is the decimal that Python writes for it: 3.32 is 3.3200."""
    meant = Decimal(repr(constant)) if isinstance(constant, float) else constant
    held, column = pc.scalar(constant), pc.field("hours")
    condition = compared(held, column) if first else compared(column, held)
    expected = [
        each for each in values if each is not None and (compared(meant, each) if first else compared(each, meant))
    ]
    assert kept(condition, values) == expected  # type: ignore[arg-type]
