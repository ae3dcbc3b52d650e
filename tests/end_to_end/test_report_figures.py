"""The figures of the report, held against loops over the records and against the ready views of the live account."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.agencies import AGENCIES
from support.agency_oracle import ZERO, Records, day_of
from support.agency_oracle import share as share_of
from support.run_size import share

from harvest_duck.report_page.copy import Copy, copied
from harvest_duck.report_page.figures import figures
from harvest_duck.report_page.model import Choice, Figures, Money, Period, Unseen
from harvest_duck.report_page.money_figures import revenue
from harvest_duck.report_page.options import Options
from harvest_duck.report_page.source import Source, in_period, view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from support.agencies import Agency, Views

WEEK_STARTS = {"Sunday, in leap year": "Sunday", "Saturday, in yen": "Saturday"}


class Report(NamedTuple):
    """A copy of an account, the figures of the year so far, and its records."""

    copy: Copy
    figures: Figures
    records: Records


@pytest.fixture(scope="module")
def report(views: Views, agencies: dict[str, Agency]) -> Iterator[Callable[[str], Report]]:
    """Return the report of an agency by its name; each is read once."""
    made: dict[str, Report] = {}

    def of(name: str) -> Report:
        if name not in made:
            agency = agencies[name]
            copy = copied(views.of(agency).con, "views", Options.of(agency.today))
            made[name] = Report(copy, figures(copy, copy.options), Records(agency))
        return made[name]

    yield of
    for each in made.values():
        each.copy.close()


def value_of(money: tuple[Money, ...]) -> dict[str, Decimal]:
    """Return the value of the period by currency, where there is any."""
    return {each.currency: each.amount.value for each in money if each.amount.value}


def invoices(records: Records) -> list[dict[str, Any]]:
    """Return the invoices with their days and amounts."""
    return [
        {
            "currency": each["currency"],
            "state": each["state"],
            "client": each["client"]["id"],
            "name": each["client"]["name"],
            "issued": day_of(each["issue_date"]),
            "due_on": day_of(each["due_date"]),
            "paid": day_of(each["paid_date"]),
            "amount": Decimal(str(each["amount"])),
            "due": Decimal(str(each["due_amount"])),
            "net": Decimal(str(each["amount"]))
            - sum(Decimal(str(each[tax] or 0)) for tax in ("tax_amount", "tax2_amount")),
        }
        for each in records.agency.records("invoices")
        if each["state"] != "draft"
    ]


def sums(rows: list[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Return the sum of each currency, where it is not 0."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in rows:
        found[currency] += amount
    return {currency: amount for currency, amount in found.items() if amount}


@pytest.mark.parametrize("name", AGENCIES)
def test_money_invoiced_collected_and_owed_is_that_of_the_invoices(report: Callable[[str], Report], name: str) -> None:
    _, found, records = report(name)
    every = invoices(records)
    periods = (found.period, found.before, found.last_year)
    assert not isinstance(found.revenue, Unseen)
    assert not isinstance(found.receivables, Unseen)
    for n, period in enumerate(periods):
        kind = ("value", "before", "last_year")[n]
        invoiced = sums([(each["currency"], each["net"]) for each in every if within(each["issued"], period)])
        collected = sums(
            [(i["currency"], i["amount"]) for i in every if i["state"] == "paid" and within(i["paid"], period)]
        )
        assert {
            m.currency: getattr(m.amount, kind) for m in found.revenue.invoiced if getattr(m.amount, kind)
        } == invoiced
        assert {
            m.currency: getattr(m.amount, kind) for m in found.revenue.collected if getattr(m.amount, kind)
        } == collected
    opened = [each for each in every if each["state"] == "open"]
    late = [each for each in opened if each["due_on"] < found.as_of]
    assert value_of(found.receivables.due) == sums([(each["currency"], each["due"]) for each in opened])
    assert value_of(found.receivables.overdue) == sums([(each["currency"], each["due"]) for each in late])


@settings(max_examples=share(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_period_has_the_money_of_its_invoices(report: Callable[[str], Report], data: st.DataObject) -> None:
    copy, found, records = report("European")
    needed = copy.options.needed
    first = data.draw(st.dates(needed.first, needed.last))
    last = data.draw(st.dates(first, needed.last))
    client = data.draw(st.sampled_from([None, *found.clients]))
    options = Options.of(found.as_of, from_date=first, to_date=last)
    card = revenue(Source(copy, options, "Monday", client), found.currencies)
    then = [
        each
        for each in invoices(records)
        if within(each["issued"], options.period) and client in (None, Choice(id=each["client"], name=each["name"]))
    ]
    assert value_of(card.invoiced) == sums([(each["currency"], each["net"]) for each in then])


def within(day: date | None, period: Period) -> bool:
    return day is not None and period.first <= day <= period.last


@pytest.mark.parametrize("name", AGENCIES)
def test_uninvoiced_work_is_that_of_the_records(report: Callable[[str], Report], name: str) -> None:
    _, found, records = report(name)
    assert not isinstance(found.uninvoiced, Unseen)
    year = found.uninvoiced.period
    owed = [
        (records.projects[each.project_id].currency or "", each.at(each.billable_rate) or ZERO)
        for each in records.entries_of(year.first, year.last)
        if each.billable and not each.is_billed and not records.projects[each.project_id].is_fixed_fee
    ]
    owed += [
        (records.projects[each.project_id].currency or "", each.cost)
        for each in records.expenses_of(year.first, year.last)
        if each.billable and not each.is_billed
    ]
    rows = found.uninvoiced.rows
    assert sums([(row.currency, row.amount) for row in rows]) == sums(owed)
    assert all(sum(row.ages) == row.amount for row in rows)
    aged = [(row.currency, row.amount) for row in rows]
    fees = [(each.currency, each.amount.value) for each in found.uninvoiced.fixed_fees if each.amount.value]
    assert value_of(found.uninvoiced.total) == sums([*aged, *fees])


@pytest.mark.parametrize("name", AGENCIES)
def test_the_copy_answers_as_the_live_account_does(
    report: Callable[[str], Report], views: Views, agencies: dict[str, Agency], name: str
) -> None:
    copy, found, _ = report(name)
    starts, options = WEEK_STARTS.get(name, "Monday"), Options.of(found.as_of)
    weeks = {"from_date": options.weeks(starts).first, "to_date": options.weeks(starts).last}
    year = {"from_date": options.year.first, "to_date": options.year.last}
    period = {"from_date": found.period.first, "to_date": found.period.last}
    before = {"from_date": found.before.first, "to_date": found.before.last}
    as_of = {"as_of": found.as_of}
    live = views.of(agencies[name])
    for view_name, arguments in (
        ("utilization", {**period, "week_starts": starts}),
        ("timesheet_gaps", weeks),
        ("budget_burn", as_of),
        ("uninvoiced", year),
        ("wip_ageing", {"from_date": options.year.first, **as_of}),
        ("receivables", as_of),
        ("revenue_by_month", before),
        ("profitability", period),
        ("lock_up", as_of),
        ("missing_rates", period),
    ):
        call = ", ".join(f"{each} := '{value}'" for each, value in arguments.items())
        wanted = live.rows(f"{view_name}({call})")
        assert copy.rows(f"FROM {view(view_name, **arguments)} ORDER BY ALL") == wanted, view_name


@pytest.mark.parametrize("name", AGENCIES)
def test_hours_are_the_sums_of_the_view_by_week_and_by_person(report: Callable[[str], Report], name: str) -> None:
    copy, found, records = report(name)
    card = found.utilization
    assert not isinstance(card, Unseen)
    starts = WEEK_STARTS.get(name, "Monday")
    assert found.week_starts == starts
    rows = copy.rows(f"FROM {in_period('utilization', found.period, week_starts=starts)}")
    for kind in ("capacity_hours", "hours", "billable_hours", "time_off_hours"):
        known = [row for row in rows if row[kind] is not None]
        total = sum((row[kind] for row in known), ZERO)
        assert sum((getattr(each, kind) for each in card.people), ZERO) == total
        total = sum((row[kind] for row in known if row["capacity_hours"] is not None), ZERO)
        assert sum((getattr(each, kind) for each in card.weeks), ZERO) == total
        if kind != "time_off_hours":
            assert getattr(card, kind).value == total
    written = sum((each.hours for each in records.entries_of(found.period.first, found.period.last)), ZERO)
    assert ZERO < card.hours.value <= written
    for found_share, part in ((card.utilization, card.hours), (card.billable_utilization, card.billable_hours)):
        wanted = share_of(part.value, card.capacity_hours.value)
        assert (None if found_share.value is None else float(found_share.value)) == wanted
    assert [each.first for each in card.weeks] == sorted({row["week"] for row in rows})
    shares = [each.billable_utilization or ZERO for each in card.people]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("name", AGENCIES)
def test_gaps_are_those_of_the_view_and_every_day_has_its_hours(report: Callable[[str], Report], name: str) -> None:
    copy, found, _ = report(name)
    card = found.gaps
    assert not isinstance(card, Unseen)
    rows = copy.rows(f"FROM {in_period('timesheet_gaps', card.period)}")
    assert (card.gaps, card.empty) == (len(rows), sum(row["hours"] == 0 for row in rows))
    assert card.missing_hours == sum((row["missing_hours"] for row in rows), ZERO)
    assert card.missing_hours == sum((each.missing_hours for each in card.people), ZERO)
    assert card.person_days == sum(hours is not None for each in card.people for hours in each.hours)
    assert all(len(each.hours) == len(card.days) for each in card.people)
    assert card.people == tuple(sorted(card.people, key=lambda each: (-each.missing_hours, each.name, each.user_id)))
    empty = {(row["user_id"], row["day"]) for row in rows if row["hours"] == 0}
    for each in card.people:
        for day, hours in zip(card.days, each.hours, strict=True):
            assert (hours == 0) == ((each.user_id, day) in empty)
