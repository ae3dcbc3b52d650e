"""Predicates as values: a filter as a tree of comparisons.

`arrow_filter` makes the tree and `domain` reads it; nothing here touches Arrow, DuckDB or Harvest. `Unknown` stands for
a term that could not be read: it may be true of any row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum

Value = bool | int | str | date | datetime | time | Decimal


class Op(Enum):
    """A comparison, written as SQL writes it."""

    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """`column op value`; neither true nor false where the column is NULL."""

    column: str
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class In:
    """`column IN (values)`."""

    column: str
    values: frozenset[Value]


@dataclass(frozen=True, slots=True)
class IsNull:
    """`column IS NULL`."""

    column: str


@dataclass(frozen=True, slots=True)
class And:
    """All of `terms`; true when there are none."""

    terms: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of `terms`; false when there are none."""

    terms: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT term`."""

    term: Predicate


@dataclass(frozen=True, slots=True)
class Unknown:
    """A term that could not be read; `why` names it."""

    why: str


Predicate = Compare | In | IsNull | And | Or | Not | Unknown


def conjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    """Return the terms of a conjunction in the order written, with nested ANDs flattened."""
    found: list[Predicate] = []
    waiting = [predicate]
    while waiting:
        term = waiting.pop()
        if isinstance(term, And):
            waiting.extend(reversed(term.terms))
        else:
            found.append(term)
    return tuple(found)
