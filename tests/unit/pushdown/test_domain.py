"""What values rows can have: the domains of a predicate hold every row that it keeps, and few others."""

from __future__ import annotations

import sys
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.strategies import VALUES, Row, may_hold, predicates, rows

from harvest_duck.pushdown.domain import Domain, domains, union
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value
from harvest_duck.pushdown.ranges import Bound, Range

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = date(2024, 2, 29)
TRUE, FALSE = True, False
#: The columns whose domains leave out single values.
EXACT = {"flag", "whole", "price"}


def is_(op: str, value: Value, column: str = "a") -> Compare:
    """`column op value`."""
    return Compare(column, Op(op), value)


def among(*values: Value, column: str = "a") -> In:
    """`column IN (values)`."""
    return In(column, frozenset(values))


def both(*terms: Predicate) -> And:
    """The terms joined by AND."""
    return And(terms)


def either(*terms: Predicate) -> Or:
    """The terms joined by OR."""
    return Or(terms)


def holding(*values: Value, nulls: bool = False) -> Domain:
    """The domain of just these values."""
    return Domain.of(values, nulls=nulls)


def span(low: Bound | None = None, high: Bound | None = None, *, nulls: bool = False) -> Domain:
    """The domain between two ends."""
    return Domain((Range(low, high),), nulls)


def spans(*ends: tuple[Bound | None, Bound | None], nulls: bool = False) -> Domain:
    """The domain of several ranges."""
    return Domain(tuple(Range(low, high) for low, high in ends), nulls)


def at(value: Value) -> Bound:
    """An end that belongs to the range."""
    return Bound(value, inclusive=True)


def beside(value: Value) -> Bound:
    """An end that does not belong to the range."""
    return Bound(value, inclusive=False)


@settings(deadline=None, max_examples=share(150))
@given(predicates(), rows())
def test_every_row_that_the_predicate_keeps_lies_within_its_domains(predicate: Predicate, row: Row) -> None:
    if may_hold(predicate, row):
        found = domains(predicate)
        assert found is not None
        assert all(domain.contains(row[column]) for column, domain in found.items())


@settings(deadline=None, max_examples=share(200))
@given(predicates(["whole", "flag"], unknown=False))
def test_no_domains_mean_that_no_row_satisfies_the_predicate(predicate: Predicate) -> None:
    everything = [
        {"whole": whole, "flag": flag} for whole in (*VALUES["whole"], None) for flag in (*VALUES["flag"], None)
    ]
    if domains(predicate) is None:
        assert not any(may_hold(predicate, row) for row in everything)


@settings(deadline=None, max_examples=share(200))
@given(
    predicates(),
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}),
    st.booleans(),
)
def test_a_row_is_kept_whatever_kind_its_value_is_of(predicate: Predicate, row: Row, null: bool) -> None:
    """One column that is compared with values of every kind: the row has what its value is as each of them."""
    as_each = dict.fromkeys(row) if null else {**row, "price": row["whole"]}
    if may_hold(predicate, as_each):
        found = domains(renamed(predicate, "a"))
        assert found is not None
        assert all(found.get("a", Domain()).contains(value) for value in as_each.values())


def renamed(predicate: Predicate, column: str) -> Predicate:
    """The predicate with `column` in place of every column."""
    match predicate:
        case And(terms) | Or(terms):
            return type(predicate)(tuple(renamed(term, column) for term in terms))
        case Not(term):
            return Not(renamed(term, column))
        case Compare(_, op, value):
            return Compare(column, op, value)
        case In(_, values):
            return In(column, values)
        case IsNull():
            return IsNull(column)
        case Unknown():
            return predicate


@settings(deadline=None, max_examples=share(150))
@given(st.data())
def test_the_domain_of_one_column_is_exact_but_for_holes(data: st.DataObject) -> None:
    """Just the rows that a predicate keeps fit, where no part of it says what a value is not."""
    column = data.draw(st.sampled_from(list(VALUES)))
    predicate = data.draw(predicates([column], unknown=False).filter(lambda drawn: column in EXACT or not holed(drawn)))
    found = domains(predicate)
    kept = [value for value in (*VALUES[column], None) if may_hold(predicate, {column: value})]
    domain = Domain((), nulls=False) if found is None else found.get(column, Domain())
    assert [value for value in (*VALUES[column], None) if domain.contains(value)] == kept


