"""The filter that DuckDB hands to a scan, as a predicate.

DuckDB applies a pushed filter nowhere else, so the scan applies the whole of it to every batch; what is read here only
narrows the requests. Refusing is therefore always safe: a node that is not understood becomes `Unknown`.

The field numbers are those of Substrait's `algebra.proto` and `extended_expression.proto` as pyarrow 18 to 26 writes
them. Source: https://github.com/substrait-io/substrait/blob/v0.44.0/proto/substrait/algebra.proto
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value
from harvest_duck.substrait import Message, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    import pyarrow.compute as pc

__all__ = ["Filter", "read_filter"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COMPARISONS = {"equal": Op.EQ, "not_equal": Op.NE, "lt": Op.LT, "lte": Op.LE, "gt": Op.GT, "gte": Op.GE}
_MIRRORED = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ, Op.NE: Op.NE}

# Expression
_LITERAL, _SELECTION, _FUNCTION, _IF_THEN, _OR_LIST, _CAST = 1, 2, 3, 6, 8, 11


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as read: its predicate, and the columns it looks at, None where that could not be told."""

    predicate: Predicate
    columns: frozenset[str] | None


def read_filter(expression: pc.Expression | None, schema: pa.Schema) -> Filter:
    """The filter as a predicate over the columns of `schema`; no filter is an AND of nothing."""
    if expression is None:
        return Filter(And(()), frozenset())
    try:
        body = bytes(expression.to_substrait(schema))
    except (ValueError, NotImplementedError) as error:
        # pyarrow's ArrowInvalid and ArrowNotImplementedError are these: an expression that Substrait cannot carry.
        return Filter(Unknown(str(error)), None)
    return _read(Message(body), schema.names)


def _read(extended: Message, names: Sequence[str]) -> Filter:
    functions = {}
    for declared in extended.messages(2):
        function = declared.message(3)
        functions[function.integer(2)] = function.text(3)
    reader = _Reader(functions, names)
    predicate = reader.predicate(extended.messages(3)[0].message(1))
    return Filter(predicate, None if reader.blind else frozenset(reader.columns))


class _Unreadable(Exception):
    """A node that has no counterpart among the predicates."""


