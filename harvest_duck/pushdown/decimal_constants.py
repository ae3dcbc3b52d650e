"""Gives the numbers that a filter compares decimal columns with the type of their column.

DuckDB does so before it hands a filter over; a filter written in Python has the numbers as they were given. With them
Arrow refuses whole numbers, for want of precision, and pyarrow 18 keeps wrong rows where the scales differ:
`pc.field("hours") >= Decimal("7.5")` is true of 2.75, a decimal of another scale than 7.5.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.arrow_expression import Serialised, compact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.pushdown.arrow_expression import Step

#: The most digits of a decimal of Arrow in 128 bits.
_DIGITS = 38
_COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})


def fitted(written: Serialised, schema: pa.Schema) -> Serialised:
    """Return the expression with such numbers, `written` itself where it has none.

    Raises `QueryError` for a number with more decimal places than its column has.
    """
    types = {column.name: column.type for column in schema if pa.types.is_decimal(column.type)}
    steps, constants = list(written.steps), list(written.constants)
    for column, place in _compared(steps):
        constant = constants[int(steps[place][1])]
        if column in types and constant.type != types[column] and _is_number(constant):
            steps[place] = ("literal", str(len(constants)))
            constants.append(_typed(constant[0].as_py(), column, types[column]))
    return written if len(constants) == len(written.constants) else compact(steps, constants)


def _compared(steps: Sequence[Step]) -> Iterator[tuple[str, int]]:
    """Yield the column of each comparison with a constant, and the place of the constant among the steps."""
    for place, step in enumerate(steps):
        if step[0] == "call" and step[1] in _COMPARISONS:
            match steps[place + 1 : place + 3]:
                case [("field_ref", column), ("literal", _)]:
                    yield column, place + 2
                case [("literal", _), ("field_ref", column)]:
                    yield column, place + 1


def _is_number(constant: pa.Array) -> bool:
    numeric = pa.types.is_integer(constant.type) or pa.types.is_decimal(constant.type)
    return bool(numeric) and not constant.null_count


def _typed(value: int | Decimal, column: str, wanted: pa.DataType) -> pa.Array:
    # A number beyond those of the column is right as well, as long as the scale is the same.
    for fitting in (wanted, pa.decimal128(_DIGITS, wanted.scale)):
        # Not by a cast, which wants a precision for every number of the type that the constant has.
        with suppress(pa.ArrowInvalid):
            return pa.array([Decimal(value)], fitting)
    raise QueryError(
        f"{column} is compared with {value}: give at most {wanted.scale} decimal places, as {column} has, "
        f"and {_DIGITS} digits in all"
    )