def holed(predicate: Predicate, *, negated: bool = False) -> bool:
    """Whether the predicate leaves out single values, which a domain does for booleans and numbers only."""
    match predicate:
        case And(terms) | Or(terms):
            return any(holed(term, negated=negated) for term in terms)
        case Not(term):
            return holed(term, negated=not negated)
        case Compare(_, op, _):
            return op is (Op.EQ if negated else Op.NE)
        case In():
            return negated
        case IsNull() | Unknown():
            return False


@settings(deadline=None, max_examples=share(150))
@given(st.data())
def test_intersection_and_union_of_domains_are_those_of_the_values(data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(list(VALUES)))
    one, two = (
        Domain.of([]) if found is None else found.get(column, Domain())
        for found in map(domains, data.draw(st.tuples(predicates([column]), predicates([column]))))
    )
    for value in (*VALUES[column], None):
        assert one.intersect(two).contains(value) == (one.contains(value) and two.contains(value))
        assert union([one, two]).contains(value) == (one.contains(value) or two.contains(value))
    assert one.intersect(two) == two.intersect(one)
    assert union([one, two]) == union([two, one])


@settings(deadline=None, max_examples=share(150))
@given(st.data())
def test_the_values_and_ends_of_a_domain_are_those_that_fit(data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(list(VALUES)))
    for domain in (domains(data.draw(predicates([column]))) or {}).values():
        fitting = [value for value in VALUES[column] if domain.contains(value)]
        assert domain.values is None or domain.values == set(fitting)
        assert all(domain.lowest is None or domain.lowest.value <= value for value in fitting)
        assert all(domain.highest is None or domain.highest.value >= value for value in fitting)
        assert not domain.everything
        assert not domain.empty


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        pytest.param(is_("=", 5), holding(5), id="equal"),
        pytest.param(is_("<>", 5), spans((None, beside(5)), (beside(5), None)), id="unequal number"),
        pytest.param(is_("<>", "x"), span(), id="unequal text leaves all but NULL"),
        pytest.param(is_("<>", DAY), span(), id="unequal day leaves all but NULL"),
        pytest.param(is_("<", 5), span(None, beside(5)), id="less"),
        pytest.param(is_("<=", 5), span(None, at(5)), id="at most"),
        pytest.param(is_(">", 5), span(beside(5)), id="greater"),
        pytest.param(is_(">=", 5), span(at(5)), id="at least"),
        pytest.param(both(is_(">", 1), is_("<=", 5)), span(beside(1), at(5)), id="range"),
        pytest.param(both(is_(">", 1), is_(">=", 2), is_("<", 9), is_("<=", 5)), span(at(2), at(5)), id="tighter ends"),
        pytest.param(both(is_(">=", 1), is_(">", 1)), span(beside(1)), id="the open end is the tighter one"),
        pytest.param(both(is_("<", 1), is_("<=", 1)), span(None, beside(1)), id="whichever comes first"),
        pytest.param(both(is_(">=", DAY), is_("<=", DAY)), holding(DAY), id="a range of one value"),
        pytest.param(both(is_(">", 1), is_("<", 2)), span(beside(1), beside(2)), id="nothing is known of gaps"),
        pytest.param(among(1, 2), holding(1, 2), id="IN"),
        pytest.param(both(among(1, 2, 3), among(2, 3, 4)), holding(2, 3), id="IN and IN"),
        pytest.param(both(among(1, 2, 3), is_(">", 1)), holding(2, 3), id="IN and a range"),
        pytest.param(both(is_("<=", 2), among(1, 2, 3)), holding(1, 2), id="a range and IN"),
        pytest.param(either(is_("=", 1), is_("=", 2)), holding(1, 2), id="OR of values"),
        pytest.param(either(among(1, 2), is_("=", 9)), holding(1, 2, 9), id="OR of lists"),
        pytest.param(either(is_("<", 1), is_("<=", 5)), span(None, at(5)), id="OR of ranges takes the wider"),
        pytest.param(either(is_("<", 5), is_("<=", 5)), span(None, at(5)), id="OR of ends keeps the closed one"),
        pytest.param(either(is_(">=", 5), is_(">", 5)), span(at(5)), id="in either order"),
        pytest.param(
            either(is_("=", 9), both(is_(">", 1), is_("<", 3))), spans((beside(1), beside(3)), (at(9), at(9))), id="gap"
        ),
        pytest.param(either(is_("<", 1), is_(">", 5)), spans((None, beside(1)), (beside(5), None)), id="OR of sides"),
        pytest.param(either(is_("<=", 5), is_(">", 5)), span(), id="OR of all sides leaves all but NULL"),
        pytest.param(either(is_("<", DAY), is_(">", DAY)), spans((None, beside(DAY)), (beside(DAY), None)), id="hole"),
        pytest.param(
            both(either(is_("<", 3), is_(">", 5)), either(is_("<", 1), both(is_(">", 2), is_("<", 9)))),
            spans((None, beside(1)), (beside(2), beside(3)), (beside(5), beside(9))),
            id="AND of ranges with gaps",
        ),
        pytest.param(both(among(1, 4, 9), either(is_("<", 2), is_(">", 8))), holding(1, 9), id="IN and gaps"),
        pytest.param(IsNull("a"), holding(nulls=True), id="IS NULL"),
        pytest.param(Not(IsNull("a")), span(), id="IS NOT NULL"),
        pytest.param(either(is_("=", 1), IsNull("a")), holding(1, nulls=True), id="value or NULL"),
        pytest.param(either(is_(">", 1), IsNull("a")), span(beside(1), nulls=True), id="range or NULL"),
        pytest.param(either(IsNull("a"), is_(">", 1)), span(beside(1), nulls=True), id="NULL or range"),
        pytest.param(
            both(either(is_(">=", 5), IsNull("a")), either(is_("<=", 5), IsNull("a"))),
            holding(5, nulls=True),
            id="a range of one value, or NULL",
        ),
        pytest.param(
            both(either(is_(">", 5), IsNull("a")), either(is_("<", 5), IsNull("a"))),
            holding(nulls=True),
            id="a range of none, or NULL",
        ),
        pytest.param(both(is_("=", 1), Unknown("f(b)")), holding(1), id="what was not read narrows nothing"),
        pytest.param(either(is_("=", 1), both(is_("=", 2), is_("=", 3))), holding(1), id="an impossible side"),
        pytest.param(
            both(is_("<", Decimal("1.5")), is_(">", 1)), span(beside(1), beside(Decimal("1.5"))), id="numbers"
        ),
        pytest.param(either(is_("=", 1), is_("=", Decimal("1.0"))), holding(1), id="one number twice"),
        pytest.param(either(is_("=", 1), is_("=", "a")), span(), id="OR of kinds leaves all but NULL"),
        pytest.param(among(1, "a"), span(), id="IN of kinds"),
        pytest.param(both(is_("=", 1), is_("=", "a")), holding(1), id="AND of kinds keeps one"),
        pytest.param(is_("=", TRUE), holding(TRUE), id="a boolean"),
        pytest.param(is_("<>", TRUE), holding(FALSE), id="the other boolean"),
        pytest.param(is_(">", FALSE), holding(TRUE), id="above false"),
        pytest.param(is_("<", TRUE), holding(FALSE), id="below true"),
        pytest.param(is_(">=", TRUE), holding(TRUE), id="at least true"),
        pytest.param(is_("<=", TRUE), holding(FALSE, TRUE), id="at most true"),
        pytest.param(Not(is_("=", 1)), spans((None, beside(1)), (beside(1), None)), id="NOT equal"),
        pytest.param(Not(is_("<>", 1)), holding(1), id="NOT unequal"),
        pytest.param(Not(is_("<", 1)), span(at(1)), id="NOT less"),
        pytest.param(Not(is_("<=", 1)), span(beside(1)), id="NOT at most"),
        pytest.param(Not(is_(">", 1)), span(None, at(1)), id="NOT greater"),
        pytest.param(Not(is_(">=", 1)), span(None, beside(1)), id="NOT at least"),
        pytest.param(Not(is_("=", TRUE)), holding(FALSE), id="NOT a boolean"),
        pytest.param(
            Not(among(2, Decimal("1.5"))),
            spans((None, beside(Decimal("1.5"))), (beside(Decimal("1.5")), beside(2)), (beside(2), None)),
            id="NOT IN numbers",
        ),
        pytest.param(Not(among("x", "y")), span(), id="NOT IN texts leaves all but NULL"),
        pytest.param(Not(among(TRUE)), holding(FALSE), id="NOT IN booleans"),
        pytest.param(Not(among(TRUE, "a")), span(), id="NOT IN of kinds"),
        pytest.param(Not(Not(is_("=", 1))), holding(1), id="NOT NOT"),
        pytest.param(Not(Not(IsNull("a"))), holding(nulls=True), id="NOT NOT NULL"),
        pytest.param(Not(either(is_("<", 1), is_(">", 5))), span(at(1), at(5)), id="NOT of OR"),
        pytest.param(
            Not(both(is_(">=", 1), is_("<=", 5))), spans((None, beside(1)), (beside(5), None)), id="NOT of AND"
        ),
        pytest.param(Not(either(Unknown("?"), is_("<", 1))), span(at(1)), id="NOT of OR with unknown"),
        pytest.param(
            Not(both(Not(IsNull("a")), is_(">", 1))), span(None, at(1), nulls=True), id="NOT of AND with not NULL"
        ),
    ],
)
def test_a_predicate_has_the_tightest_domain_of_its_form(predicate: Predicate, expected: Domain) -> None:
    assert domains(predicate) == {"a": expected}