class _Reader:
    """One walk over an expression, collecting the columns on the way."""

    def __init__(self, functions: Mapping[int, str], names: Sequence[str]) -> None:
        self._functions = functions
        self._names = names
        self.columns: set[str] = set()
        self.blind = False

    def predicate(self, node: Message) -> Predicate:
        """The node as a predicate, `Unknown` where it cannot be read."""
        try:
            return self._predicate(node)
        except (_Unreadable, ValueError, OverflowError) as error:
            self._collect(node)
            return Unknown(str(error))

    def _predicate(self, node: Message) -> Predicate:
        if node.has(_FUNCTION):
            return self._function(node.message(_FUNCTION))
        if node.has(_OR_LIST):
            return self._membership(node.message(_OR_LIST))
        if node.has(_IF_THEN):
            return self._guarded(node.message(_IF_THEN))
        if node.has(_SELECTION):
            return Compare(self._column(node), Op.EQ, value=True)
        if node.has(_LITERAL):
            literal = node.message(_LITERAL)
            if literal.has(1):
                return And(()) if literal.integer(1) else Or(())
        raise _Unreadable(f"expression {sorted(node.numbers())}")

    def _function(self, call: Message) -> Predicate:
        name = self._functions[call.integer(1)]
        terms = [argument.message(3) for argument in call.messages(4)]
        if name in _COMPARISONS:
            return self._comparison(_COMPARISONS[name], *terms)
        if name in ("and", "or"):
            return (And if name == "and" else Or)(tuple(self.predicate(term) for term in terms))
        if name == "not":
            return Not(self.predicate(terms[0]))
        if name == "is_null":
            return IsNull(self._column(terms[0]))
        if name == "is_not_null":
            return Not(IsNull(self._column(terms[0])))
        raise _Unreadable(f"function {name}")

    def _comparison(self, op: Op, left: Message, right: Message) -> Predicate:
        if left.has(_LITERAL):
            left, right, op = right, left, _MIRRORED[op]
        value = _literal(right)
        column = self._column(left)
        return Or(()) if value is None else Compare(column, op, value)

    def _membership(self, test: Message) -> Predicate:
        column = self._column(test.message(1))
        values = [_literal(option) for option in test.messages(2)]
        # pyarrow's is_in matches NULL with NULL, which SQL does not: only the engine could have asked for that.
        listed: Predicate = In(column, frozenset(value for value in values if value is not None))
        return Or((listed, IsNull(column))) if None in values else listed

    def _guarded(self, choice: Message) -> Predicate:
        """`if_else(is_valid(x), term, null)`, the form in which duckdb 2 sends an IN list: true when `term` is."""
        ifs = choice.messages(1)
        if len(ifs) != 1 or not choice.message(2).message(_LITERAL).has(29):
            raise _Unreadable("if_else")
        return And((self.predicate(ifs[0].message(1)), self.predicate(ifs[0].message(2))))

    def _column(self, node: Message) -> str:
        segment = node.message(_SELECTION).message(1).message(2)
        if not node.has(_SELECTION) or not node.message(_SELECTION).message(1).has(2) or segment.has(2):
            raise _Unreadable("no plain column")
        name = self._names[signed(segment.integer(1))]
        self.columns.add(name)
        return name

    def _collect(self, node: Message) -> None:
        """Note the columns below a node that was not understood, or give up on knowing them."""
        if node.has(_SELECTION):
            direct = node.message(_SELECTION).message(1)
            if direct.has(2):
                self.columns.add(self._names[signed(direct.message(2).integer(1))])
                return
        children = _children(node)
        if children is None:
            self.blind = True
        for child in children or ():
            self._collect(child)


def _children(node: Message) -> list[Message] | None:
    """The expressions directly below `node`; None when that cannot be told."""
    if node.has(_LITERAL):
        return []
    if node.has(_FUNCTION):
        return [argument.message(3) for argument in node.message(_FUNCTION).messages(4) if argument.has(3)]
    if node.has(_CAST):
        return node.message(_CAST).messages(2)
    if node.has(_OR_LIST):
        return node.message(_OR_LIST).messages(1) + node.message(_OR_LIST).messages(2)
    if node.has(_IF_THEN):
        choice = node.message(_IF_THEN)
        branches = [part for branch in choice.messages(1) for part in (branch.message(1), branch.message(2))]
        return branches + choice.messages(2)
    return None


def _literal(node: Message) -> Value | None:
    """The value of a literal, None for NULL; refuses what is no literal, or has no Python value."""
    if not node.has(_LITERAL):
        raise _Unreadable("no literal")
    literal = node.message(_LITERAL)
    if literal.has(29):
        return None
    for number, convert in _LITERALS.items():
        if literal.has(number):
            return convert(literal, number)
    raise _Unreadable(f"literal {sorted(literal.numbers())}")


def _integer(literal: Message, number: int) -> int:
    return signed(literal.integer(number))


def _date(literal: Message, number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=_integer(literal, number))


def _time(literal: Message, number: int) -> time:
    return (_EPOCH + timedelta(microseconds=_integer(literal, number))).time()


def _timestamp(literal: Message, number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=_integer(literal, number))


def _decimal(literal: Message, number: int) -> Decimal:
    part = literal.message(number)
    unscaled = int.from_bytes(part.raw(1), "little", signed=True)
    return Decimal(unscaled).scaleb(-part.integer(3))


_LITERALS: Mapping[int, Callable[[Message, int], Value]] = {
    1: lambda literal, number: bool(literal.integer(number)),
    2: _integer,
    3: _integer,
    5: _integer,
    7: _integer,
    12: Message.text,
    16: _date,
    17: _time,
    24: _decimal,
    27: _timestamp,
}
