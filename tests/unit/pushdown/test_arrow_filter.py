"""What a scan understands of the filter that it is handed: never more than it says, and every column it looks at."""

from __future__ import annotations

import functools
import operator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.strategies import SCHEMA, Filter, Row, filters, may_hold, rows

from harvest_duck.errors import QueryError
from harvest_duck.pushdown.arrow_filter import matching, read_filter
from harvest_duck.pushdown.domain import Domain, domains, union
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value, conjuncts
from harvest_duck.pushdown.ranges import Bound, Range

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

whole, text, flag, day, moment, clock, price = (pc.field(name) for name in SCHEMA.names)
LEAP = date(2024, 2, 29)
NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
NULL = pa.scalar(None, pa.bool_())


def among(column: str, *values: Value) -> And:
    """`column IN (values)` as Arrow's is_in means it: false of NULL."""
    return And((Not(IsNull(column)), In(column, frozenset(values))))


@pytest.mark.parametrize(
    ("function", "op", "mirrored"),
    [
        (operator.eq, Op.EQ, Op.EQ),
        (operator.ne, Op.NE, Op.NE),
        (operator.lt, Op.LT, Op.GT),
        (operator.le, Op.LE, Op.GE),
        (operator.gt, Op.GT, Op.LT),
        (operator.ge, Op.GE, Op.LE),
    ],
)
@pytest.mark.parametrize(
    ("column", "constant", "value"),
    [
        pytest.param("whole", pa.scalar(-7, pa.int64()), -7, id="int64"),
        pytest.param("whole", pa.scalar(7, pa.int32()), 7, id="int32"),
        pytest.param("whole", pa.scalar(7, pa.uint8()), 7, id="uint8"),
        pytest.param("whole", pa.scalar(2**63 - 1), 2**63 - 1, id="largest"),
        pytest.param("text", pa.scalar("ä\n'"), "ä\n'", id="text"),
        pytest.param("text", pa.scalar("x", pa.large_string()), "x", id="large text"),
        pytest.param("text", pa.scalar(""), "", id="empty text"),
        pytest.param("flag", pa.scalar(value=False), False, id="boolean"),
        pytest.param("day", pa.scalar(LEAP), LEAP, id="date"),
        pytest.param("day", pa.scalar(date(1, 1, 1)), date(1, 1, 1), id="first date"),
        pytest.param("day", pa.scalar(date(9999, 12, 31)), date(9999, 12, 31), id="last date"),
        pytest.param("moment", pa.scalar(NOON), NOON, id="timestamp"),
        pytest.param(
            "moment",
            pa.scalar(-1, pa.timestamp("us", "UTC")),
            datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
            id="before 1970",
        ),
        pytest.param(
            "moment", pa.scalar(0, pa.timestamp("us", "+02:00")), datetime(1970, 1, 1, tzinfo=UTC), id="other zone"
        ),
        pytest.param("clock", pa.scalar(time(9, 30, 0, 1)), time(9, 30, 0, 1), id="time"),
        pytest.param("price", pa.scalar(Decimal("-1.2345"), pa.decimal128(18, 4)), Decimal("-1.2345"), id="decimal"),
        pytest.param(
            "price",
            pa.scalar(Decimal("1" * 34 + ".0001"), pa.decimal128(38, 4)),
            Decimal("1" * 34 + ".0001"),
            id="38 digits",
        ),
        pytest.param("price", pa.scalar(5), 5, id="number as a decimal"),
    ],
)
def test_a_comparison_is_read_either_way_round(  # noqa: PLR0917 - parameters of a test
    function: Callable[[object, object], pc.Expression],
    op: Op,
    mirrored: Op,
    column: str,
    constant: pa.Scalar,
    value: Value,
) -> None:
    """`column op constant`, and `constant op column` with the operator mirrored."""
    for expression, read in (
        (function(pc.field(column), pc.scalar(constant)), op),
        (function(pc.scalar(constant), pc.field(column)), mirrored),
    ):
        found = read_filter(expression, SCHEMA)
        assert found.predicate == Compare(column, read, value)
        assert type(found.predicate.value) is type(value)
        assert found.columns == {column}