@pytest.mark.parametrize(
    "predicate",
    [
        pytest.param(both(is_("=", 1), is_("=", 2)), id="two values"),
        pytest.param(both(is_(">", 5), is_("<", 5)), id="open at one value"),
        pytest.param(both(is_(">", 5), is_("<=", 5)), id="half open at one value"),
        pytest.param(both(is_(">", 5), is_("<", 1)), id="crossed"),
        pytest.param(both(is_("=", 7), is_("<", 7)), id="value outside the range"),
        pytest.param(both(among(1, 2), among(3)), id="lists apart"),
        pytest.param(both(IsNull("a"), is_("=", 1)), id="NULL and a value"),
        pytest.param(both(IsNull("a"), Not(IsNull("a"))), id="NULL and not NULL"),
        pytest.param(both(IsNull("a"), is_("<>", 1)), id="NULL and unequal"),
        pytest.param(In("a", frozenset()), id="empty list"),
        pytest.param(Or(()), id="OR of nothing"),
        pytest.param(either(both(is_("=", 1), is_("=", 2)), Or(())), id="OR of contradictions"),
        pytest.param(both(Unknown("?"), is_("=", DAY), is_("<", DAY)), id="whatever else stands there"),
        pytest.param(both(is_("=", 1, "b"), both(is_("=", 1), is_("=", 2))), id="nested"),
        pytest.param(both(is_("=", TRUE), is_("=", FALSE)), id="true and false"),
        pytest.param(is_(">", TRUE), id="above true"),
        pytest.param(is_("<", FALSE), id="below false"),
        pytest.param(Not(among(TRUE, FALSE)), id="no boolean"),
        pytest.param(Not(And(())), id="NOT AND of nothing"),
        pytest.param(Not(either(is_("<", 5), is_(">=", 5))), id="NOT of everything"),
        pytest.param(both(either(is_("<", 1), is_(">", 9)), is_(">=", 1), is_("<=", 9)), id="within a gap"),
    ],
)
def test_a_contradiction_has_no_domains(predicate: Predicate) -> None:
    assert domains(predicate) is None


