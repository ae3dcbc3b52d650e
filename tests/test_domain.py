"""What values rows can have: the domains of a predicate hold every row that it keeps, and few others."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from strategies import VALUES, Row, may_hold, predicates, rows

from harvest_duck.domain import Bound, Domain, domains
from harvest_duck.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value

DAY = date(2024, 2, 29)


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
    return Domain(values=frozenset(values), nulls=nulls)


def span(low: Bound | None = None, high: Bound | None = None, *, nulls: bool = False) -> Domain:
    """The domain between two ends."""
    return Domain(low=low, high=high, nulls=nulls)


def at(value: Value) -> Bound:
    """An end that belongs to the range."""
    return Bound(value, inclusive=True)


def beside(value: Value) -> Bound:
    """An end that does not belong to the range."""
    return Bound(value, inclusive=False)


@settings(deadline=None, max_examples=300)
@given(predicates(), rows())
def test_every_row_that_the_predicate_keeps_lies_within_its_domains(predicate: Predicate, row: Row) -> None:
    if may_hold(predicate, row):
        found = domains(predicate)
        assert found is not None
        assert all(domain.contains(row[column]) for column, domain in found.items())


@settings(deadline=None, max_examples=200)
@given(predicates(["whole", "flag"], unknown=False))
def test_no_domains_mean_that_no_row_satisfies_the_predicate(predicate: Predicate) -> None:
    everything = [
        {"whole": whole, "flag": flag} for whole in (*VALUES["whole"], None) for flag in (*VALUES["flag"], None)
    ]
    if domains(predicate) is None:
        assert not any(may_hold(predicate, row) for row in everything)


@settings(deadline=None, max_examples=200)
@given(predicates(["whole"]), predicates(["whole"]), rows())
@example(In("whole", frozenset({1})), IsNull("whole"), {"whole": None})
def test_intersection_and_union_of_domains_are_those_of_the_values(one: Predicate, two: Predicate, row: Row) -> None:
    left, right = ((domains(term) or {}).get("whole", Domain()) for term in (one, two))
    value = row["whole"]
    assert left.intersect(right).contains(value) == (left.contains(value) and right.contains(value))
    if left.contains(value) or right.contains(value):
        assert left.union(right).contains(value)


@settings(deadline=None, max_examples=150)
@given(predicates(["day", "text", "price", "clock", "moment"]))
def test_the_ends_of_a_domain_bound_every_value_in_it(predicate: Predicate) -> None:
    for column, domain in (domains(predicate) or {}).items():
        for value in VALUES[column]:
            if domain.contains(value):
                assert domain.lowest is None or domain.lowest.value <= value
                assert domain.highest is None or domain.highest.value >= value


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        pytest.param(is_("=", 5), holding(5), id="equal"),
        pytest.param(is_("<>", 5), span(), id="unequal leaves all but NULL"),
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
        pytest.param(either(is_("=", 9), both(is_(">", 1), is_("<", 3))), span(beside(1), at(9)), id="hull"),
        pytest.param(either(is_("<", 1), is_(">", 5)), span(), id="OR of two sides leaves all but NULL"),
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
        pytest.param(both(is_("<", Decimal("1.5")), is_(">", 1)), span(beside(1), beside(Decimal("1.5"))), id="kinds"),
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
        pytest.param(both(is_("=", True), is_("=", False)), id="true and false"),
    ],
)
def test_a_contradiction_has_no_domains(predicate: Predicate) -> None:
    assert domains(predicate) is None


@pytest.mark.parametrize(
    "predicate",
    [
        pytest.param(And(()), id="AND of nothing"),
        pytest.param(Unknown("?"), id="unknown"),
        pytest.param(Not(is_("=", 1)), id="NOT a comparison"),
        pytest.param(Not(Unknown("?")), id="NOT unknown"),
        pytest.param(Not(Not(IsNull("a"))), id="NOT NOT"),
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


@pytest.mark.parametrize(
    ("domain", "single"),
    [
        (holding(5), 5),
        (holding(DAY), DAY),
        (holding(5, nulls=True), None),
        (holding(5, 6), None),
        (holding(), None),
        (span(at(5), at(9)), None),
        (Domain(), None),
    ],
)
def test_a_single_value_is_one_that_nothing_stands_beside(domain: Domain, single: Value | None) -> None:
    assert domain.single is single


def test_only_a_domain_without_values_and_nulls_is_empty() -> None:
    assert holding().empty
    assert not holding(nulls=True).empty
    assert not holding(0).empty
    assert not span().empty


@pytest.mark.parametrize("odd", ["5", DAY, True, datetime(2024, 2, 29)])  # noqa: DTZ001 - only its type matters
def test_values_of_another_type_than_the_bound_are_never_left_out(odd: Value) -> None:
    assert span(at(5), at(9)).contains(odd)
    assert span(at(5), at(9)).union(span(at(odd))).contains(odd)
    assert span(at(5)).intersect(span(None, at(odd))).contains(7)


def test_a_true_is_not_the_number_one() -> None:
    assert span(at(2)).contains(True)  # noqa: FBT003 - a SQL value
