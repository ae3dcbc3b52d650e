"""The periods of reports as SQL writes them: which reach the scan on which DuckDB, and what is asked for then."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import duckdb
import pyarrow.compute as pc
import pytest

import harvest_duck
from harvest_duck.errors import QueryError
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

JANUARY, FEBRUARY = ("20260101", "20260131"), ("20260201", "20260228")
VERSION = tuple(map(int, duckdb.__version__.split(".")[:3]))
#: Each form of one period or two, the periods that are asked for, and the versions of DuckDB that hand it over; `1.5.6`
#: stands for the later ones of 1.5 as well.
FORMS = {
    "literals": ("from_date = '2026-01-01' AND to_date = '2026-01-31'", [JANUARY], "1.4 1.5 2"),
    "IN": ("from_date IN ('2026-01-01') AND to_date IN ('2026-01-31')", [JANUARY], "1.4 1.5 2"),
    "BETWEEN": ("from_date BETWEEN '2026-01-01' AND '2026-01-01' AND to_date = '2026-01-31'", [JANUARY], "1.4 1.5 2"),
    "a variable": ("from_date = getvariable('first') AND to_date = getvariable('last')", [JANUARY], "1.4 1.5 2"),
    "make_date": ("from_date = make_date(2026, 1, 1) AND to_date = '2026-01-31'", [JANUARY], "1.4 1.5 2"),
    "a cast": (
        "from_date = date_trunc('year', DATE '2026-05-05')::DATE AND to_date = '2026-01-31'",
        [JANUARY],
        "1.4 1.5 2",
    ),
    "date_trunc": (
        "from_date = date_trunc('year', DATE '2026-05-05') AND to_date = '2026-01-31'",
        [JANUARY],
        "1.4 1.5.6 2",
    ),
    "a timestamp": ("from_date = TIMESTAMP '2026-01-01' AND to_date = '2026-01-31'", [JANUARY], "1.5.6 2"),
    "a subquery": ("from_date = (SELECT DATE '2026-01-01') AND to_date = '2026-01-31'", [JANUARY], "1.4 1.5"),
    "an OR of periods": (
        "from_date = '2026-02-01' AND to_date = '2026-02-28' OR from_date = '2026-01-01' AND to_date = '2026-01-31'",
        [JANUARY, FEBRUARY],
        "1.5.1 2",
    ),
    "a row": ("(from_date, to_date) = (DATE '2026-01-01', DATE '2026-01-31')", [JANUARY], ""),
    "a sum": ("from_date = '2026-01-01' AND to_date = from_date + 30", [JANUARY], ""),
}


def handed_over(versions: str) -> bool:
    """Whether this version of DuckDB is among those of a form."""
    listed = [tuple(map(int, each.split("."))) for each in versions.split()]
    return any(VERSION[: len(each)] == each if len(each) < 3 else (*each[:2], 99) > VERSION >= each for each in listed)


def asked(sandbox: Sandbox) -> list[tuple[str, str]]:
    """The period of each request."""
    return [(request.query["from"], request.query["to"]) for request in sandbox.requests]


@pytest.mark.parametrize(("condition", "periods", "versions"), FORMS.values(), ids=FORMS)
def test_a_period_that_reaches_the_scan_is_asked_for_and_another_is_an_error(
    condition: str, periods: list[tuple[str, str]], versions: str, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    con.execute("SET VARIABLE first = DATE '2026-01-01'; SET VARIABLE last = DATE '2026-01-31'")
    sql = f"SELECT DISTINCT from_date, to_date FROM harvest_scan('report_time_clients') WHERE {condition} ORDER BY ALL"
    if handed_over(versions):
        rows = con.execute(sql).fetchall()
        assert [tuple(f"{day:%Y%m%d}" for day in row) for row in rows] == periods
        # DuckDB 1.5 hands over the days of each column, and keeps to itself which of them belong together.
        apart = len(periods) > 1 and VERSION < (2,)
        assert asked(sandbox) == ([JANUARY, (JANUARY[0], FEBRUARY[1]), FEBRUARY] if apart else periods)
    else:
        with pytest.raises(duckdb.Error):
            con.execute(sql).fetchall()
        assert "as a constant" in str(harvest_duck.last_error(con))
        assert asked(sandbox) == []


def test_of_periods_joined_by_or_no_other_pair_is_asked_for(connection: str, sandbox: Sandbox) -> None:
    first, last, fixed = (pc.field(name) for name in ("from_date", "to_date", "include_fixed_fee"))
    january = (first == date(2026, 1, 1)) & (last == date(2026, 1, 31))
    february = (first == date(2026, 2, 1)) & (last == date(2026, 2, 28))
    quarter = (first >= date(2026, 1, 1)) & (last < date(2026, 4, 1))
    keep = (january | february | january | quarter) & (fixed == True)  # noqa: E712 - an expression of Arrow
    found = harvest_duck.scan("report_time_clients", connection, columns=["from_date", "to_date"], filter=keep)
    rows = {(f"{row['from_date']:%Y%m%d}", f"{row['to_date']:%Y%m%d}") for row in found.read_all().to_pylist()}
    periods = [JANUARY, ("20260101", "20260331"), FEBRUARY]
    assert rows == set(periods)
    assert asked(sandbox) == periods


@pytest.mark.parametrize(("hour", "periods"), [(0, [JANUARY]), (12, [])])
def test_a_day_that_arrives_as_a_moment_is_the_day_that_it_begins(
    hour: int, periods: list[tuple[str, str]], connection: str, sandbox: Sandbox
) -> None:
    moment = datetime(2026, 1, 1, hour)  # noqa: DTZ001 - SQL has no time zone here
    keep = (pc.field("from_date") == moment) & (pc.field("to_date") == datetime(2026, 1, 31))  # noqa: DTZ001
    found = harvest_duck.scan("report_time_clients", connection, columns=["from_date"], filter=keep).read_all()
    assert found.num_rows == sum(
        len(sandbox.report(MAIN_ID, "report_time_clients", date(2026, 1, 1), date(2026, 1, 31))) for _ in periods
    )
    assert asked(sandbox) == periods


def test_a_side_of_an_or_without_a_period_is_refused(connection: str, sandbox: Sandbox) -> None:
    january = (pc.field("from_date") == date(2026, 1, 1)) & (pc.field("to_date") == date(2026, 1, 31))
    keep = january | ((pc.field("from_date") == date(2026, 2, 1)) & (pc.field("to_date") > date(2026, 2, 1)))
    with pytest.raises(QueryError, match="the report needs to_date as a constant"):
        harvest_duck.scan("report_time_clients", connection, filter=keep)
    assert asked(sandbox) == []
