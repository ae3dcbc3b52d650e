"""The query of `harvest_report`: one report for each step of a span of days.

A scan sees a period only where it is a constant, and DuckDB binds what `query()` is given as SQL of its own. So the
macro writes a UNION ALL with the days of each step, and hands that to `query()`. The connection string is not in it:
it stays a filter on the whole, which DuckDB hands to each scan (1.4 to 2.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.pushdown.sql import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The most steps of a span: half of what Harvest allows in 15 minutes.
_MOST = 50
#: Each step and the interval that it is long; weeks begin on Monday, as those of ISO 8601 and date_trunc.
_STEPS = {"day": "1 DAY", "week": "7 DAY", "month": "1 MONTH", "quarter": "3 MONTH", "year": "1 YEAR"}
_PREFIX = "report_"
_REPORTS = [name.removeprefix(_PREFIX) for name, table in TABLES.items() if table.max_span_days is not None]
_TIMELESS = sorted({name.removeprefix(_PREFIX) for name in TABLES if name.startswith(_PREFIX)} - {*_REPORTS})

# Expressions of SQL over the arguments of the macro.
_NAME = f"regexp_replace(lower(report::VARCHAR), '^{_PREFIX}', '')"
_FIRST, _LAST, _STEP = "try_cast(from_date AS DATE)", "try_cast(to_date AS DATE)", "lower(step::VARCHAR)"
_LENGTH = f"CASE {_STEP} {' '.join(f'WHEN {text(name)} THEN INTERVAL {long}' for name, long in _STEPS.items())} END"


def query_of(dataset: str) -> str:
    """Return the SQL expression of the text of the query; `dataset` begins the name of the source of a table.

    Its value is an error for arguments that name no report, no span or too many steps.
    """
    whole = _report(dataset, _FIRST, _LAST)
    # Clipped to the span: its first and its last step may be shorter.
    each = _report(dataset, f"greatest(d::DATE, {_FIRST})", f"least((d + {_LENGTH})::DATE - 1, {_LAST})")
    begin = f"date_trunc({_unit()}, {_FIRST})"
    # No further than can be asked, since DuckDB computes it for a span that is refused as well.
    starts = f"generate_series({begin}, least({_LAST}::TIMESTAMP, {begin} + {_MOST} * {_LENGTH}), {_LENGTH})"
    steps = f"array_to_string(list_transform({starts}, lambda d: {each}), ' UNION ALL ')"
    refused = " ".join(f"WHEN {fault} THEN error('harvest_report: ' || {words})" for fault, words in _faults())
    return f"CASE {refused} WHEN step IS NULL THEN {whole} ELSE {steps} END"


def _report(dataset: str, first: str, last: str) -> str:
    source = f"{text(f'FROM {dataset}{_PREFIX}')} || {_NAME}"
    return f"{source} || ' WHERE from_date = DATE ''' || {first} || ''' AND to_date = DATE ''' || {last} || ''''"


def _unit() -> str:
    """Return the expression of a unit that DuckDB knows: it computes constants in branches that are not taken too."""
    return f"CASE WHEN {_among(_STEP, _STEPS)} THEN {_STEP} ELSE 'day' END"


def _faults() -> Iterator[tuple[str, str]]:
    """Yield each condition under which the arguments are refused, with the expression that says why."""
    yield "conn::VARCHAR IS NULL", "'the connection string is NULL'"
    for argument in ("report", "from_date", "to_date"):
        yield f"{argument} IS NULL", f"'{argument} is NULL'"
    yield from _no_report()
    for argument, day in (("from_date", _FIRST), ("to_date", _LAST)):
        # Within these days a year has four digits.
        within = f"{day} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
        yield f"({within}) IS NOT TRUE", f"'{argument} is ' || {argument} || ', which is no day: write 2026-01-31'"
    yield f"{_FIRST} > {_LAST}", f"{_FIRST} || ' is after ' || {_LAST} || ': exchange the two days'"
    choice = text(f'": write {", ".join(_STEPS)}, or leave it out to get the whole span')
    yield f"NOT {_among(_STEP, _STEPS)}", f"'no step \"' || step || {choice}"
    count = f"date_diff({_unit()}, {_FIRST}, {_LAST}) + 1"
    told = f"{_FIRST} || ' to ' || {_LAST} || ' by ' || {_STEP} || ' takes ' || ({count})"
    most = text(f" requests, and {_MOST} are the most: choose a longer step, or ask for a part of the span")
    yield f"step IS NOT NULL AND {count} > {_MOST}", f"{told} || {most}"


def _no_report() -> Iterator[tuple[str, str]]:
    timeless = f"'{_PREFIX}' || {_NAME} || ' has no period: read harvest_scan(''{_PREFIX}' || {_NAME} || ''')'"
    yield _among(_NAME, _TIMELESS), timeless
    unknown = f"'no report \"' || report || '\"; did you mean \"' || {nearest(_REPORTS, _NAME)} || '\"?'"
    yield f"NOT {_among(_NAME, _REPORTS)}", unknown


def _among(value: str, names: Iterable[str]) -> str:
    return f"{value} IN ({_listed(names)})"


def nearest(names: Iterable[str], name: str) -> str:
    """Return the SQL expression of the one of `names` that is most like the value of another expression, `name`."""
    return (
        f"list_reduce([{_listed(names)}], lambda x, y: CASE WHEN jaro_winkler_similarity(x, {name}) >= "
        f"jaro_winkler_similarity(y, {name}) THEN x ELSE y END)"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(text, names))
