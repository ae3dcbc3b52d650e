"""The report as a whole: what it asks Harvest, whom it is for, how it is filtered, and when it is refused."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from support.agencies import Agency
from support.hand_made import HandMade

import harvest_duck
from harvest_duck.errors import QueryError
from harvest_duck.report_page.copy import Copy, copied
from harvest_duck.report_page.figures import figures
from harvest_duck.report_page.inputs import CARDS
from harvest_duck.report_page.model import Card, Figures, Unseen
from harvest_duck.report_page.options import Options
from harvest_duck.report_page.page import page
from harvest_duck.report_page.values import json_text
from harvest_duck.sandbox import EURO_ID, MAIN_ID, TODAY
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    from support.agencies import Views

    from harvest_duck.sandbox import Sandbox

OPTIONS = Options.of(TODAY)
OF_PEOPLE = {"utilization", "gaps"}


@pytest.fixture(scope="module")
def copy(views: Views, agencies: dict[str, Agency]) -> Iterator[Copy]:
    """A copy of the main account of the shared sandbox."""
    made = copied(views.of(agencies["main"]).con, "views", OPTIONS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(copy: Copy) -> Figures:
    return figures(copy, OPTIONS)


def of_card(found: Figures, name: str) -> Any:
    card = getattr(found, name)
    assert isinstance(card, Card)
    return card


def test_it_reads_each_table_once_and_nothing_again_from_memory(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    sandbox.clear_log()
    string = f"{sandbox.connection_string()};RateLimit=off;ReportsRateLimit=off;CacheLocation=:memory:"
    harvest_duck.attach(con, string, name="kept")
    try:
        with_time = harvest_duck.report(con, name="kept", as_of=TODAY)
        sent = [request.path for request in sandbox.requests]
        assert len(sent) <= 20
        assert len(set(sent) - {"/v2/time_entries"}) == len([path for path in sent if path != "/v2/time_entries"])
        sandbox.clear_log()
        assert harvest_duck.report(con, name="kept", as_of=TODAY) == with_time
        assert sandbox.requests == []
    finally:
        harvest_duck.clear_cache()
        con.execute("DETACH kept")


def test_the_day_does_not_change_the_digest(copy: Copy, views: Views, agencies: dict[str, Agency]) -> None:
    with closing(copied(views.of(agencies["main"]).con, "views", Options.of(TODAY + timedelta(40)))) as later:
        assert later.digest == copy.digest


def test_a_changed_record_changes_the_digest_and_the_order_of_records_does_not(
    changeable: Sandbox, views: Views
) -> None:
    con = views.of(Agency(changeable)).con
    kept = changeable.records(MAIN_ID, "projects")
    renamed = [{**kept[0], "name": "another"}, *kept[1:]]
    digests = []
    for projects in (kept, renamed, renamed[::-1]):
        changeable.replace(MAIN_ID, "projects", projects)
        with closing(copied(con, "views", OPTIONS)) as made:
            digests.append(made.digest)
    assert digests[0] != digests[1] == digests[2]


def test_a_client_narrows_the_money_and_nothing_else(copy: Copy, whole: Figures) -> None:
    client = max(whole.clients, key=lambda each: sum(row.client_name == each.name for row in whole.profit.rows))
    found = figures(copy, replace(OPTIONS, client=client.name.upper()))
    assert found.client == client
    for name in CARDS:
        assert (of_card(found, name).unfiltered is not None) == (name in OF_PEOPLE)
    assert replace(found.utilization, unfiltered=None) == whole.utilization
    for name in ("budgets", "profit"):
        rows = [row for row in getattr(whole, name).rows if row.client_name == client.name]
        assert list(getattr(found, name).rows) == rows
    for name in ("uninvoiced", "receivables"):
        rows = [row for row in getattr(whole, name).rows if row.client_id == client.id]
        assert list(getattr(found, name).rows) == rows
    assert len(found.profit.rows) < len(whole.profit.rows)


def test_revenue_is_the_sum_of_that_of_the_clients(copy: Copy, whole: Figures) -> None:
    each = [figures(copy, replace(OPTIONS, client=client.id)).revenue for client in whole.clients]
    for kind in ("invoiced", "collected"):
        for money in getattr(whole.revenue, kind):
            parts = [part.amount for one in each for part in getattr(one, kind) if part.currency == money.currency]
            for n in ("value", "before", "last_year"):
                assert sum(getattr(part, n) for part in parts) == getattr(money.amount, n)


def test_a_person_narrows_the_hours_and_nothing_else(copy: Copy, whole: Figures) -> None:
    person = whole.utilization.people[0]
    found = figures(copy, replace(OPTIONS, person=person.user_id))
    assert found.utilization.people == (person,)
    assert found.utilization.hours.value == person.hours
    assert all(each.user_id == person.user_id for each in found.gaps.people)
    for name in CARDS.keys() - OF_PEOPLE - {"quality"}:
        assert of_card(found, name).unfiltered is not None
        assert replace(getattr(found, name), unfiltered=None) == getattr(whole, name)


def test_other_days_within_those_that_were_read_need_nothing_more(copy: Copy) -> None:
    assert copy.serves(Options.of(TODAY, from_date="2026-07-01"))
    assert not copy.serves(Options.of(TODAY, from_date="2025-01-01"))
    assert not copy.serves(Options.of(TODAY + timedelta(1)))
    found = figures(copy, Options.of(TODAY, from_date="2026-07-01", to_date="2026-09-30"))
    assert found.revenue.months == (date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1))


def test_definitions_are_those_of_the_views(whole: Figures) -> None:
    assert whole.definitions.keys() == CARDS.keys()
    for card, views in CARDS.items():
        assert whole.definitions[card] == "\n\n".join(load.views()[view].definition for view in views)


def numbers(value: Any) -> Iterator[object]:
    """Yield all numbers of a figure that are not whole, and of those in it."""
    if isinstance(value, tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, float | Decimal):
        yield value


def test_every_number_is_exact(whole: Figures) -> None:
    found = list(numbers(whole))
    assert len(found) > 300
    assert all(isinstance(each, Decimal) for each in found)


def test_json_has_every_figure_without_loss(whole: Figures) -> None:
    text = json_text(whole)
    read = json.loads(text, parse_float=str)
    assert list(read) == [field.name for field in fields(Figures)]
    assert read["as_of"] == TODAY.isoformat()
    assert read["utilization"]["hours"]["value"] == str(whole.utilization.hours.value)
    assert text == json_text(whole)


@pytest.mark.parametrize("role", ["manager", "member"])
def test_a_card_that_a_token_sees_in_part_is_limited_or_says_why_it_is_not_there(
    views: Views, agencies: dict[str, Agency], role: str
) -> None:
    agency = agencies["main"]
    agency.sandbox.clear_log()
    with_role = copied(views.of(agency, role=role).con, "views", OPTIONS)
    refused = {request.path for request in agency.sandbox.requests if request.status == 403}
    assert {path for path in refused if "teammates" not in path} <= {"/v2/company"}
    found = figures(with_role, OPTIONS)
    assert found.role == role
    for name, made_of in CARDS.items():
        card, accesses = getattr(found, name), {load.views()[view].access for view in made_of}
        if "account" in accesses or role == "member":
            assert isinstance(card, Unseen)
            assert found.person_name in card.reason
        else:
            assert found.person_name in of_card(found, name).limited_to
    with_role.close()


def test_an_empty_account_has_figures(changeable: Sandbox, views: Views) -> None:
    with closing(copied(views.of(HandMade(changeable).serve()).con, "views", OPTIONS)) as empty:
        found = figures(empty, OPTIONS)
    assert found.currencies == found.clients == found.people == ()
    assert (found.utilization.hours.value, found.utilization.utilization.value) == (0, None)
    assert found.budgets.rows == found.receivables.rows == found.revenue.rows == found.profit.rows == ()
    assert found.gaps.people == found.quality.rows == ()
    assert page(found)


def test_what_harvest_does_not_tell_is_not_known_and_costs_no_other_figure(changeable: Sandbox, views: Views) -> None:
    made = HandMade(changeable)
    ada, bob = made.person("Ada\u202e <b>Lovelace</b>"), made.person("Bob", hours=None)
    nameless = made.person("", is_active=False)
    euro, other = made.client("Twin"), made.client("Twin", currency=None)
    billed, free = made.project("One", euro), made.project("", other)
    gone = made.project("Gone", euro)
    made.tables["projects"].remove(gone)
    stranger = made.person("No User")
    made.tables["users"].remove(stranger)
    for person, project in ((ada, billed), (bob, free), (nameless, gone), (stranger, billed)):
        made.entry(person, project, "2026-11-17", "4")
    made.entry(ada, billed, "2026-11-18", "3.3", billable_rate=None, cost_rate=None)
    made.expense(bob, free, "2026-11-16", "12.34")
    invoice = {"client": {"id": other["id"], "name": "Twin"}, "state": "open", "issue_date": "2026-10-01"}
    made.add("invoices", **invoice, due_date="2026-10-31", currency=None, amount=5, due_amount=0, line_items=[])
    made.add("invoices", **invoice, due_date="2026-10-31", currency="EUR", amount=7, due_amount=7, line_items=[])
    with closing(copied(views.of(made.serve()).con, "views", OPTIONS)) as copy:
        found = figures(copy, OPTIONS)
        with pytest.raises(QueryError, match=r"^the report knows 2 of the name twin: give the id of one client, .+"):
            figures(copy, replace(OPTIONS, client="twin"))
        of_other = figures(copy, replace(OPTIONS, client=other["id"]))
    # Nobody knows the capacity of Bob, nor of who is no user any more.
    assert found.utilization.hours.value == sum(each.hours for each in found.utilization.weeks) == Decimal("11.3")
    assert "people without a capacity are left out" in page(found)
    assert sum(each.hours for each in found.utilization.people) == Decimal("19.3")
    for each in (found, of_other):
        assert each.currencies == ("EUR", "")
        assert [due.amount.value for due in each.receivables.due] == [7, 0]
        assert [invoiced.amount.value for invoiced in each.revenue.invoiced] == [7, 5]
    assert [each.name for each in found.people] == ["", "Ada\u202e <b>Lovelace</b>", "Bob"]
    for each in (found, of_other):
        assert "<b>Lovelace" not in page(each)
        json.loads(json_text(each))


def test_what_no_report_can_be_of_is_refused_before_anything_is_sent(
    con: duckdb.DuckDBPyConnection, sandbox: Sandbox, connection: str
) -> None:
    both = connection.replace(f"AccountId={MAIN_ID}", f"AccountId={MAIN_ID},{EURO_ID}")
    sandbox.clear_log()
    for string, message in (
        (both, rf"^a report is of one account, and \"odd\" is 2: attach one of them alone, as by AccountId={MAIN_ID}$"),
        (f"{connection};MaxRows=5", "^MaxRows is 5, and a report needs all rows: "),
    ):
        harvest_duck.attach(con, string, name="odd")
        with pytest.raises(QueryError, match=message):
            harvest_duck.report(con, name="odd")
        con.execute("DETACH odd")
    with pytest.raises(QueryError, match=r'^no account is attached as "berlin": .+'):
        harvest_duck.report(con, name="berlin")
    assert sandbox.requests == []


def test_a_card_that_needs_what_harvest_refuses_says_so(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    sandbox.respond_next("/v2/invoices", status=403)
    with closing(copied(con, "harvest", OPTIONS)) as made:
        found = figures(made, OPTIONS)
    unseen = {name: card.reason for name in CARDS if isinstance(card := getattr(found, name), Unseen)}
    who = found.person_name
    assert unseen == dict.fromkeys(
        ("receivables", "revenue", "profit", "lock_up"),
        f"This takes the table invoices, which Harvest does not show to {who}.",
    )
