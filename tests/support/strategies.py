"""What the property tests draw from: rows, predicates and their oracle, filters, records as Harvest writes them."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

from harvest_duck.catalog.model import (
    BIGINT,
    BOOLEAN,
    DATE,
    DECIMAL,
    TIME,
    TIMESTAMP,
    VARCHAR,
    Column,
    ListOf,
    Origin,
    StructOf,
    Table,
    Type,
)
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value

# Rows and predicates

Row = Mapping[str, Value | None]

#: Few values for each column, so that random predicates meet random rows; neighbours, so that ends of ranges matter.
VALUES: Mapping[str, Sequence[Value]] = {
    "whole": (-1, 0, 1, 2, 3, 2**62),
    "text": ("", "a", "a ", "b", "ä", "\U0001f986"),
    "flag": (False, True),
    "day": (date(1, 1, 1), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(9999, 12, 31)),
    "moment": tuple(datetime(2024, 1, 1, 0, 0, second, tzinfo=UTC) for second in range(4)),
    "clock": (time(0, 0), time(9, 30), time(23, 59, 59, 999_999)),
    "price": (Decimal("-0.0001"), Decimal("0.0000"), Decimal("1.0000"), Decimal("1.5000")),
}

COMPARISONS: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}


def rows() -> st.SearchStrategy[Row]:
    """Rows over the columns of `VALUES`, each value of which may be NULL."""
    return st.fixed_dictionaries({name: st.sampled_from((*values, None)) for name, values in VALUES.items()})


def predicates(columns: Sequence[str] = tuple(VALUES), *, unknown: bool = True) -> st.SearchStrategy[Predicate]:
    """Trees of predicates over `columns`, with terms that could not be read where `unknown`."""
    comparisons = [Compare(name, op, value) for name in columns for op in Op for value in VALUES[name]]
    lists = [st.builds(In, st.just(name), st.frozensets(st.sampled_from(VALUES[name]), max_size=3)) for name in columns]
    leaves = [
        st.sampled_from(comparisons),
        st.one_of(lists),
        st.sampled_from([IsNull(name) for name in columns]),
        *([st.just(Unknown("unread"))] if unknown else []),
    ]
    return st.recursive(st.one_of(leaves), _combined, max_leaves=6)


def _combined(terms: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    several = st.lists(terms, max_size=3).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, terms))


#: What a predicate can be of a row: true, false, or neither (None); several where it was not read in full.
Outcomes = frozenset[bool | None]

ANYTHING: Outcomes = frozenset({True, False, None})


def outcomes(predicate: Predicate, row: Row) -> Outcomes:
    """What `predicate` can be of `row` in SQL's logic of three values: the oracle of domains and of pushdown."""
    match predicate:
        case Compare(column, op, value):
            held = row[column]
            return frozenset({None if held is None else COMPARISONS[op](held, value)})
        case In(column, values):
            held = row[column]
            # An empty list is no SQL; Arrow's is_in answers it with false.
            return frozenset({False if not values else None if held is None else held in values})
        case IsNull(column):
            return frozenset({row[column] is None})
        case And(terms):
            return _folded([outcomes(term, row) for term in terms], stops=False)
        case Or(terms):
            return _folded([outcomes(term, row) for term in terms], stops=True)
        case Not(term):
            return frozenset(None if held is None else not held for held in outcomes(term, row))
        case Unknown():
            return ANYTHING


def may_hold(predicate: Predicate, row: Row) -> bool:
    """Whether `predicate` can be true of `row`."""
    return True in outcomes(predicate, row)


def _folded(terms: list[Outcomes], *, stops: bool) -> Outcomes:
    """AND (which one False decides) or OR (which one True decides) over every choice of outcomes."""
    so_far: Outcomes = frozenset({not stops})
    for term in terms:
        so_far = frozenset(
            stops if stops in (left, right) else None if None in (left, right) else not stops
            for left in so_far
            for right in term
        )
    return so_far


# Filters as DuckDB and users of Arrow write them

SCHEMA = pa.schema(
    [
        ("whole", pa.int64()),
        ("text", pa.string()),
        ("flag", pa.bool_()),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us", "UTC")),
        ("clock", pa.time64("us")),
        ("price", pa.decimal128(18, 4)),
    ]
)

#: An expression, and the columns that were put into it.
Filter = tuple[pc.Expression, frozenset[str]]


def constant(column: str, value: Value | None) -> pa.Scalar:
    """The value as a constant of the column's type."""
    return pa.scalar(value, SCHEMA.field(column).type)


