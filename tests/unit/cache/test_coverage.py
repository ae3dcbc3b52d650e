"""Which part of a query is held, and which is still to fetch: against sets of points."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.cache.coverage import Region, domains_of, least, place_of, region_of, split
from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, VARCHAR
from harvest_duck.catalog.tables import TABLES
from harvest_duck.planner import Target, plan
from harvest_duck.planner.enforced import enforced_domains
from harvest_duck.pushdown.domain import Domain
from harvest_duck.pushdown.ranges import Bound, Range

ENTRIES, PAYMENTS = TABLES["time_entries"], TABLES["invoice_payments"]
TARGET = Target("https://api.test/v2", "https://id.test", 7, 2000)
FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(6)]
USERS = (1, 2, 3)
#: A user, and a day or None where the row has none.
Point = tuple[int, date | None]
POINTS = set(product(USERS, (*DAYS, None)))


def ranges(values: list[date] | list[int]) -> st.SearchStrategy[Domain]:
    """Domains over neighbouring values, with ends of every kind."""
    ends = st.none() | st.builds(Bound, st.sampled_from(values), st.booleans())
    parts = st.lists(st.builds(Range, ends, ends), min_size=1, max_size=3).map(tuple)
    return st.builds(Domain, parts, st.booleans()) | st.builds(Domain)


def regions() -> st.SearchStrategy[Region]:
    users = st.frozensets(st.sampled_from(USERS), min_size=1).map(lambda chosen: {"user_id": Domain.of(chosen)})
    return st.builds(Region, users | st.just({}), ranges(DAYS))


def points(region: Region) -> set[Point]:
    users = region.restriction.get("user_id", Domain())
    return {(user, day) for user, day in POINTS if users.contains(user) and region.along.contains(day)}


@given(wanted=st.lists(regions(), max_size=8))
def test_what_is_held_and_what_is_missing_is_what_is_wanted_each_place_once(wanted: list[Region]) -> None:
    held: list[Region] = []
    for region in wanted:
        found = split(region, held)
        taken = set[Point]()
        for index, along in found.shares:
            part = points(Region(region.restriction, along))
            assert part <= points(held[index])
            assert not part & taken
            taken |= part
        missing = set() if found.missing is None else points(Region(region.restriction, found.missing))
        assert taken | missing == points(region)
        useful = [each for each in held if points(region) & points(each) and region.narrows(each)]
        assert not missing & set().union(*map(points, useful))
        if found.missing is not None:
            held.insert(0, Region(region.restriction, found.missing))


@given(one=regions(), other=regions())
def test_a_region_within_another_has_no_point_outside_of_it(one: Region, other: Region) -> None:
    assert one.within(one)
    assert not one.within(other) or points(one) <= points(other)


def test_one_region_that_has_everything_answers_alone() -> None:
    halves = [Region(along=Domain.of(DAYS[:3])), Region(along=Domain.of(DAYS[3:]))]
    both = Region(along=Domain((Range(Bound(DAYS[0], inclusive=True), Bound(DAYS[5], inclusive=True)),), nulls=False))
    assert [each.number for each in split(both, halves).shares] == [0, 1]
    assert [each.number for each in split(both, [*halves, Region()]).shares] == [2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Domain.of(["1"]), Domain.of([1])),
        (Domain.of([1], nulls=True), Domain.of([1])),
        (Domain(), Domain.of([1])),
        (Domain.of([True]), Domain.of([1])),
    ],
)
def test_what_cannot_be_compared_is_not_within(one: Domain, other: Domain) -> None:
    assert not Region({"user_id": one}).within(Region({"user_id": other}))


def test_rows_for_other_inputs_are_other_rows() -> None:
    report, inputs = TABLES["report_time_clients"], {"from_date": Domain.of([FIRST]), "to_date": Domain.of([DAYS[1]])}
    one, other = region_of(report, inputs, [inputs]), region_of(report, inputs | {"to_date": Domain.of([FIRST])}, [])
    assert one.within(one)
    assert not one.within(other)
    assert not one.within(region_of(report, {}, []))
    assert domains_of(report, one, inputs) == inputs


def test_days_and_parents_are_places() -> None:
    found = {name: place for name, table in TABLES.items() if (place := place_of(table)) is not None}
    assert {
        name: found.get(name) for name in ("time_entries", "invoice_line_items", "invoice_payments", "teammates")
    } == {
        "time_entries": "spent_date",
        # What changed has no row of an invoice that lost all of them.
        "invoice_line_items": None,
        "invoice_payments": "invoice_id",
        "teammates": "user_id",
    }
    assert all(table.column(found[name]).type in (DATE, BIGINT) for name, table in TABLES.items() if name in found)
    # Dated lists can be asked what changed, and know records again.
    dated = [TABLES[name] for name, place in found.items() if TABLES[name].column(place).type is DATE]
    assert all(table.updates is not None and table.identity is not None for table in dated)


def test_places_that_are_no_days_are_all_places() -> None:
    assert region_of(ENTRIES, {"spent_date": Domain.of(["2026-03-01"])}).along == Domain()
    assert region_of(PAYMENTS, {"invoice_id": Domain.of([FIRST])}).along == Domain()


_VALUES = {
    BIGINT: [0, 1, 2, 3, 90],
    BOOLEAN: [True, False],
    DATE: DAYS,
    VARCHAR: ["open", "approved", ""],
}


@st.composite
def filtered(draw: st.DrawFn, name: str) -> dict[str, Domain]:
    """Domains of some columns of a table, as a filter leaves them."""
    columns = [column for column in TABLES[name].columns if column.type in _VALUES]
    chosen = draw(st.lists(st.sampled_from(columns), max_size=4, unique=True))
    found = {}
    for column in chosen:
        values = _VALUES[column.type]
        lists = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(Domain.of)
        found[column.name] = draw(lists | ranges(values) if column.type in (BIGINT, DATE) else lists)
    return {column: domain for column, domain in found.items() if not (domain.everything or domain.empty)}


@pytest.mark.parametrize("name", ["time_entries", "projects", "task_assignments", "invoice_payments", "billable_rates"])
@given(data=st.data())
def test_the_region_of_a_query_costs_the_requests_of_the_query(name: str, data: st.DataObject) -> None:
    table = TABLES[name]
    domains = data.draw(filtered(name))
    wanted = region_of(table, domains)
    if wanted.along.empty:
        return
    live = plan(table, TABLES, domains, TARGET)

    def same(region: Region) -> bool:
        return plan(table, TABLES, domains_of(table, region, domains), TARGET) == live

    assert same(wanted)
    found = least(wanted, same)
    assert same(found)
    assert wanted.within(found)


def test_what_narrows_no_request_bounds_no_region() -> None:
    domains = {
        "user_id": Domain.of([1]),
        "project_id": Domain((Range(low=Bound(5, inclusive=True)),), nulls=False),
        "is_billed": Domain(nulls=False),
        "hours": Domain.of([1]),
    }
    wanted = region_of(ENTRIES, domains)
    live = plan(ENTRIES, TABLES, domains, TARGET)
    found = least(wanted, lambda region: plan(ENTRIES, TABLES, domains_of(ENTRIES, region, domains), TARGET) == live)
    assert found == Region({"user_id": Domain.of([1])})
    assert enforced_domains(live, live.requests[0])["user_id"] == Domain.of([1])


def test_a_single_record_is_no_day() -> None:
    domains = {"id": Domain.of([5]), "spent_date": Domain.of([FIRST])}
    live = plan(ENTRIES, TABLES, domains, TARGET)
    found = least(
        region_of(ENTRIES, domains),
        lambda region: plan(ENTRIES, TABLES, domains_of(ENTRIES, region, {}), TARGET) == live,
    )
    assert found == Region({"id": Domain.of([5])})