@pytest.mark.parametrize(
    ("expression", "predicate"),
    [
        pytest.param(
            (whole > 1) & (whole < 5), And((Compare("whole", Op.GT, 1), Compare("whole", Op.LT, 5))), id="and"
        ),
        pytest.param((whole == 1) | text.is_null(), Or((Compare("whole", Op.EQ, 1), IsNull("text"))), id="or"),
        pytest.param(~(whole == 1), Not(Compare("whole", Op.EQ, 1)), id="not"),
        pytest.param(whole.is_null(), IsNull("whole"), id="is null"),
        pytest.param(whole.is_null(nan_is_null=True), IsNull("whole"), id="is null or NaN"),
        pytest.param(whole.is_valid(), Not(IsNull("whole")), id="is valid"),
        pytest.param(flag, Compare("flag", Op.EQ, value=True), id="bare boolean"),
        pytest.param(~flag, Not(Compare("flag", Op.EQ, value=True)), id="not a bare boolean"),
        pytest.param(
            flag & (whole == 1), And((Compare("flag", Op.EQ, value=True), Compare("whole", Op.EQ, 1))), id="both"
        ),
        pytest.param(text.isin(["a", "b"]), among("text", "a", "b"), id="list"),
        pytest.param(day.isin([LEAP]), among("day", LEAP), id="list of dates"),
        pytest.param(whole.isin(pa.array([1, 2], pa.int16())), among("whole", 1, 2), id="list of int16"),
        pytest.param(whole.isin(pa.array([], pa.int64())), among("whole"), id="empty list"),
        pytest.param(whole.isin([1, None]), Or((In("whole", frozenset({1})), IsNull("whole"))), id="list with NULL"),
        pytest.param(
            pc.is_in(whole, pa.array([1, None]), skip_nulls=True), among("whole", 1), id="list without its NULL"
        ),
        pytest.param(
            pc.if_else(whole.is_valid(), whole.isin([1]), None),
            And((Not(IsNull("whole")), *among("whole", 1).terms)),
            id="list as duckdb 2 sends it",
        ),
        pytest.param(
            pc.if_else(flag, whole == 1, NULL),
            And((Compare("flag", Op.EQ, value=True), Compare("whole", Op.EQ, 1))),
            id="if",
        ),
        pytest.param(whole == pa.scalar(None, pa.int64()), Or(()), id="compared with NULL"),
        pytest.param(pc.scalar(value=True), And(()), id="true"),
        pytest.param(pc.scalar(value=False), Or(()), id="false"),
        pytest.param(pc.scalar(NULL), Or(()), id="NULL"),
        pytest.param(
            ((whole == 1) & flag) & (text == "a"),
            And((Compare("whole", Op.EQ, 1), Compare("flag", Op.EQ, value=True), Compare("text", Op.EQ, "a"))),
            id="and of and",
        ),
    ],
)
def test_what_can_be_read_is_read(expression: pc.Expression, predicate: Predicate) -> None:
    assert read_filter(expression, SCHEMA).predicate == predicate


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        pytest.param(pc.starts_with(text, "a"), {"text"}, id="function"),
        pytest.param(pc.utf8_upper(text) == "A", {"text"}, id="function of a column"),
        pytest.param(whole.cast(pa.string()) == "1", {"whole"}, id="cast"),
        pytest.param(whole.cast(pa.int32()) == 1, {"whole"}, id="cast to int32"),
        pytest.param(pc.and_(flag, whole == 1), {"flag", "whole"}, id="and of a lazy kind"),
        pytest.param(pc.xor(flag, whole.is_null()), {"flag", "whole"}, id="xor"),
        pytest.param(pc.if_else(flag, whole == 1, False), {"flag", "whole"}, id="if with else"),  # noqa: FBT003
        pytest.param(whole + 1 == 2, {"whole"}, id="arithmetic"),
        pytest.param(whole == price, {"whole", "price"}, id="two columns"),
        pytest.param(pc.scalar(1) == pc.scalar(1), set(), id="no column"),
        pytest.param((whole == 1) == pc.scalar(value=True), {"whole"}, id="comparison of a comparison"),
        pytest.param(pc.is_null(whole == 1), {"whole"}, id="NULL of a comparison"),
        pytest.param(whole > 1.5, {"whole"}, id="fraction"),
        pytest.param(text == b"x", {"text"}, id="bytes"),
        pytest.param(moment == pa.scalar(0, pa.timestamp("us")), {"moment"}, id="instant without zone"),
        pytest.param(moment > pa.scalar(5, pa.timestamp("ns", "UTC")), {"moment"}, id="nanoseconds"),
        pytest.param(day < pa.scalar(2**31 - 1, pa.date32()), {"day"}, id="infinite date"),
        pytest.param(day < pa.scalar(2932897, pa.date32()), {"day"}, id="the day after Python's last"),
        pytest.param(day > pa.scalar(-(2**31) + 1, pa.date32()), {"day"}, id="minus infinity"),
        pytest.param(moment < pa.scalar(2**63 - 1, pa.timestamp("us", "UTC")), {"moment"}, id="infinite instant"),
        pytest.param(clock < pa.scalar(86_400_000_000, pa.time64("us")), {"clock"}, id="24:00"),
        pytest.param(day.isin(pa.array([0, 2**31 - 1], pa.date32())), {"day"}, id="infinite date in a list"),
        pytest.param(pc.field("nowhere") == 1, {"nowhere"}, id="no such column"),
        pytest.param(pc.field(("whole", "part")) == 1, {"whole"}, id="member of a struct"),
    ],
)
def test_what_cannot_be_read_is_unknown_and_its_columns_are_not(expression: pc.Expression, columns: set[str]) -> None:
    found = read_filter(expression, SCHEMA)
    assert isinstance(found.predicate, Unknown)
    assert found.columns == columns


