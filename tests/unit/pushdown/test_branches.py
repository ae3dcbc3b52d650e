"""The branches of a filter: together they hold every row that it keeps, and an OR of pairs allows just its pairs."""

from __future__ import annotations

from functools import reduce
from itertools import product

import pytest
from hypothesis import given, settings
from support.run_size import share
from support.strategies import VALUES, Row, may_hold, predicates, rows

from harvest_duck.pushdown.branches import branches
from harvest_duck.pushdown.domain import Domain, domains
from harvest_duck.pushdown.predicate import And, Compare, In, Not, Op, Or, Predicate, Unknown

COLUMNS = {"a", "b"}


def pair(a: int, b: int) -> Predicate:
    """`a` and `b` have these values."""
    return And((Compare("a", Op.EQ, a), Compare("b", Op.EQ, b)))


def allowed(predicate: Predicate) -> list[tuple[int, int]]:
    """The pairs of small numbers that the branches allow."""
    found = branches(predicate, COLUMNS)
    return [
        (a, b)
        for a, b in product(range(5), repeat=2)
        if any(part.get("a", Domain()).contains(a) and part.get("b", Domain()).contains(b) for part in found)
    ]


@settings(deadline=None, max_examples=share(200))
@given(predicates(), rows())
def test_every_row_that_the_predicate_keeps_lies_within_a_branch(predicate: Predicate, row: Row) -> None:
    found = branches(predicate, set(VALUES))
    if may_hold(predicate, row):
        assert any(all(domain.contains(row[column]) for column, domain in part.items()) for part in found)


@pytest.mark.parametrize(
    ("predicate", "pairs"),
    [
        pytest.param(Or((pair(1, 2), pair(3, 4))), [(1, 2), (3, 4)], id="OR of pairs"),
        pytest.param(
            And(
                (
                    Or((pair(1, 2), pair(3, 4))),
                    Or((Compare("a", Op.EQ, 1), Compare("a", Op.EQ, 3))),
                    In("b", frozenset({2, 4})),
                )
            ),
            [(1, 2), (3, 4)],
            id="as DuckDB 2 sends it",
        ),
        pytest.param(
            And((Compare("c", Op.GT, 0), Unknown("?"), Or((pair(1, 2), Or((pair(3, 4), pair(2, 1))))))),
            [(1, 2), (2, 1), (3, 4)],
            id="among others, and nested",
        ),
        pytest.param(
            And((Or((pair(1, 2), pair(3, 4))), Or((pair(3, 4), pair(2, 2))))), [(3, 4)], id="two of them at once"
        ),
        pytest.param(And((Or((pair(1, 2), pair(3, 4))), Compare("a", Op.GT, 3))), [], id="no pair is left"),
        pytest.param(Or((pair(1, 2), And((pair(3, 4), Unknown("?"))))), [(1, 2), (3, 4)], id="a term that is not read"),
        pytest.param(Or((pair(1, 2), Compare("a", Op.EQ, 3))), [(1, 2), *((3, b) for b in range(5))], id="open"),
        pytest.param(
            And((In("a", frozenset({1, 2})), In("b", frozenset({3, 4})))),
            [(1, 3), (1, 4), (2, 3), (2, 4)],
            id="lists apart",
        ),
    ],
)
def test_an_or_of_pairs_allows_just_its_pairs(predicate: Predicate, pairs: list[tuple[int, int]]) -> None:
    assert allowed(predicate) == pairs


def test_an_or_that_ties_no_columns_together_is_one_branch() -> None:
    predicate = And((Compare("a", Op.EQ, 1), Or((Compare("b", Op.EQ, 1), Compare("c", Op.EQ, 2)))))
    assert branches(predicate, COLUMNS) == [domains(predicate)]


def test_more_branches_than_can_be_are_one() -> None:
    many = And(tuple(Or(tuple(pair(7 * a, a) for a in range(start, start + 40))) for start in (0, 0, 0)))
    found = branches(many, COLUMNS)
    assert len(found) == 40, "the second one would make 1,600 pairs, of which 40 are left"


def test_a_tree_too_deep_for_pythons_stack_allows_everything() -> None:
    deep = reduce(lambda inner, n: Or((Not(And((inner, Unknown(str(n))))), pair(1, 2))), range(3000), pair(3, 4))
    assert {} in branches(And((pair(1, 2), deep)), COLUMNS)
