"""Rows of ready views: the spans they are compared over, and whether they are those of an oracle."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

__all__ = ["Row", "same", "spans"]

Row = dict[str, Any]


def same(found: list[Row], wanted: list[Row]) -> None:
    """The same rows with the same columns, in any order."""
    assert sorted(found, key=_sortable) == sorted(wanted, key=_sortable)


def _sortable(row: Row) -> str:
    return repr([str(row[name]) for name in sorted(row) if not isinstance(row[name], float | Decimal)])


def spans(today: date) -> tuple[tuple[date, date], tuple[date, date]]:
    """A year, and two and a half, which hold a leap day where a year of the agency does."""
    return (today - timedelta(days=365), today), (today - timedelta(days=900), today - timedelta(days=3))
