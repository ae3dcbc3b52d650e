"""The ready views of work and what it is worth, held against loops over the records and against Harvest's reports."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import work_oracle as oracle
from support.agencies import AGENCIES, GENERATED, Agency, Views
from support.agency_oracle import ZERO, Records
from support.asked import asked
from support.hand_made import HandMade
from support.run_size import share

from harvest_duck.sandbox import EURO_ID, MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

SPAN = (date(2026, 1, 1), date(2026, 12, 31))
#: The columns that make a key, and the oracle, of each view.
_KEYS: dict[str, tuple[tuple[str, ...], Callable[[Records, date, date], dict[Any, Any]]]] = {
    "work": (("time_entry_id",), oracle.work),
    "realization": (("client_id", "currency"), oracle.realization),
    "wip_ageing": (("client_id", "currency"), oracle.wip_ageing),
    "uninvoiced": (("project_id",), oracle.uninvoiced),
}


def year_to(day: date) -> tuple[date, date]:
    """Return the year that ends on a day, of 366 days where it has a leap day."""
    return (day - timedelta(days=365)), day


def assert_view(views: Views, agency: Agency, name: str, first: date, last: date) -> None:
    """The rows of a view are those of its oracle; a share may differ in its last digit, where it is a tie."""
    keys, loop = _KEYS[name]
    wanted = loop(Records(agency), first, last)
    rows = views.of(agency).rows(f"{name}(?, ?)", first, last)
    found = {row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys): row for row in rows}
    assert len(found) == len(rows)
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        shares = {name: pytest.approx(value, abs=1.01e-4) for name, value in row.items() if isinstance(value, float)}
        assert {column: found[key][column] for column in row} == row | shares, key


def missing(views: Views, agency: Agency, first: date, last: date) -> dict[Any, Any]:
    """Return the rows of `missing_rates` as its oracle has them."""
    return {
        (row["missing"], row["project_id"], row["user_id"]): (row["entries"], row["hours"])
        for row in views.of(agency).rows("missing_rates(?, ?)", first, last)
    }


# Held against loops over the records, and against Harvest's reports


@pytest.mark.parametrize("agency_name", AGENCIES)
@pytest.mark.parametrize("name", _KEYS)
def test_a_year(views: Views, agencies: dict[str, Agency], name: str, agency_name: str) -> None:
    agency = agencies[agency_name]
    assert_view(views, agency, name, *year_to(agency.today))


@pytest.mark.parametrize("agency_name", AGENCIES)
def test_what_lacks_a_rate(views: Views, agencies: dict[str, Agency], agency_name: str) -> None:
    span = year_to(agencies[agency_name].today)
    assert missing(views, agencies[agency_name], *span) == oracle.missing_rates(Records(agencies[agency_name]), *span)


def test_agreed_rates_are_the_billable_amount_of_harvests_report(views: Views, agencies: dict[str, Agency]) -> None:
    agency = agencies["main"]
    first, last = year_to(agency.today)
    wanted = {
        (row["client_id"], row["currency"]): row["billable_amount"]
        for row in agency.sandbox.report(MAIN_ID, "report_time_clients", first, last)
    }
    rows = views.of(agency).rows("realization(?, ?)", first, last)
    assert rows
    assert {(row["client_id"], row["currency"]): row["at_agreed_rates"] for row in rows} == {
        key: amount for key, amount in wanted.items() if amount
    }


def test_what_has_an_age_is_uninvoiced_without_fees(views: Views, agencies: dict[str, Agency]) -> None:
    agency = agencies["main"]
    span = year_to(agency.today)
    projects = views.of(agency).rows("uninvoiced(?, ?)", *span)
    assert {row["project_type"] for row in projects} == {"fixed_fee", "time_and_materials"}
    wanted: dict[int, Decimal] = {}
    for row in projects:
        amount = row["uninvoiced_expenses" if row["project_type"] == "fixed_fee" else "uninvoiced_amount"]
        wanted[row["client_id"]] = wanted.get(row["client_id"], ZERO) + amount
    found = {row["client_id"]: row["amount"] for row in views.rows("wip_ageing(?, ?)", *span)}
    assert found == {client: amount for client, amount in wanted.items() if amount}


@given(data=st.data())
@settings(max_examples=share(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_span(views: Views, agencies: dict[str, Agency], data: st.DataObject) -> None:
    agency = agencies[data.draw(st.sampled_from(GENERATED))]
    last = data.draw(st.dates(agency.today - timedelta(days=900), agency.today))
    first = data.draw(st.dates(last - timedelta(days=364), last))
    name = data.draw(st.sampled_from([*_KEYS, "missing_rates"]))
    if name == "missing_rates":
        assert missing(views, agency, first, last) == oracle.missing_rates(Records(agency), first, last)
    else:
        assert_view(views, agency, name, first, last)


# Worked out by hand: what each entry is worth


def test_an_amount_is_rounded_to_cents_entry_by_entry(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    ada, acme = made.person("Ada"), made.client("Acme", "GBP")
    site = made.project("Site", acme)
    # 0.05 hours at 100.10 are 5.005, and at 0.30 they are 0.015: halves go away from zero.
    made.entry(ada, site, "2026-03-02", "0.02", rounded_hours=Decimal("0.05"), billable_rate=Decimal("100.10"))
    made.entry(ada, site, "2026-03-03", "0.05", rounded_hours=None, billable_rate=Decimal("0.3"), cost_rate=Decimal(0))
    rows = views.of(made.serve()).rows("work(?, ?)", *SPAN)
    assert [(row["hours"], row["rounded_hours"], row["value_at_rates"], row["cost"]) for row in rows] == [
        (Decimal("0.02"), Decimal("0.05"), Decimal("5.01"), Decimal("2.50")),
        (Decimal("0.05"), Decimal("0.05"), Decimal("0.02"), Decimal(0)),
    ]
    assert {row["currency"] for row in rows} == {"GBP"}


def test_what_an_entry_is_counted_as(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    ada, acme = made.person("Ada"), made.client("Acme")
    site, inside = made.project("Site", acme), made.project("Internal", acme, is_billable=False)
    fixed, gone = made.project("Fixed", acme, is_fixed_fee=True, fee=Decimal(9000)), made.project("Gone", acme)
    made.tables["projects"].remove(gone)
    made.entry(ada, site, "2026-03-02", "2")
    made.entry(ada, site, "2026-03-02", "2", billable_rate=None, cost_rate=None)
    made.entry(ada, site, "2026-03-02", "2", billable=False, billable_rate=None)
    made.entry(ada, inside, "2026-03-02", "2", billable=False)
    made.entry(ada, fixed, "2026-03-02", "2", is_running=True)
    made.entry(ada, gone, "2026-03-02", "2")
    rows = views.of(made.serve()).rows("work(?, ?)", *SPAN)
    columns = ("project_type", "value_at_rates", "billable_amount", "cost", "is_running")
    assert [tuple(row[column] for column in columns) for row in rows] == [
        ("time_and_materials", 200, 200, 100, False),
        ("time_and_materials", None, None, None, False),
        ("time_and_materials", 0, 0, 100, False),
        ("non_billable", 0, 0, 100, False),
        ("fixed_fee", 200, 0, 100, True),
        # Its project may have a fixed fee: nobody knows any more.
        (None, 200, None, 100, False),
    ]
    assert rows[-1]["currency"] == "EUR"


def test_a_rate_beyond_all_measure_is_exact(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    site = made.project("Site", made.client("Acme", "VND"))
    made.entry(made.person("Ada"), site, "2026-03-02", "24", billable_rate=Decimal("98765432109.87"))
    agency = made.serve()
    exact = Decimal("2370370370636.88")
    assert views.of(agency).rows("work(?, ?)", *SPAN)[0]["value_at_rates"] == exact
    assert views.rows("wip_ageing(?, ?)", *SPAN)[0]["amount"] == exact
    assert views.rows("realization(?, ?)", *SPAN)[0]["average_billable_rate"] == Decimal("98765432109.87")


# Worked out by hand: what could be invoiced


def test_what_is_owed_is_as_old_as_the_day_it_was_spent(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    ada, acme, other = made.person("Ada"), made.client("Acme"), made.client("Other", None)
    site, fixed = made.project("Site", acme), made.project("Fixed", acme, is_fixed_fee=True, fee=Decimal(9000))
    odd = made.project("Odd", other)
    as_of = date(2026, 6, 30)
    for hours, age in enumerate((0, 30, 31, 60, 61, 90, 91, -1), start=1):
        made.entry(ada, site, str(as_of - timedelta(days=age)), str(hours))
    made.entry(ada, site, "2026-06-30", "100", is_billed=True)
    made.entry(ada, site, "2026-06-30", "100", billable=False)
    made.entry(ada, site, "2026-06-30", "100", billable_rate=None)
    made.entry(ada, fixed, "2026-06-30", "100")
    made.expense(ada, fixed, "2026-06-30", "0.125")
    made.expense(ada, site, "2026-06-30", "1000", is_billed=True)
    made.expense(ada, odd, "2026-01-01", "7")
    rows = views.of(made.serve()).rows("wip_ageing(?, ?)", date(2026, 1, 1), as_of)
    assert [tuple(row.values()) for row in rows] == [
        # Of the fixed fee only the expense is here. It keeps its digits: not all currencies have cents.
        (acme["id"], "Acme", "EUR", Decimal("2800.125"), Decimal("300.125"), 700, 1100, 700, 91, MAIN_ID),
        (other["id"], "Other", None, 7, 0, 0, 0, 7, 180, MAIN_ID),
    ]


def test_what_is_left_of_a_fixed_fee_is_uninvoiced_whatever_the_span(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    ada, acme = made.person("Ada"), made.client("Acme")
    made.project("Fixed", acme, is_fixed_fee=True, fee=Decimal(9000), starts_on="2026-02-01")
    site = made.project("Site", acme)
    made.project("Nothing", acme)
    made.entry(ada, site, "2026-03-02", "2")
    made.entry(ada, site, "2026-03-03", "3", is_billed=True)
    made.expense(ada, site, "2026-03-03", "12.5")
    found = views.of(made.serve()).rows("uninvoiced(?, ?)", date(2026, 3, 1), date(2026, 3, 31))
    columns = (
        "project_name",
        "project_type",
        "total_hours",
        "uninvoiced_hours",
        "uninvoiced_work",
        "uninvoiced_amount",
    )
    assert [tuple(row[column] for column in columns) for row in found] == [
        ("Fixed", "fixed_fee", 0, 0, 9000, 9000),
        ("Site", "time_and_materials", 5, 2, 200, Decimal("212.5")),
    ]
    with pytest.raises(duckdb.Error, match="longer than the year that Harvest reports on at once"):
        views.rows("uninvoiced('2024-01-01', '2026-11-20')")


# Worked out by hand: rates


def test_the_standard_rate_is_the_one_in_force_on_the_day(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    ada, acme = made.person("Ada"), made.client("Acme")
    site = made.project("Site", acme)
    for amount, start, end in ((80, None, "2026-02-28"), (90, "2026-03-01", None), (95, "2026-07-01", None)):
        made.add("billable_rates", user_id=ada["id"], amount=Decimal(amount), start_date=start, end_date=end)
    for day in ("2026-02-28", "2026-03-01", "2026-06-30", "2026-07-01"):
        made.entry(ada, site, day, "1", billable_rate=Decimal(100))
    made.entry(ada, site, "2026-07-02", "0", is_billed=True)
    made.entry(ada, site, "2026-07-02", "1", is_billed=True, billable_rate=Decimal(70))
    (row,) = views.of(made.serve()).rows("realization(?, ?)", *SPAN)
    # 80 + 90 + 90 + 95 + 95 at standard rates; four hours at 100 and one at 70 were agreed.
    assert (row["at_standard_rates"], row["at_agreed_rates"], row["invoiced"]) == (450, 470, 70)
    assert (row["billable_hours"], row["average_billable_rate"]) == (5, 94)
    assert (row["rate_realization"], row["billing_realization"]) == (1.0444, 0.1489)


def test_hours_of_people_without_a_standard_rate_make_it_unknown(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    ada, bo, acme = made.person("Ada"), made.person("Bo"), made.client("Acme")
    site, fixed = made.project("Site", acme), made.project("Fixed", acme, is_fixed_fee=True)
    made.add("billable_rates", user_id=ada["id"], amount=Decimal(80), start_date="2026-03-01", end_date=None)
    made.entry(ada, site, "2026-03-02", "3", billable_rate=Decimal(100))
    made.entry(ada, fixed, "2026-03-02", "50")
    made.entry(ada, site, "2026-03-02", "50", billable=False)
    agency = made.serve()
    assert views.of(agency).rows("realization(?, ?)", *SPAN)[0]["at_standard_rates"] == 240
    made.entry(bo, site, "2026-03-02", "6", billable_rate=None)
    made.serve()
    (row,) = views.rows("realization(?, ?)", *SPAN)
    assert (row["at_standard_rates"], row["rate_realization"]) == (None, None)
    # Hours without a rate agreed are worth nothing, as in Harvest's report: 300 for nine hours.
    assert (row["at_agreed_rates"], row["average_billable_rate"]) == (300, Decimal("33.3333"))


def test_the_rates_of_a_person_whom_harvest_refuses_are_an_error(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    ada = made.person("Ada")
    made.entry(ada, made.project("Site", made.client("Acme")), "2026-03-02", "1")
    of = views.of(made.serve())
    changeable.respond_next(f"/users/{ada['id']}/billable_rates", status=403)
    with pytest.raises(duckdb.Error, match=f"billable_rates user_id {ada['id']} page 1: Harvest answered 403"):
        of.rows("realization(?, ?)", *SPAN)


def test_each_thing_that_is_missing_is_a_row(views: Views, changeable: Sandbox) -> None:
    made = HandMade(changeable)
    ada, acme = made.person("Ada"), made.client("Acme")
    site = made.project("Site", acme)
    fixed = made.project(
        "Fixed", acme, is_fixed_fee=True, fee=Decimal(900), starts_on="2026-01-01", ends_on="2026-02-01"
    )
    bare = made.project("Bare", acme, is_fixed_fee=True, starts_on="2026-01-01")
    made.project("Over", acme, is_fixed_fee=True, is_active=False)
    made.entry(ada, site, "2026-03-02", "1")
    made.entry(ada, site, "2026-03-02", "2", billable_rate=None, cost_rate=Decimal(0))
    made.entry(ada, site, "2026-03-03", "3", billable_rate=Decimal(0))
    made.entry(ada, site, "2026-03-03", "4", billable=False, billable_rate=None)
    made.entry(ada, fixed, "2026-03-03", "5", billable_rate=None, cost_rate=None)
    agency = made.serve()
    changeable.clear_log()
    assert missing(views, agency, *SPAN) == {
        ("billable rate", site["id"], ada["id"]): (2, 5),
        ("cost rate", site["id"], ada["id"]): (1, 2),
        ("cost rate", fixed["id"], ada["id"]): (1, 5),
        ("fee", bare["id"], None): (None, None),
        ("ends_on", bare["id"], None): (None, None),
    }
    entries = [each for each in asked(changeable) if each.startswith("/time_entries")]
    assert entries == ["/time_entries?from=2026-01-01&to=2026-12-31"]


# Accounts


@pytest.mark.parametrize("name", ["work", "realization", "wip_ageing", "uninvoiced", "missing_rates", "reconcile"])
def test_an_empty_account_has_no_rows(views: Views, changeable: Sandbox, name: str) -> None:
    assert views.of(HandMade(changeable).serve()).rows(f"{name}(?, ?)", *SPAN) == []


@pytest.mark.parametrize(
    "name",
    [
        "wip_ageing",
        *(pytest.param(each, marks=pytest.mark.thorough) for each in ("work", "uninvoiced", "missing_rates")),
    ],
)
def test_two_accounts_never_mix(views: Views, agencies: dict[str, Agency], name: str) -> None:
    both = [agencies[each] for each in ("main", "European")]
    span = date(2026, 11, 1), date(2026, 11, 20)
    apart = [row for each in both for row in views.of(each).rows(f"{name}(?, ?)", *span)]
    together = views.of(both[0], accounts=f"{MAIN_ID},{EURO_ID}").rows(f"{name}(?, ?)", *span)
    assert sorted(together, key=repr) == sorted(apart, key=repr)
