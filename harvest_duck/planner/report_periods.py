"""The periods of reports: read from the predicate, and cut into pieces that Harvest accepts.

Harvest documents a year of 365 days as the longest period, and accepts a difference of 365 days between the two ends,
which a leap year needs. A longer period is cut into pieces of 365 days; `scanner.report_merge` adds up their rows.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Match, Param, Table
from harvest_duck.errors import QueryError
from harvest_duck.planner.params import ANY, first_day, last_day
from harvest_duck.planner.report_options import Inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harvest_duck.pushdown.domain import Domain

# https://help.getharvest.com/api-v2/introduction/overview/general/#rate-limiting
_MOST = 100


def spans(table: Table, branches: Iterable[Mapping[str, Domain]]) -> list[tuple[date, date]]:
    """Return the periods that the branches of the predicate ask for, each once, both days included.

    There is none where no day fits. Raises `QueryError` for a branch of which no pair of days is left, and for an end
    that it leaves open.
    """
    found = sorted({period for domains in branches for period in _spans(table, domains)})
    for start, stop in found:
        if (stop - start).days > _MOST * (table.max_span_days or 0):
            raise QueryError(
                f"{table.name}: {start} to {stop} takes more than the {_MOST} reports that Harvest gives in "
                "15 minutes: begin later, or ask for it in parts"
            )
    return found


def _spans(table: Table, domains: Mapping[str, Domain]) -> list[tuple[date, date]]:
    """Return the periods of one branch.

    Of several days, those pairs are left out that end before they begin: SQL asks for each pair, and Harvest has no
    report of these.
    """
    from_date, to_date = _ends(table)
    starts, stops = _days(table, from_date, domains), _days(table, to_date, domains)
    found = [(start, stop) for start, stop in product(starts, stops) if start <= stop]
    if starts and stops and not found:
        raise QueryError(
            f"{table.name}: {from_date.column} {starts[0]} is after {to_date.column} {stops[-1]}, "
            "so there is no such period: exchange the two days"
        )
    return found


def pieces(table: Table, start: date, stop: date) -> Iterator[Inputs]:
    """Yield the parameters for each piece of a period; every row holds the whole period."""
    from_date, to_date = _ends(table)
    whole = ((from_date.column, start), (to_date.column, stop))
    for first, last in _cut(start, stop, table.max_span_days or 0):
        # Every example of Harvest's documentation writes the days of a report without hyphens.
        # https://help.getharvest.com/api-v2/reports-api/reports/time-reports/
        sent = ((from_date.name, first), (to_date.name, last))
        yield Inputs(tuple((name, each.isoformat().replace("-", "")) for name, each in sent), whole)


def _cut(start: date, stop: date, longest: int) -> Iterator[tuple[date, date]]:
    if (stop - start).days <= longest:
        yield start, stop
        return
    for day in range(0, (stop - start).days + 1, longest):
        first = start + timedelta(days=day)
        yield first, min(stop, first + timedelta(days=min(longest - 1, (stop - first).days)))


def refuse_sum(table: Table, start: date, stop: date, chosen: Inputs) -> None:
    """Raise `QueryError` if the period has to be cut and the rows of its pieces must not be added up."""
    if (stop - start).days <= (table.max_span_days or 0):
        return
    if table.raw:
        raise QueryError(
            f"{table.name}: {start} to {stop} is longer than the year that Harvest reports on at once, and rows that "
            "are added up from its pieces have no record of their own: ask year by year, or leave out the column record"
        )
    for column in table.not_summed_with:
        if dict(chosen.values).get(column) is not False:
            raise QueryError(
                f"{table.name}: {start} to {stop} is longer than the year that Harvest reports on at once, and its "
                f"pieces cannot be added up with {column}, since a fixed fee is in each of them: "
                f"add {column} = false, or ask year by year"
            )


def _days(table: Table, param: Param, domains: Mapping[str, Domain]) -> list[date]:
    domain = domains.get(param.column, ANY)
    if domain.values is not None:
        return sorted(each for each in domain.values if isinstance(each, date))
    start = param.match is Match.FROM
    found = first_day(domain.lowest) if start else last_day(domain.highest)
    if found is None or len(domain.ranges) > 1 or (domain.highest if start else domain.lowest) is not None:
        raise QueryError(_missing(table, param.column, missing=found is None))
    return [found]


def _ends(table: Table) -> tuple[Param, Param]:
    """Return the parameters of the first and the last day."""
    ends = {param.match: param for param in table.params if param.required}
    return ends[Match.FROM], ends[Match.TO]


def _missing(table: Table, column: str, *, missing: bool) -> str:
    form = "write from_date = '2026-01-01' AND to_date = '2026-12-31' (both days are included), or use harvest_report"
    if not missing:
        return f"{table.name}: the report needs one day as {column}, not a range: {form}"
    return (
        f"{table.name}: the report needs {column} as a constant: {form}; DuckDB hands over no day of a join, a "
        "subquery or a calculation, and none such as '20260101'"
    )
