"""Rows of ready views: the spans they are compared over, and whether they are those of an oracle."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from support.run_size import share

from harvest_duck.sandbox import EURO_ID, MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from support.agencies import Agency, Views

__all__ = ["CASES", "Row", "binary_columns", "cases", "same", "spans"]

Row = dict[str, Any]


def same(found: list[Row], wanted: list[Row]) -> None:
    """The same rows with the same columns, in any order."""
    assert sorted(found, key=_sortable) == sorted(wanted, key=_sortable)


def _sortable(row: Row) -> str:
    return repr([str(row[name]) for name in sorted(row) if not isinstance(row[name], float | Decimal)])


def spans(today: date) -> list[tuple[date, date]]:
    """A year, which holds a leap day where one of the agency does; in a thorough run also two years and a half."""
    return [(today - timedelta(days=365), today), (today - timedelta(days=900), today - timedelta(days=3))][: share(10)]


#: The agencies: both accounts of the shared one at once, and each of the others.
CASES = ("both", "Sunday, in leap year", "Saturday, in yen", "half hours, in francs")


def accounts_of(agencies: Mapping[str, Agency], case: str) -> list[Agency]:
    """The accounts of a case."""
    return [agencies["main"], agencies["European"]] if case == "both" else [agencies[case]]


def cases(views: Views, agencies: Mapping[str, Agency], case: str) -> tuple[Views, Callable[..., list[Row]]]:
    """The views of a case, and a function that puts together the rows of an oracle for each of its accounts."""
    accounts = accounts_of(agencies, case)
    its = views.of(accounts[0], accounts=f"{MAIN_ID},{EURO_ID}" if len(accounts) > 1 else None)

    def wanted(oracle: Callable[..., list[Row]], *arguments: object) -> list[Row]:
        return [row for account in accounts for row in oracle(account, *arguments)]

    return its, wanted


def binary_columns(views: Views, call: str) -> set[str]:
    """The columns of a view that are binary fractions; the view has no rows."""
    result = views.con.execute(f"FROM views.{call}")
    assert result.fetchall() == []
    return {name for name, kind, *_ in result.description if str(kind) in ("DOUBLE", "FLOAT")}