def filters() -> st.SearchStrategy[Filter]:
    """Expressions over `SCHEMA`, some parts of which no predicate can say."""
    tests = [(expression, frozenset({name})) for name in VALUES for expression in _tests(name)]
    return st.recursive(st.sampled_from(tests), _joined, max_leaves=6)


def _tests(name: str) -> Iterator[pc.Expression]:
    column = pc.field(name)
    yield from (column.is_null(), column.is_valid(), *_UNREADABLE.get(name, ()))
    for value in (*VALUES[name], None):
        held = pc.scalar(constant(name, value))
        yield from (compare(column, held) for compare in COMPARISONS.values())
        yield from (compare(held, column) for compare in COMPARISONS.values())
    for chosen in ((), VALUES[name][:1], VALUES[name][:2], (VALUES[name][0], None)):
        listed = pa.array(chosen, SCHEMA.field(name).type)
        yield column.isin(listed)
        yield pc.is_in(column, listed, skip_nulls=True)
        yield pc.if_else(column.is_valid(), column.isin(listed), None)


_UNREADABLE = {
    "flag": [pc.field("flag"), pc.xor(pc.field("flag"), pc.field("flag").is_null())],
    "text": [pc.starts_with(pc.field("text"), "a"), pc.utf8_upper(pc.field("text")) == "A"],
    "whole": [pc.field("whole").cast(pa.string()) == "1", pc.add(pc.field("whole"), 1) > 1],
    "day": [pc.year(pc.field("day")) == 2024],
}


def _joined(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    return st.one_of(
        st.builds(lambda one, two: (one[0] & two[0], one[1] | two[1]), parts, parts),
        st.builds(lambda one, two: (one[0] | two[0], one[1] | two[1]), parts, parts),
        st.builds(lambda one: (~one[0], one[1]), parts),
        st.builds(lambda one, two: (pc.if_else(one[0], two[0], None), one[1] | two[1]), parts, parts),
    )


# Records as Harvest writes them

#: What can stand in the JSON for a value of each type, with what it means; decimals and numbers stand for themselves.
DATES = {"2024-02-29": date(2024, 2, 29), "1970-01-01": date(1970, 1, 1), "9999-12-31": date(9999, 12, 31)}
TIMES = {
    "2:59pm": time(14, 59),
    "12:00am": time(0, 0),
    "12:30pm": time(12, 30),
    "08:05": time(8, 5),
    "23:59": time(23, 59),
}
TIMESTAMPS = {
    "2024-02-29T12:30:15Z": datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC),
    "1969-12-31T23:59:59Z": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    "2017-06-26T22:32:52.123Z": datetime(2017, 6, 26, 22, 32, 52, 123_000, tzinfo=UTC),
    "2024-03-01T01:30:00+02:00": datetime(2024, 2, 29, 23, 30, tzinfo=UTC),
}
TEXTS = ("", "a", "NULL", "1.5", 'two\nlines "quoted" \\ slashed', "ä\U0001f986", "\u0000")
NUMBERS = (0, 1, -1, 126_000, 2**63 - 1, -(2**63))
#: As many digits as doubles keep apart, and more.
PLAIN = tuple(map(Decimal, ("0", "100", "100.0", "33.35", "-0.0001", "0.5000", "99999999999.9999")))
LONG = tuple(
    map(
        Decimal,
        (
            "0.00005",
            "0.00015",
            "-0.00005",
            "-0.00025",
            "1.23456789",
            "0.00000001",
            "7.99995",
            "1E+2",
            "100000000000.0001",
            "99999999999999.9999",
            "99999999999999.99994",
        ),
    )
)

_POOLS: Mapping[Type, Sequence[object]] = {
    BIGINT: NUMBERS,
    BOOLEAN: (True, False),
    DATE: tuple(DATES),
    DECIMAL: PLAIN,
    TIME: tuple(TIMES),
    TIMESTAMP: tuple(TIMESTAMPS),
    VARCHAR: TEXTS,
}

Record = dict[str, Any]


def records(table: Table, *, long: bool) -> st.SearchStrategy[list[Record]]:
    """Records of `table`: values, nulls, gaps at random; decimals of more digits than fast readers take only if `long`.

    Each has its id, without which a page is refused, and the rows of a report are about different things.
    """
    shape = record_shape(table)
    # One byte decides what stands in each place, which is drawn many times faster than a dictionary is.
    decisions = st.binary(min_size=12 * len(table.columns), max_size=12 * len(table.columns))
    each = decisions.map(lambda chosen: _identified(table, _json_record(shape, chosen, long=long)))
    if not table.subject:
        return st.lists(each, max_size=4)
    paths = [table.column(name).path for name in table.subject]
    return st.lists(each, max_size=4, unique_by=lambda record: tuple(record.get(name) for (name,) in paths))