@pytest.mark.parametrize(
    "predicate",
    [
        pytest.param(And(()), id="AND of nothing"),
        pytest.param(Unknown("?"), id="unknown"),
        pytest.param(Not(Unknown("?")), id="NOT unknown"),
        pytest.param(Not(Or(())), id="NOT OR of nothing"),
        pytest.param(Not(In("a", frozenset())), id="NOT IN of nothing"),
        pytest.param(Not(both(is_("=", 1), Unknown("?"))), id="NOT of AND with unknown"),
        pytest.param(either(is_("<>", "x"), IsNull("a")), id="OR of everything"),
        pytest.param(either(is_("=", 1), is_("=", 1, "b")), id="OR of two columns"),
        pytest.param(either(is_("=", 1), Unknown("?")), id="OR with unknown"),
        pytest.param(either(is_("=", 1), And(())), id="OR with true"),
    ],
)
def test_what_restricts_no_column_has_no_domain_for_it(predicate: Predicate) -> None:
    assert domains(predicate) == {}


def test_or_keeps_the_columns_that_every_side_restricts() -> None:
    found = domains(either(both(is_("=", 1), is_("=", 5, "b")), both(is_("=", 2), is_("=", 6, "c"))))
    assert found == {"a": holding(1, 2)}


def test_only_a_domain_without_values_and_nulls_is_empty() -> None:
    assert holding().empty
    assert not holding(nulls=True).empty
    assert not holding(0).empty
    assert not span().empty


