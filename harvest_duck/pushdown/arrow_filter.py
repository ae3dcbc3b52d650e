"""The filter that DuckDB hands to a scan, as a predicate.

DuckDB does not apply a filter that it pushed, so the scan applies the whole of it to every batch; the predicate only
narrows the requests. It is therefore always safe not to understand a term, which then becomes `Unknown`.

pyarrow shows an expression to Python in two forms only. As Substrait it doubles in size with every level, because each
argument is written twice (pyarrow 18 to 26): 20 terms joined by OR are 400 MB. So the pickled form is read, see
`arrow_expression`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.arrow_expression import deserialised, serialised, shallow
from harvest_duck.pushdown.decimal_constants import fitted
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value, conjuncts
from harvest_duck.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.pushdown.arrow_expression import Serialised, Step

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 24 * 60 * 60 * 10**6
#: The length of a day in each unit of timestamps.
_DAY = {"s": 86_400, "ms": 86_400 * 10**3, "us": _DAY_US, "ns": 86_400 * 10**9}
_COMPARISONS = {
    "equal": Op.EQ,
    "not_equal": Op.NE,
    "less": Op.LT,
    "less_equal": Op.LE,
    "greater": Op.GT,
    "greater_equal": Op.GE,
}
_MIRRORED = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ, Op.NE: Op.NE}

#: The most characters of an error of Arrow that are shown.
_LONGEST = 150

#: `SetLookupOptions.NullMatchingBehavior.MATCH`: is_in is true of NULL where the list holds one.
_MATCH = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: its predicate, and the columns that it uses, None where they are unknown.

    `keep` is the filter for Arrow, safe to evaluate in any thread; None keeps all rows.
    """

    predicate: Predicate
    columns: frozenset[str] | None
    keep: pc.Expression | None = field(default=None, compare=False)


def read_filter(expression: pc.Expression | None, schema: pa.Schema) -> Filter:
    """Return the filter as a predicate over the columns of `schema`; no filter is an empty AND.

    Raises `QueryError` if the filter is nested too deep to evaluate.
    """
    if expression is None:
        return Filter(And(()), frozenset())
    try:
        written = serialised(expression)
    except (pa.ArrowException, ValueError) as error:
        return Filter(Unknown(str(error)), None, expression)
    found = read_serialised(written, schema, expression)
    typed = fitted(written, schema)
    return found if typed is written else replace(found, keep=deserialised(shallow(typed, schema)))


def read_serialised(written: Serialised, schema: pa.Schema, expression: pc.Expression | None = None) -> Filter:
    """The filter with these steps as a predicate; `expression` is the same filter, where there is one already.

    Raises `QueryError` as `read_filter` does.
    """
    flat = shallow(written, schema)
    found = _Reader(schema, [constant[0] for constant in flat.constants]).read(flat.steps)
    return replace(found, keep=expression if expression is not None and flat is written else deserialised(flat))


def refuse_unfit(read: Filter, schema: pa.Schema, *, where: str) -> None:
    """Raise `QueryError` if a filter cannot be applied to rows of `schema`, as with a text in the place of a day.

    DuckDB converts constants before it hands a filter over; a filter written in Python has them as they were given.
    """
    if read.keep is None:
        return
    # Some kernels look at their types only where there is a row.
    row = pa.RecordBatch.from_arrays([pa.nulls(1, column.type) for column in schema], schema=schema)
    try:
        _filtered(pa.Table.from_batches([row]), read.keep)
    except pa.ArrowException as error:
        unread = (term.why for term in conjuncts(read.predicate) if isinstance(term, Unknown))
        raise QueryError(
            f"{where}: the filter cannot be applied ({next(unread, _told(error))}): write each value in the type of "
            "its column, a day as datetime.date(2026, 1, 1) and a decimal as decimal.Decimal('7.5')"
        ) from error


