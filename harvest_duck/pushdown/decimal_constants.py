"""Gives the numbers that a filter compares decimal columns with the type of their column.

DuckDB does so before it hands a filter over; a filter written in Python has the numbers as they were given. With them
Arrow refuses whole numbers, for want of precision, and pyarrow 18 keeps wrong rows where the scales differ:
`pc.field("hours") >= Decimal("7.5")` is true of 2.75, a decimal of another scale than 7.5. Of a binary fraction Arrow
says that 3.3200 is not 3.32, because it multiplies 33200 by 0.0001 (pyarrow 18 to 26).
"""

from __future__ import annotations

import math
from decimal import ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from harvest_duck.pushdown.arrow_expression import Serialised, compact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.pushdown.arrow_expression import Step

#: The most digits of a decimal of Arrow in 128 bits.
_DIGITS = 38
_COMPARISONS = frozenset({"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})
#: What compares a column with the largest of its numbers below one that it cannot be, and that number with the column.
_BELOW = {"less": "less_equal", "greater_equal": "greater"}
_BELOW_FIRST = {"less_equal": "less", "greater": "greater_equal"}
#: Enough for any binary fraction.
_EXACT = Context(prec=1200)


def fitted(written: Serialised, schema: pa.Schema) -> Serialised:
    """Return the expression with such numbers, `written` itself where it has none.

    A number with more decimal places than its column is one that the column cannot be. It is compared by the column's
    next number below it.
    """
    types = {column.name: column.type for column in schema if pa.types.is_decimal(column.type)}
    steps, constants = list(written.steps), list(written.constants)
    for call, literal, column in _compared(steps):
        constant = constants[int(steps[literal][1])]
        if column not in types or constant.type == types[column] or not _is_number(constant):
            continue
        name = steps[call][1]
        number, found = _nearest(constant[0].as_py(), types[column])
        if not found and name in {"equal", "not_equal"}:
            number = _beyond(1, types[column])
        elif not found:
            name = (_BELOW if literal == call + 2 else _BELOW_FIRST).get(name, name)
        steps[call], steps[call + 3] = ("call", name), ("end", name)
        steps[literal] = ("literal", str(len(constants)))
        constants.append(_typed(number, types[column]))
    return written if len(constants) == len(written.constants) else compact(steps, constants)


def _compared(steps: Sequence[Step]) -> Iterator[tuple[int, int, str]]:
    """Yield the place of each comparison with a constant, that of the constant, and the name of the column."""
    for place, step in enumerate(steps):
        if step[0] == "call" and step[1] in _COMPARISONS:
            match steps[place + 1 : place + 3]:
                case [("field_ref", column), ("literal", _)]:
                    yield place, place + 2, column
                case [("literal", _), ("field_ref", column)]:
                    yield place, place + 1, column


def _is_number(constant: pa.Array) -> bool:
    if constant.null_count:
        return False
    if pa.types.is_floating(constant.type):
        return math.isfinite(constant[0].as_py())
    return bool(pa.types.is_integer(constant.type) or pa.types.is_decimal(constant.type))


def _nearest(value: float | Decimal, wanted: pa.DataType) -> tuple[Decimal, bool]:
    """The number of a type that a value is, or the next one below it; and whether it is that."""
    unit, exact = Decimal(1).scaleb(-wanted.scale), Decimal(value)
    nearest = exact.quantize(unit, context=_EXACT)
    # A binary fraction is meant as the decimal that it is read from.
    if float(nearest) == value if isinstance(value, float) else nearest == exact:
        return nearest, True
    return exact.quantize(unit, ROUND_FLOOR, _EXACT), False


def _typed(number: Decimal, wanted: pa.DataType) -> pa.Array:
    """The number as a constant; one that no number of the type reaches is as good as any other such one."""
    fits = abs(number) < 10 ** (wanted.precision - wanted.scale)
    held = number if fits else _beyond(-1 if number < 0 else 1, wanted)
    # Not by a cast, which wants a precision for every number of the type that the constant has.
    return pa.array([held], wanted if fits else pa.decimal128(_DIGITS, wanted.scale))


def _beyond(sign: int, wanted: pa.DataType) -> Decimal:
    """A number larger, or smaller, than all of a type, of the scale of the type."""
    return Decimal(sign).scaleb(wanted.precision - wanted.scale)