def test_only_a_domain_of_any_value_and_null_is_everything() -> None:
    assert Domain().everything
    assert not span().everything
    assert not span(at(0), nulls=True).everything
    assert not holding(nulls=True).everything
    assert union([span(None, at(0), nulls=True), span(beside(0))]).everything


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (holding(1, 2), {1, 2}),
        (holding(2, 1, nulls=True), {1, 2}),
        (holding(), set()),
        (holding(FALSE), {False}),
        (spans((at(1), at(1)), (at(5), at(9))), None),
        (Domain(), None),
    ],
)
def test_a_domain_enumerates_its_values_where_none_is_in_a_range(domain: Domain, values: set[Value] | None) -> None:
    assert domain.values == values


def test_the_ends_of_a_domain_are_those_of_its_outermost_ranges() -> None:
    domain = spans((at(5), beside(9)), (beside(1), at(2)))
    assert (domain.lowest, domain.highest) == (beside(1), beside(9))
    assert (holding(3, 7, 5).lowest, holding(3, 7, 5).highest) == (at(3), at(7))
    assert (holding().lowest, holding().highest) == (None, None)
    assert (span(at(1)).lowest, span(at(1)).highest) == (at(1), None)


@pytest.mark.parametrize("odd", ["5", DAY, True, datetime(2024, 2, 29)])  # noqa: DTZ001 - only its type matters
def test_values_of_another_type_than_the_bound_are_never_left_out(odd: Value) -> None:
    assert span(at(5), at(9)).contains(odd)
    assert union([span(at(5), at(9)), span(at(odd))]).contains(odd)
    assert span(at(5)).intersect(span(None, at(odd))).contains(7)
    assert not holding().contains(odd)


def test_a_true_is_not_the_number_one() -> None:
    assert span(at(2)).contains(TRUE)


def test_a_day_is_not_the_moment_it_begins() -> None:
    assert span(at(datetime(2025, 1, 1))).contains(DAY)  # noqa: DTZ001 - only its type matters


def test_a_tree_too_deep_for_pythons_stack_restricts_nothing() -> None:
    deep = reduce(lambda inner, _: Not(inner), range(2 * sys.getrecursionlimit()), is_("=", 1))
    assert domains(deep) == {}


class Counted(int):
    """A number that counts how often it is compared."""

    compared: ClassVar[int] = 0
    __hash__ = int.__hash__

    def __lt__(self, other: int) -> bool:
        Counted.compared += 1
        return int.__lt__(self, other)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return int.__eq__(self, other)


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(lambda numbers: In("a", frozenset(numbers)), id="IN"),
        pytest.param(lambda numbers: either(*(is_("=", number) for number in numbers)), id="OR of values"),
        pytest.param(
            lambda numbers: either(*(both(is_(">", number), is_("<", number + 1)) for number in numbers)),
            id="OR of ranges",
        ),
        pytest.param(
            lambda numbers: both(*(either(is_("<", number), is_(">", number)) for number in numbers)), id="AND of gaps"
        ),
        pytest.param(
            lambda numbers: both(*(is_("<>", number) for number in numbers), among(*numbers, Counted(5_000))),
            id="AND of unequal and IN",
        ),
    ],
)
def test_long_lists_take_no_quadratic_work(listed: Callable[[list[Counted]], Predicate]) -> None:
    numbers = [Counted(7 * number % 2_003) for number in range(2_003)]
    predicate = listed(numbers)
    Counted.compared = 0
    found = domains(predicate)
    assert found is not None
    assert all(found["a"].contains(number) in (True, False) for number in numbers)
    assert Counted.compared < 250 * len(numbers)