def matching(batch: pa.RecordBatch, condition: pa.BooleanArray | pc.Expression) -> pa.RecordBatch:
    """The rows of `batch` for which a mask or an expression is true.

    Raises `QueryError` for an expression that Arrow cannot apply to them.
    """
    # Not RecordBatch.filter, which fails in pyarrow 18 where no row is left.
    table = pa.Table.from_batches([batch])
    if isinstance(condition, pc.Expression):
        try:
            kept = _filtered(table, condition)
        except pa.ArrowException as error:
            raise QueryError(
                f"the filter cannot be applied to a row ({_told(error)}): change or leave it out"
            ) from error
    else:
        kept = table.filter(condition)
    return next(iter(kept.combine_chunks().to_batches()), batch.slice(0, 0))


def _filtered(table: pa.Table, condition: pc.Expression) -> pa.Table:
    from pyarrow import acero  # noqa: PLC0415 - loads Arrow's datasets, and pandas where that is installed

    # Table.filter would start Arrow's threads: half as much CPU again for a page.
    source = acero.Declaration("table_source", acero.TableSourceNodeOptions(table))
    return acero.Declaration("filter", acero.FilterNodeOptions(condition), [source]).to_table(use_threads=False)


def _told(error: pa.ArrowException) -> str:
    return shortened(one_line(str(error)), _LONGEST)


class _Unreadable(Exception):
    """A call that has no counterpart among the predicates."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A column as a term."""

    name: str


_Term: TypeAlias = "_Field | pa.Scalar | Predicate"


@dataclass(slots=True)
class _Call:
    """A call whose end has not been reached yet."""

    function: str
    terms: list[_Term] = field(default_factory=list)
    options: pa.StructScalar | None = None


class _Reader:
    """One walk over the steps of an expression; no recursion, since a long OR is nested as deep as it is long."""

    def __init__(self, schema: pa.Schema, constants: list[pa.Scalar]) -> None:
        self._types = {column.name: column.type for column in schema}
        self._constants = constants
        self._columns: set[str] = set()

    def read(self, steps: Sequence[Step]) -> Filter:
        """Return the filter that the steps of a whole expression make."""
        open_calls = [_Call("")]
        ahead = iter(steps)
        for step, text in ahead:
            if step == "call":
                open_calls.append(_Call(text))
            elif step == "options":
                open_calls[-1].options = self._constants[int(text)]
            elif step == "end":
                call = open_calls.pop()
                open_calls[-1].terms.append(self._called(call))
            else:
                open_calls[-1].terms.append(self._leaf(step, text, ahead))
        (whole,) = open_calls[0].terms
        return Filter(_true(whole), frozenset(self._columns))

    def _leaf(self, step: str, text: str, ahead: Iterator[Step]) -> _Term:
        if step == "literal":
            return self._constants[int(text)]
        # A member of a struct is one step for each of its names, the column first.
        names = [text] if step == "field_ref" else [next(ahead)[1] for _ in range(int(text))]
        self._columns.add(names[0])
        return _Field(names[0]) if len(names) == 1 else Unknown("member of a struct")

    def _called(self, call: _Call) -> Predicate:
        """Return the call as a predicate, `Unknown` where it cannot be read."""
        try:
            return self._predicate(call)
        except (_Unreadable, KeyError, ValueError, OverflowError) as error:
            return Unknown(str(error))

    def _predicate(self, call: _Call) -> Predicate:
        match call.function, call.terms:
            case name, [left, right] if name in _COMPARISONS:
                return self._comparison(_COMPARISONS[name], left, right)
            case "and_kleene", terms:
                return And(tuple(part for term in terms for part in _parts(_true(term), And)))
            case "or_kleene", terms:
                return Or(tuple(part for term in terms for part in _parts(_true(term), Or)))
            case "invert", [Not(term)]:
                return term
            case "invert", [term]:
                return Not(_true(term))
            case "is_null", [_Field(name)]:
                return IsNull(name)
            case "is_valid", [_Field(name)]:
                return Not(IsNull(name))
            case "is_in", [_Field(name)] if call.options is not None:
                return self._membership(name, call.options)
            case "if_else", [condition, term, pa.Scalar(is_valid=False)]:
                # The form in which duckdb 2 sends an IN list, if_else(is_valid(x), term, null): true when both are.
                return And((*_parts(_true(condition), And), *_parts(_true(term), And)))
        raise _Unreadable(f"function {call.function}")

    def _comparison(self, op: Op, left: _Term, right: _Term) -> Predicate:
        if isinstance(left, pa.Scalar):
            left, right, op = right, left, _MIRRORED[op]
        if not isinstance(left, _Field) or not isinstance(right, pa.Scalar):
            raise _Unreadable("no comparison of a column with a constant")
        if _kind(self._types.get(left.name, pa.null())) == "date" and pa.types.is_timestamp(right.type):
            return _on_day(left.name, op, right)
        value = self._value(left.name, right)
        return Or(()) if value is None else Compare(left.name, op, value)

    def _membership(self, name: str, options: pa.StructScalar) -> Predicate:
        values = [self._value(name, option) for option in options["value_set"].values]
        listed = In(name, frozenset(value for value in values if value is not None))
        if None in values and options["null_matching_behavior"].as_py() == _MATCH:
            return Or((listed, IsNull(name)))
        # Unlike SQL's IN, Arrow's is_in is false of NULL, so that its opposite is true.
        return And((Not(IsNull(name)), listed))

    def _value(self, column: str, constant: pa.Scalar) -> Value | None:
        """Return the constant as a value of the column, None for NULL.

        Raises `_Unreadable` if it is of another kind, or out of range.
        """
        if not constant.is_valid:
            return None
        kinds = (_kind(constant.type), _kind(self._types.get(column, pa.null())))
        match kinds:
            case ("number", "number") | ("text", "text") | ("boolean", "boolean"):
                value: Value = constant.as_py()
                return value
            case ("date", "date"):
                return date(1970, 1, 1) + timedelta(days=constant.value)
            # 24:00:00 is a time to Arrow and DuckDB, and none to Python.
            case ("time", "time") if constant.value < _DAY_US:
                return (_EPOCH + timedelta(microseconds=constant.value)).time()
            case ("timestamp", "timestamp"):
                return _EPOCH + timedelta(microseconds=constant.value)
        raise _Unreadable(f"{constant.type} is no value of {column}, a {self._types.get(column)}")