def test_a_term_that_cannot_be_read_leaves_the_others_readable() -> None:
    found = read_filter((whole == 1) & pc.starts_with(text, "a") & (day == LEAP), SCHEMA)
    assert isinstance(found.predicate, And)
    assert domains(found.predicate) == domains(And((Compare("whole", Op.EQ, 1), Compare("day", Op.EQ, LEAP))))
    assert found.columns == {"whole", "text", "day"}


def test_a_column_named_by_its_place_hides_which_columns_there_are() -> None:
    found = read_filter(pc.field(0) == 1, SCHEMA)
    assert isinstance(found.predicate, Unknown)
    assert found.columns is None


def test_no_filter_asks_nothing() -> None:
    assert read_filter(None, SCHEMA).predicate == And(())
    assert read_filter(None, SCHEMA).columns == frozenset()


def at(hour: int, unit: str = "us", zone: str | None = None) -> pa.Scalar:
    """A moment of the leap day."""
    moment = datetime(LEAP.year, LEAP.month, LEAP.day, hour, tzinfo=UTC if zone else None)
    return pa.scalar(moment, pa.timestamp(unit, zone))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC"])
@pytest.mark.parametrize("hour", [0, 12])
def test_a_day_is_compared_with_a_moment_as_arrow_compares_them(unit: str, zone: str | None, hour: int) -> None:
    days = [LEAP - timedelta(days=1), LEAP, LEAP + timedelta(days=1), None]
    batch = pa.RecordBatch.from_pylist([{"day": each} for each in days], SCHEMA)
    for compared in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        condition = getattr(pc.field("day"), compared)(at(hour, unit, zone))
        kept = matching(batch, condition).column("day").to_pylist()
        found = domains(read_filter(condition, SCHEMA).predicate)
        fitting = [] if found is None else [each for each in days if found["day"].contains(each)]
        # The domain of a day that is left out holds it, and nothing else is more than Arrow keeps.
        assert fitting == (days[:3] if compared == "__ne__" else kept)
        inverse = domains(read_filter(~condition, SCHEMA).predicate)
        others = matching(batch, ~condition).column("day").to_pylist()
        assert all(inverse is not None and inverse.get("day", Domain()).contains(each) for each in others)


