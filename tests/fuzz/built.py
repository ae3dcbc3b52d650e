"""Build an Arrow expression from bytes: each byte pushes a term on a stack, or joins those on its top."""

from __future__ import annotations

import functools
import operator
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from support.strategies import COMPARISONS, SCHEMA, VALUES, constant

if TYPE_CHECKING:
    from collections.abc import Callable


_NAMES = tuple(VALUES)
_COMPARED = tuple(COMPARISONS.values())
_JOINED = (operator.and_, operator.or_)
_JOINS = 0x80
_LONG = 1050
_MOST = 40

Stack = list[pc.Expression]


def built(fuzzed: bytes) -> pc.Expression:
    """Return the expression that the first bytes stand for; true if they stand for none."""
    stack: Stack = []
    for byte, following in pairwise((*fuzzed[:_MOST], 0)):
        if byte < _JOINS or not stack:
            stack.append(_leaf(_NAMES[byte % len(_NAMES)], byte // len(_NAMES), following))
        else:
            _JOINERS[byte % len(_JOINERS)](stack, following)
    return functools.reduce(operator.and_, stack) if stack else pc.scalar(value=True)


def _leaf(name: str, form: int, chosen: int) -> pc.Expression:
    column, values = pc.field(name), (*VALUES[name], None)
    value = constant(name, values[chosen % len(values)])
    listed = pa.array(values[: chosen % (len(values) + 1)], SCHEMA.field(name).type)
    match form % 18:
        case 0:
            return column.is_null()
        case 1:
            return column.is_valid()
        case 2:
            return column.isin(listed)
        case 3:
            return pc.is_in(column, listed, skip_nulls=True)
        case 4:
            return pc.if_else(column.is_valid(), column.isin(listed), None)
        case 5:
            return pc.field("flag")
        case odd if odd % 2:
            return _COMPARED[odd // 2 % len(_COMPARED)](pc.scalar(value), column)
        case even:
            return _COMPARED[even // 2 % len(_COMPARED)](column, pc.scalar(value))


def _inverted(stack: Stack, _: int) -> None:
    stack.append(~stack.pop())


def _two(stack: Stack, following: int) -> None:
    right = stack.pop()
    stack.append(_JOINED[following % 2](stack.pop(), right) if stack else right)


def _condition(stack: Stack, _: int) -> None:
    right = stack.pop()
    stack.append(pc.if_else(stack.pop(), right, None) if stack else right)


def _nulled(stack: Stack, _: int) -> None:
    stack.append(pc.is_null(stack.pop()))


def _repeated(stack: Stack, following: int) -> None:
    """Join the top of the stack with a few comparisons, or with so many that Arrow would overflow its stack."""
    chain, join = stack.pop(), _JOINED[following // 8 % 2]
    for number in range(following % 8 or _LONG):
        chain = join(chain, pc.field("whole") == number)
    stack.append(chain)


def _turned(stack: Stack, following: int) -> None:
    """Do the same, nested on the right."""
    chain = stack.pop()
    for number in range(following % 100):
        chain = _JOINED[following % 2](pc.field("whole") != number, chain)
    stack.append(chain)


_JOINERS: tuple[Callable[[Stack, int], None], ...] = (_inverted, _two, _two, _condition, _nulled, _repeated, _turned)