def _identified(table: Table, record: Record) -> Record:
    """The record with an id, where the table has one and the record has none, and with its rows if it is the body."""
    record = dict(record)
    if table.identity is not None:
        *outer, name = table.identity.path
        inside = record
        for key in outer:
            inside[key] = inside = dict(inside.get(key) or {})
        inside[name] = 7 if inside.get(name) is None else inside[name]
    if table.body_key is None and table.items is not None:
        record[table.items] = record.get(table.items) or []
    return record


def least_record(table: Table) -> Record:
    """The record that has nothing but what a page is refused without."""
    return _identified(table, {})


def record_shape(table: Table) -> StructOf:
    """The JSON object that the catalogue says holds a record."""
    shape: dict[str, Any] = {}
    for column in table.columns:
        if column.origin is Origin.ENCLOSING or (column.origin is Origin.RECORD and table.items is None):
            _put(shape, column.path, column.type)
    if table.items is not None:
        item: dict[str, Any] = {}
        for column in table.columns:
            if column.origin is Origin.RECORD:
                _put(item, column.path, column.type)
        shape[table.items] = ListOf(_struct(item))
    return _struct(shape)


def _put(shape: dict[str, Any], path: Sequence[str], leaf: Type) -> None:
    for name in path[:-1]:
        shape = shape.setdefault(name, {})
    shape[path[-1]] = leaf


def _struct(shape: dict[str, Any]) -> StructOf:
    return StructOf(tuple((name, _struct(part) if isinstance(part, dict) else part) for name, part in shape.items()))


_GAP = object()


def _json_record(shape: StructOf, chosen: bytes, *, long: bool) -> Record:
    bytes_left = iter(chosen)
    found = {name: _json_value(member, bytes_left, long=long) for name, member in shape.fields}
    return {name: value for name, value in found.items() if value is not _GAP} | {"unexpected": [{"id": 1.5}]}


def _json_value(wanted: Type, chosen: Iterator[int], *, long: bool) -> object:
    choice = next(chosen, 0)
    if choice < 16:
        return _GAP
    if choice < 32:
        return None
    match wanted:
        case StructOf(fields):
            found = {name: _json_value(member, chosen, long=long) for name, member in fields}
            return {name: value for name, value in found.items() if value is not _GAP}
        case ListOf(item):
            listed = [_json_value(item, chosen, long=long) for _ in range(choice % 4)]
            return [value for value in listed if value is not None and value is not _GAP]
        case _:
            pool = _POOLS[wanted] + (LONG if long and wanted == DECIMAL else ())
            return pool[choice % len(pool)]


def to_json(value: object) -> str:
    """A value as JSON; a decimal is a number of as many digits as it has."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(name)}: {to_json(member)}' for name, member in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(to_json, value))}]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def body_of(table: Table, written: list[Record], **envelope: object) -> bytes:
    """The body in which Harvest answers with these records."""
    whole = written[0] if table.body_key is None else {table.body_key: written, "per_page": 2000, **envelope}
    return to_json(whole).encode()


def sql_rows(table: Table, written: list[Record], fixed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that the records mean, all columns of them: the oracle of decoding."""
    pairs = [
        (record, item)
        for record in written
        for item in ([record] if table.items is None else record.get(table.items) or [])
    ]
    return [{column.name: _sql_value(column, *pair, fixed) for column in table.columns} for pair in pairs]


def _sql_value(column: Column, enclosing: Record, item: Record, fixed: Mapping[str, Any]) -> object:
    if column.origin in {Origin.PATH, Origin.INPUT, Origin.ACCOUNT}:
        return fixed[column.name]
    value: Any = enclosing if column.origin is Origin.ENCLOSING else item
    for name in column.path:
        value = value.get(name) if value is not None else None
    return _meaning(column.type, value)


def _meaning(wanted: Type, value: Any) -> object:
    if value is None:
        return None
    match wanted:
        case StructOf(fields):
            return {name: _meaning(member, value.get(name)) for name, member in fields}
        case ListOf(item):
            return [_meaning(item, element) for element in value]
    if wanted == DECIMAL:
        return Context(prec=40).quantize(value, Decimal("0.0001"))
    known: Mapping[object, object] = {DATE: DATES, TIME: TIMES, TIMESTAMP: TIMESTAMPS}.get(wanted, {})
    return known.get(value, value)