def _on_day(column: str, op: Op, moment: pa.Scalar) -> Predicate:
    """Return the comparison of a day with a moment, for which Arrow takes the midnight that begins the day."""
    if not moment.is_valid:
        return Or(())
    days, rest = divmod(moment.value, _DAY[moment.type.unit])
    found = date(1970, 1, 1) + timedelta(days=days)
    if not rest:
        return Compare(column, op, found)
    match op:
        case Op.EQ:
            return In(column, frozenset())
        case Op.NE:
            return Not(IsNull(column))
        case _:
            return Compare(column, Op.LE if op in {Op.LT, Op.LE} else Op.GT, found)


def _true(term: _Term) -> Predicate:
    """Return the predicate that the term is true."""
    if isinstance(term, _Field):
        return Compare(term.name, Op.EQ, value=True)
    if isinstance(term, pa.Scalar):
        # Arrow itself refuses a constant that is no boolean; NULL is not true.
        return And(()) if term.as_py() else Or(())
    return term


def _parts(term: Predicate, joined: type[And | Or]) -> tuple[Predicate, ...]:
    return term.terms if isinstance(term, And | Or) and isinstance(term, joined) else (term,)


def _kind(arrow: pa.DataType) -> str | pa.DataType:
    """Return the kind of types whose values Python can compare; another type is its own kind."""
    if pa.types.is_integer(arrow) or pa.types.is_decimal(arrow):
        return "number"
    if pa.types.is_string(arrow) or pa.types.is_large_string(arrow):
        return "text"
    named = {pa.bool_(): "boolean", pa.date32(): "date", pa.time64("us"): "time"}
    if pa.types.is_timestamp(arrow):
        return "timestamp" if arrow.unit == "us" and arrow.tz is not None else arrow
    return named.get(arrow, arrow)