@pytest.mark.parametrize("join", [operator.and_, operator.or_])
def test_a_thousand_terms_are_read(join: Callable[[object, object], pc.Expression]) -> None:
    """Arrow nests them a thousand deep; its Substrait of just 25 of them would not fit into memory."""
    found = read_filter(functools.reduce(join, [whole == number for number in range(1000)]), SCHEMA)
    expected = None if join is operator.and_ else {"whole": exactly(*range(1000))}
    assert domains(found.predicate) == expected
    assert found.columns == {"whole"}


def nested(levels: int) -> pc.Expression:
    """A condition in which AND and OR alternate, so that neither can be taken apart."""
    deep = whole == 0
    for number in range(levels // 2):
        deep = ((whole == number) & deep) | (whole == number)
    return deep


def test_terms_nested_too_deep_for_pythons_stack_restrict_nothing() -> None:
    # Python 3.12 and later go deeper, and find what is true: it means the last of its terms.
    assert domains(read_filter(nested(900), SCHEMA).predicate) in (
        {},
        {"whole": exactly(449)},
        {"whole": exactly(*range(450))},
    )


def test_terms_nested_too_deep_for_arrows_stack_are_refused() -> None:
    with pytest.raises(QueryError, match="nested 2,001 deep"):
        read_filter(nested(2000), SCHEMA)


#: More terms than the stack holds one in the other.
LONG = max(10_000, share(20_000))
#: The test takes the thousandth of the values.
SHORTER = max(1000, share(10_000))


@pytest.mark.takes_a_share
@pytest.mark.uncounted
@pytest.mark.parametrize(
    ("count", "column", "join", "left"),
    [
        (LONG, "whole", operator.or_, True),
        pytest.param(10_000, "day", operator.and_, False, marks=pytest.mark.thorough),
        (SHORTER, "whole", operator.and_, True),
        (SHORTER, "text", operator.or_, False),
        (1_001, "text", operator.or_, True),
    ],
)
def test_a_chain_as_long_as_a_list_of_duckdb_1_keeps_the_same_rows(
    count: int, column: str, join: Callable[[object, object], pc.Expression], left: bool
) -> None:
    """Nested as deep as it is long, it would end the process: 8 MB of stack hold 8,000 comparisons."""
    values = pa.array(range(0, 3 * count, 3), pa.int32()).cast(pa.string() if column == "text" else pa.int32())
    listed = values if column == "text" else values.cast(SCHEMA.field(column).type)
    compare = operator.eq if join is operator.or_ else operator.ne
    terms = [compare(pc.field(column), value) for value in listed]
    chain = functools.reduce(join if left else lambda all_of, term: join(term, all_of), terms)
    read = read_filter(chain, SCHEMA)
    some = pa.table({column: pa.concat_arrays([listed.take(pa.array([0, 999])), pa.nulls(1, listed.type)])})
    found = some.filter(read.keep)
    assert found.num_rows == (2 if join is operator.or_ else 0)
    assert some.filter(pc.is_null(read.keep)).num_rows == 1


@pytest.mark.thorough
@pytest.mark.takes_a_share
@pytest.mark.uncounted
def test_a_chain_of_conditions_that_are_no_list_keeps_the_same_rows() -> None:
    count = share(20_000)
    terms = [(whole == number) & (text == "a") for number in range(count)]
    read = read_filter(functools.reduce(operator.or_, [*terms, pc.field("flag")]), SCHEMA)
    some = pa.table(
        {
            "whole": [5, 5, count - 1, None, 50_000],
            "text": ["a", "b", "a", "a", "a"],
            "flag": [False, None, None, None, True],
        }
    )
    assert some.filter(read.keep).to_pydict()["whole"] == [5, count - 1, 50_000]


def test_a_term_that_all_rows_meet_is_found_in_a_chain_that_was_cut() -> None:
    terms = [pc.starts_with(text, str(number)) for number in range(3000)]
    read = read_filter(functools.reduce(operator.and_, [*terms, whole == 7]), SCHEMA)
    assert Compare("whole", Op.EQ, 7) in conjuncts(read.predicate)


@settings(deadline=None, max_examples=share(300))
@given(filters())
def test_every_column_that_a_filter_names_is_known(built: Filter) -> None:
    expression, named = built
    assert read_filter(expression, SCHEMA).columns == named


@settings(deadline=None, max_examples=share(300))
@given(filters(), st.lists(rows(), min_size=1, max_size=6))
def test_no_row_that_arrow_keeps_fails_the_predicate(built: Filter, some: list[Row]) -> None:
    expression, _ = built
    predicate = read_filter(expression, SCHEMA).predicate
    kept = pa.Table.from_pylist(some, SCHEMA).filter(expression).to_pylist()
    assert all(may_hold(predicate, row) for row in kept)


class Seen(NamedTuple):
    """What one scan was asked for."""

    columns: Sequence[str] | None
    filter: pc.Expression | None


class Recorder(ds.Dataset):
    """A dataset of one row, in the form in which `dataset` offers a table to DuckDB; notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[Seen] = []
        self._row = pa.Table.from_pylist([{"whole": 1, "text": "a", "flag": True, "day": LEAP}], SCHEMA)

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return SCHEMA

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - the name by which DuckDB passes it
        **_: object,
    ) -> Scanned:
        """The row, where the filter keeps it."""
        self.asked.append(Seen(columns, filter))
        found = self._row if filter is None else self._row.filter(filter)
        return Scanned(found.select(columns or SCHEMA.names).to_reader())


class Scanned(NamedTuple):
    """What DuckDB asks a scanner for."""

    reader: pa.RecordBatchReader

    def to_reader(self) -> pa.RecordBatchReader:
        """The batches."""
        return self.reader


def asked(where: str) -> Seen:
    """What DuckDB asks of a scan for `SELECT whole … WHERE where`."""
    recorder = Recorder()
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("recorded", recorder)
        con.execute(f"SELECT whole FROM recorded WHERE {where}").fetchall()
    (seen,) = recorder.asked
    return seen


def understood(where: str) -> dict[str, Domain]:
    """The domains of what DuckDB pushes down for a condition."""
    return dict(domains(read_filter(asked(where).filter, SCHEMA).predicate) or {})


VERSION_2 = int(duckdb.__version__.partition(".")[0]) >= 2


TRUE, FALSE = [True], [False]


def exactly(*values: Value) -> Domain:
    """Just these values."""
    return Domain.of(values)


def between(
    low: Value | None = None, high: Value | None = None, *, open_low: bool = False, open_high: bool = False
) -> Domain:
    """A range, closed unless said otherwise."""
    found = Range(
        None if low is None else Bound(low, inclusive=not open_low),
        None if high is None else Bound(high, inclusive=not open_high),
    )
    return Domain((found,), nulls=False)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("whole = 7", {"whole": exactly(7)}),
        ("7 = whole", {"whole": exactly(7)}),
        ("7 < whole", {"whole": between(7, open_low=True)}),
        ("whole >= 7 AND whole < 9", {"whole": between(7, 9, open_high=True)}),
        ("whole BETWEEN 7 AND 9", {"whole": between(7, 9)}),
        ("whole IN (7)", {"whole": exactly(7)}),
        ("whole = 7 OR whole = 9", {"whole": exactly(7, 9)}),
        ("text IN ('a', 'b')", {"text": exactly("a", "b")}),
        ("day IN ('2024-01-01', '2024-03-01')", {"day": exactly(date(2024, 1, 1), date(2024, 3, 1))}),
        ("text = 'ä' AND whole = 3", {"text": exactly("ä"), "whole": exactly(3)}),
        ("flag = true", {"flag": exactly(*TRUE)}),
        ("flag = false", {"flag": exactly(*FALSE)}),
        ("day = '2024-02-29'", {"day": exactly(LEAP)}),
        ("day > '2024-02-29'", {"day": between(LEAP, open_low=True)}),
        ("day BETWEEN '2024-02-01' AND '2024-02-29'", {"day": between(date(2024, 2, 1), LEAP)}),
        (
            "date_trunc('month', day) = '2024-02-01'",
            {"day": between(date(2024, 2, 1), date(2024, 3, 1), open_high=True)},
        ),
        ("moment >= '2024-02-29 12:00:00+00'", {"moment": between(NOON)}),
        ("moment > TIMESTAMPTZ '2024-02-29 14:00:00+02'", {"moment": between(NOON, open_low=True)}),
        ("clock = '09:30'", {"clock": exactly(time(9, 30))}),
        ("whole = 7 AND length(text) > 2", {"whole": exactly(7)}),
        ("NOT whole = 7", {"whole": union([between(high=7, open_high=True), between(7, open_low=True)])}),
        ("length(text) > 2", {}),
        ("flag", {}),
    ],
)
def test_duckdb_pushes_down_what_the_documentation_promises(where: str, expected: dict[str, Domain]) -> None:
    assert understood(where) == expected


@pytest.mark.parametrize(
    ("where", "column", "newer", "older"),
    [
        ("whole IN (7, 8, 10)", "whole", exactly(7, 8, 10), between(7, 10)),
        ("year(day) = 2024", "day", between(date(2024, 1, 1), date(2024, 12, 31)), None),
        ("text IS NULL", "text", Domain(()), None),
        ("text IS NOT NULL", "text", between(), None),
        ("whole = 3 OR whole IS NULL", "whole", Domain.of([3], nulls=True), None),
        ("price = 1.5", "price", exactly(Decimal("1.5")), None),
        ("price > 1", "price", between(Decimal(1), open_low=True), None),
    ],
)
def test_duckdb_pushes_down_more_since_version_2(where: str, column: str, newer: Domain, older: Domain | None) -> None:
    """Before it, nothing or a range; 1.5 may do either."""
    allowed = [newer] if VERSION_2 else [newer, older]
    assert understood(where).get(column) in allowed


@pytest.mark.parametrize(
    "where",
    ["day < '20000-01-01'", "day < 'infinity'", "moment < 'infinity'", "clock > '10:00' AND clock < '24:00:00'"],
)
def test_what_lies_beyond_python_narrows_no_more_than_duckdb_says(where: str) -> None:
    """Ends that Python has no value for are left out; they are no contradiction."""
    assert set(understood(where)) <= {"clock"}
    assert understood(where).get("clock", between(time(10), open_low=True)) == between(time(10), open_low=True)


def test_a_long_list_of_texts_is_pushed_down_and_read() -> None:
    """DuckDB 1 sends an OR as deep as the list is long."""
    listed = [f"name {number}" for number in range(60)]
    found = understood(f"text IN ({', '.join(map(repr, listed))})")
    assert found in ({"text": exactly(*listed)}, {"text": between(min(listed), max(listed))}, {})


@pytest.mark.parametrize(
    "where", ["whole = 1", "text IN ('a', 'b') AND day > '2024-01-01'", "flag", "whole = 1 OR text = 'b'", "price > 1"]
)
def test_duckdb_names_the_columns_that_it_filters_itself(where: str) -> None:
    """Each column of a condition is in the filter or among those asked for."""
    seen = asked(where)
    read = read_filter(seen.filter, SCHEMA)
    assert seen.columns is not None
    assert read.columns is not None
    assert {name for name in SCHEMA.names if name in where} <= {*seen.columns, *read.columns}


def test_a_contradiction_asks_for_no_scan_or_for_no_rows() -> None:
    recorder = Recorder()
    with duckdb.connect() as con:
        con.register("recorded", recorder)
        assert con.execute("SELECT whole FROM recorded WHERE whole = 1 AND whole = 2").fetchall() == []
    assert all(domains(read_filter(seen.filter, SCHEMA).predicate) is None for seen in recorder.asked)
