"""Which terms of a predicate the requests of a plan enforce, held against rows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.strategies import VALUES, Row, outcomes, predicates, rows

from harvest_duck.planner.enforced import distinct_terms, is_enforced
from harvest_duck.pushdown.domain import Domain
from harvest_duck.pushdown.predicate import And, IsNull, Not, Predicate
from harvest_duck.pushdown.ranges import Bound, Range


def warrants() -> st.SearchStrategy[dict[str, Domain]]:
    """Draw domains of columns that requests may guarantee."""
    each = {
        name: st.one_of(
            st.builds(Domain.of, st.lists(st.sampled_from(values), min_size=1, max_size=2), nulls=st.booleans()),
            st.builds(
                lambda low, high: Domain((Range(low, high),), nulls=False),
                st.one_of(st.none(), st.builds(Bound, st.sampled_from(values), st.booleans())),
                st.one_of(st.none(), st.builds(Bound, st.sampled_from(values), st.booleans())),
            ),
            st.just(Domain((), nulls=True)),
        )
        for name, values in VALUES.items()
    }
    return st.fixed_dictionaries({}, optional=each)


@settings(deadline=None, max_examples=share(500))
@given(st.one_of([predicates([name]) for name in VALUES] + [predicates()]), warrants(), rows())
def test_an_enforced_term_is_true_of_every_row(term: Predicate, warrant: dict[str, Domain], row: Row) -> None:
    if all(domain.contains(row[column]) for column, domain in warrant.items()) and is_enforced(term, warrant):
        assert outcomes(term, row) == {True}


@settings(deadline=None)
@given(st.lists(predicates(), max_size=4), rows())
def test_the_distinct_terms_keep_the_same_rows(terms: list[Predicate], row: Row) -> None:
    assert outcomes(And(tuple(distinct_terms(terms))), row) - {None, False} == outcomes(And(tuple(terms)), row) - {
        None,
        False,
    }


def test_a_term_nested_too_deep_is_never_enforced() -> None:
    deep: Predicate = IsNull("a")
    for _ in range(5000):
        deep = Not(deep)
    assert not is_enforced(deep, {})
