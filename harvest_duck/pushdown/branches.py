"""The branches of a filter that ties columns together, as an OR of periods does: each with domains of its own.

The domains of a whole filter treat its columns apart: of two periods they allow every start with every end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.pushdown.domain import all_of, domains
from harvest_duck.pushdown.predicate import Or, Predicate, conjuncts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from harvest_duck.pushdown.domain import Domain

#: The most branches; an OR that would make more is not divided.
_MOST = 1000


def branches(predicate: Predicate, columns: AbstractSet[str]) -> Sequence[Mapping[str, Domain]]:
    """Return domains of which every row that `predicate` keeps lies within one; none where no row can satisfy it.

    An OR is divided where it ties two of `columns` together.
    """
    whole = domains(predicate)
    try:
        return [] if whole is None else _divided(whole, predicate, columns)
    except RecursionError:
        return [whole or {}]


def _divided(
    whole: Mapping[str, Domain], predicate: Predicate, columns: AbstractSet[str]
) -> list[Mapping[str, Domain]]:
    found = [whole]
    for term in conjuncts(predicate):
        if isinstance(term, Or) and len(term.terms) <= _MOST:
            parts = [part for each in term.terms for part in branches(each, columns)]
            if _tied(parts, columns) and len(found) * len(parts) <= _MOST:
                pairs = (all_of([one, other]) for one in found for other in parts)
                found = [pair for pair in pairs if pair is not None]
    return found


def _tied(parts: Sequence[Mapping[str, Domain]], columns: AbstractSet[str]) -> bool:
    """Whether one of the parts restricts two of the columns at once."""
    return any(len(columns & part.keys()) > 1 for part in parts)
