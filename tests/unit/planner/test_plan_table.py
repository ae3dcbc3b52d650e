"""Which requests a query becomes: parameters where they cannot lose a row, nothing where no row can be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import each
from support.run_size import share
from support.table_params import DAY, HOLDS, INPUTS, MOMENT, NAMES, NARROWING, expected, sample

from harvest_duck.catalog.model import Host, Limit, Match, Paging, Param, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import QueryError
from harvest_duck.planner import Plan, Target, plan, refuse_unchosen
from harvest_duck.planner.splits import Way, ways
from harvest_duck.protocol.page import count_request
from harvest_duck.pushdown.domain import Domain, domains
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown, Value

if TYPE_CHECKING:
    from harvest_duck.protocol.request import Request

BASE = "https://api.harvestapp.com/v2"
TARGET = Target(BASE, "https://id.getharvest.com", 99, 2000)
SPAN = And((Compare("from_date", Op.EQ, date(2024, 1, 1)), Compare("to_date", Op.EQ, date(2024, 1, 31))))
SENT_SPAN = [("from", "20240101"), ("to", "20240131")]

CHILDREN = [table for table in TABLES.values() if table.parent]
PERIODS = [table for table in TABLES.values() if table.max_span_days is not None]
OPTIONAL = [table for table in PERIODS if "include_fixed_fee" in table]

NARROWED = {table.name: [param for of, param in NARROWING if of is table] for table, _ in NARROWING}

each_narrowed = each(NARROWED)
each_period = each(PERIODS)
each_optional = pytest.mark.parametrize("table", OPTIONAL, ids=lambda table: table.name)
each_child = each(CHILDREN)
each_table = each(TABLES.values())


def planned(table: Table | str, *terms: Predicate, target: Target = TARGET) -> Plan:
    """The plan for the rows that satisfy every term."""
    chosen = TABLES[table] if isinstance(table, str) else table
    return plan(chosen, TABLES, domains(And(terms)), target)


def within_span(table: Table) -> tuple[Predicate, ...]:
    """What a query of `table` has to say besides what is tested."""
    return (SPAN,) if table.max_span_days is not None else ()


def sent(request: Request) -> dict[str, str]:
    """The parameters of a request but for the size of its pages and a reporting period; none comes twice."""
    assert len(dict(request.params)) == len(request.params)
    return {name: value for name, value in request.params if name != "per_page" and (name, value) not in SENT_SPAN}


def only(found: Plan) -> Request:
    """The one request of a plan."""
    (request,) = found.requests
    return request


def retrieved(table: Table) -> bool:
    """Whether the parent of a child can be asked for alone."""
    return table.parent is not None and TABLES[table.parent.table].retrieve is not None


@each_table
def test_a_table_is_asked_for_at_its_endpoint_and_page_size(table: Table) -> None:
    found = planned(table, *within_span(table))
    host = "https://id.getharvest.com/api/v2" if table.host is Host.ID else BASE
    for request in found.requests:
        assert request.url == host + table.path
        assert request.table == table.name
        assert (request.limit, request.paging) == (table.limit, table.paging)
        assert (request.page, request.link) == (1, None)
        assert request.absent_on == frozenset({404} if retrieved(table) else ())
        assert dict(request.params).get("per_page") == (None if table.paging is Paging.NONE else "2000")
    assert (found.parents is not None) == (table.parent is not None)


@each_narrowed
def test_each_operator_sends_each_parameter_that_it_can(name: str) -> None:
    for param, op in product(NARROWED[name], Op):
        check_operator(TABLES[name], param, op)


def check_operator(table: Table, param: Param, op: Op) -> None:
    """Compare what is sent for `column op value` with what `expected` says of every parameter of the column."""
    value = sample(table, param)
    found = planned(table, Compare(param.column, op, value), *within_span(table))
    if isinstance(value, bool) and not any(HOLDS[op](each, value) for each in (False, True)):
        assert found == Plan(table, ())
        return
    wanted = {each.name: expected(each, op, value) for each in table.params if each.column == param.column}
    assert sent(only(found)) == {name: text for name, text in wanted.items() if text is not None}


@each_narrowed
def test_a_column_that_may_be_null_sends_nothing(name: str) -> None:
    table = TABLES[name]
    for param in NARROWED[name]:
        either = Or((Compare(param.column, Op.EQ, sample(table, param)), IsNull(param.column)))
        assert sent(only(planned(table, either, *within_span(table)))) == {}
        assert sent(only(planned(table, IsNull(param.column), *within_span(table)))) == {}


@each_narrowed
def test_several_values_are_asked_for_each_or_as_the_range_around_them(name: str) -> None:
    table = TABLES[name]
    for param in NARROWED[name]:
        if not isinstance(sample(table, param), bool):
            check_two_values(table, param)


def check_two_values(table: Table, param: Param) -> None:
    """Compare what is sent for `column IN (…)` with what each kind of parameter makes of two values."""
    value = sample(table, param)
    other: Value = value + timedelta(days=1) if isinstance(value, date) else 8 if isinstance(value, int) else "8g"
    if param.values:
        other = param.values[1]
    found = planned(table, In(param.column, frozenset({value, other})), *within_span(table))
    # Several lists are asked for only where it can be asked afterwards what moved between them.
    apart = any(each.match is Match.SINCE for each in table.params)
    wanted = {
        Match.EQUAL: [str(value), str(other)] if apart else [None],
        Match.FROM: ["2024-02-29" if param.exact else "2024-02-28"],
        Match.TO: ["2024-03-01" if param.exact else "2024-03-02"],
        Match.SINCE: ["2024-02-29T12:30:14Z"],
    }[param.match]
    assert [sent(request).get(param.name) for request in found.requests] == sorted(wanted, key=str)


@each_narrowed
def test_a_contradiction_sends_nothing_at_all(name: str) -> None:
    table = TABLES[name]
    for param in NARROWED[name]:
        both = And((IsNull(param.column), Compare(param.column, Op.EQ, sample(table, param))))
        assert planned(table, both) == Plan(table, ())


@pytest.mark.parametrize(
    ("table", "terms", "params"),
    [
        pytest.param(
            "time_entries",
            [Compare("spent_date", Op.GT, date(2023, 12, 31)), Compare("spent_date", Op.LT, date(2024, 3, 1))],
            {"from": "2024-01-01", "to": "2024-02-29"},
            id="neighbouring days",
        ),
        pytest.param("time_entries", [Compare("spent_date", Op.GT, date.max)], {}, id="no day after the last"),
        pytest.param("time_entries", [Compare("spent_date", Op.LT, date.min)], {}, id="no day before the first"),
        pytest.param("time_entries", [Compare("spent_date", Op.GE, date(1899, 12, 31))], {}, id="year 1899"),
        pytest.param(
            "time_entries", [Compare("spent_date", Op.GT, date(1899, 12, 31))], {"from": "1900-01-01"}, id="year 1900"
        ),
        pytest.param("time_entries", [Compare("spent_date", Op.LE, date.max)], {"to": "9999-12-31"}, id="end"),
        pytest.param("time_entries", [Compare("approval_status", Op.EQ, "lost")], {}, id="no such state"),
        pytest.param("time_entries", [Compare("approval_status", Op.EQ, "Approved")], {}, id="other case"),
        pytest.param("invoices", [Compare("state", Op.EQ, "")], {}, id="empty value"),
        pytest.param("time_entries", [Compare("external_reference_id", Op.EQ, " ")], {}, id="blank text"),
        pytest.param(
            "time_entries",
            [Compare("external_reference_id", Op.EQ, "a&b=ü")],
            {"external_reference_id": "a&b=ü"},
            id="text",
        ),
        pytest.param("time_entries", [Compare("user_id", Op.EQ, 0)], {}, id="id 0"),
        pytest.param("time_entries", [Compare("user_id", Op.EQ, -7)], {}, id="negative id"),
        pytest.param("time_entries", [Compare("user_id", Op.EQ, 2**63 - 1)], {"user_id": str(2**63 - 1)}, id="large"),
        pytest.param("time_entries", [Compare("hours", Op.GT, 5), Compare("notes", Op.EQ, "x")], {}, id="no parameter"),
        pytest.param("time_entries", [Unknown("?"), Compare("user_id", Op.EQ, 7)], {"user_id": "7"}, id="unknown term"),
        pytest.param("time_entries", [Not(Compare("user_id", Op.EQ, 7))], {}, id="NOT"),
        pytest.param(
            "time_entries",
            [Compare("updated_at", Op.GE, datetime(2024, 1, 1, tzinfo=UTC))],
            {"updated_since": "2023-12-31T23:59:59Z"},
            id="a second early",
        ),
        pytest.param(
            "time_entries",
            [Compare("updated_at", Op.GT, datetime(2024, 1, 1, 0, 0, 0, 999_999, UTC))],
            {"updated_since": "2023-12-31T23:59:59Z"},
            id="floored to seconds",
        ),
        pytest.param("clients", [Compare("updated_at", Op.GE, datetime(1899, 12, 31, tzinfo=UTC))], {}, id="long ago"),
        pytest.param("clients", [Compare("updated_at", Op.LT, MOMENT)], {}, id="no parameter for the end"),
        pytest.param(
            "invoice_line_items",
            [
                Compare("invoice_client_id", Op.EQ, 3),
                Compare("project_id", Op.EQ, 4),
                Compare("invoice_state", Op.EQ, "paid"),
            ],
            {"client_id": "3", "project_id": "4", "state": "paid"},
            id="columns of the enclosing record",
        ),
        pytest.param("company", [Compare("name", Op.EQ, "x")], {}, id="one record"),
    ],
)
def test_a_parameter_is_sent_only_where_it_cannot_lose_a_row(
    table: str, terms: list[Predicate], params: dict[str, str]
) -> None:
    assert sent(only(planned(table, *terms))) == params


@settings(deadline=None, max_examples=share(200))
@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([Op.GT, Op.GE, Op.EQ]))
def test_updated_since_lies_before_every_moment_that_is_asked_for(moment: datetime, op: Op) -> None:
    text = sent(only(planned("clients", Compare("updated_at", op, moment)))).get("updated_since")
    assert (text is None) == (moment.year < 1900)
    if text is not None:
        early = moment - datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
        assert timedelta(seconds=1) <= early < timedelta(seconds=2)


# The account


def test_another_account_than_the_one_asked_has_no_rows() -> None:
    assert planned("time_entries", Compare("account_id", Op.EQ, 98)).requests == ()
    assert planned("invoice_payments", Compare("account_id", Op.EQ, 98)) == Plan(TABLES["invoice_payments"], ())


def test_the_account_that_is_asked_narrows_nothing() -> None:
    assert sent(only(planned("time_entries", Compare("account_id", Op.EQ, 99)))) == {}
    assert sent(only(planned("time_entries", Not(IsNull("account_id"))))) == {}


def test_accounts_are_listed_without_an_account() -> None:
    nowhere = Target(BASE, "https://id.getharvest.com", None, 2000)
    assert only(planned("accounts", target=nowhere)).address == "https://id.getharvest.com/api/v2/accounts"
    assert planned("accounts", Compare("account_id", Op.EQ, 99), target=nowhere).requests == ()


def test_the_page_size_and_the_host_are_those_of_the_target() -> None:
    target = Target("http://127.0.0.1:8080/v2", "http://127.0.0.1:8080", 99, 5)
    assert only(planned("clients", target=target)).address == "http://127.0.0.1:8080/v2/clients?per_page=5"


# Children


@each_child
def test_children_of_one_parent_are_asked_for_directly(table: Table) -> None:
    assert table.parent is not None
    found = planned(table, Compare(table.parent.param, Op.EQ, 7))
    assert found.parents is None
    for request in found.requests:
        assert request.url == BASE + table.path.replace(f"{{{table.parent.param}}}", "7")
        assert (table.parent.param, 7) in request.values
        # An account may lack the module of a table: then a 404 says nothing of the parent.
        assert (404 in request.absent_on) is (table.module is None)
        assert table.parent.param not in dict(request.params)


@each_child
def test_children_of_listed_parents_are_asked_for_in_order(table: Table) -> None:
    assert table.parent is not None
    found = planned(table, In(table.parent.param, frozenset({9, 7, 8})))
    assert found.parents is None
    assert [dict(request.values)[table.parent.param] for request in found.requests[:: len(table.variants)]] == [7, 8, 9]


@each_child
def test_ids_that_no_parent_has_are_not_asked_for(table: Table) -> None:
    assert table.parent is not None
    assert planned(table, In(table.parent.param, frozenset({0, -3}))).requests == ()
    found = planned(table, In(table.parent.param, frozenset({-1, 4})))
    assert {dict(request.values)[table.parent.param] for request in found.requests} == {4}


@each_child
def test_children_of_a_range_of_parents_wait_for_those(table: Table) -> None:
    assert table.parent is not None
    found = planned(table, Compare(table.parent.param, Op.GE, 7))
    assert found.parents is not None
    assert found.parents.table is TABLES[table.parent.table]
    assert list(found.for_parent(6)) == []
    assert [request.url for request in found.for_parent(7)] == [
        BASE + table.path.replace(f"{{{table.parent.param}}}", "7") for _ in table.variants
    ]


@each_child
def test_children_of_any_parent_wait_for_all_of_them(table: Table) -> None:
    assert table.parent is not None
    found = planned(table)
    assert found.parents is not None
    assert sent(only(found.parents)) == {}
    for request in found.for_parent(3):
        assert "{" not in request.url
        assert (table.parent.param, 3) in request.values
        if retrieved(table):
            assert request.absent_on == frozenset({404})
            assert request.parent_record is not None
            assert request.parent_record.url == f"{BASE}/{table.parent.table}/3"
        else:
            assert (request.absent_on, request.parent_record) == (frozenset(), None)


@each_child
def test_no_children_without_a_parent(table: Table) -> None:
    assert table.parent is not None
    assert planned(table, IsNull(table.parent.param)).requests == ()


def test_conditions_on_children_do_not_narrow_their_parents() -> None:
    found = planned("invoice_payments", Compare("updated_at", Op.GE, MOMENT))
    assert found.parents is not None
    assert sent(only(found.parents)) == {}
    assert sent(only(found)) == {"updated_since": "2024-02-29T12:30:14Z"}


def test_a_user_who_is_no_manager_has_no_teammates() -> None:
    """Harvest answers 422 where the user exists."""
    assert only(planned("teammates", Compare("user_id", Op.EQ, 7))).absent_on == {404, 422}
    assert only(planned("cost_rates", Compare("user_id", Op.EQ, 7))).absent_on == {404}


# Shortcuts


@pytest.mark.parametrize("name", ["task_assignments", "user_assignments"])
def test_the_assignments_of_one_project_have_a_path_of_their_own(name: str) -> None:
    request = only(planned(name, Compare("project_id", Op.EQ, 7), Compare("is_active", Op.EQ, value=True)))
    assert request.url == f"{BASE}/projects/7/{name}"
    assert request.paging is Paging.PAGE
    assert request.absent_on == {404}
    assert sent(request) == {"is_active": "true"}


@pytest.mark.parametrize(
    "term",
    [
        pytest.param(Compare("project_id", Op.GE, 7), id="range"),
        pytest.param(Or((Compare("project_id", Op.EQ, 7), IsNull("project_id"))), id="or NULL"),
        pytest.param(Compare("id", Op.EQ, 7), id="another column"),
    ],
)
def test_any_other_condition_on_assignments_asks_for_the_whole_list(term: Predicate) -> None:
    request = only(planned("task_assignments", term))
    assert request.url == f"{BASE}/task_assignments"
    assert request.paging is Paging.CURSOR
    assert request.absent_on == frozenset()


def test_a_single_assignment_is_retrieved_from_its_project() -> None:
    both = And((Compare("project_id", Op.EQ, 7), Compare("id", Op.EQ, 3)))
    request = only(planned("task_assignments", both))
    assert request.url == f"{BASE}/projects/7/task_assignments/3"
    assert request.single


def test_the_user_of_an_assignment_is_sent_on_either_path() -> None:
    user = Compare("user_id", Op.EQ, 5)
    assert sent(only(planned("user_assignments", user))) == {"user_id": "5"}
    assert sent(only(planned("user_assignments", user, Compare("project_id", Op.EQ, 7)))) == {"user_id": "5"}


# Ways around a list


@pytest.mark.parametrize(
    ("table", "term", "urls"),
    [
        ("clients", Compare("id", Op.EQ, 7), ["/clients/7"]),
        ("clients", In("id", frozenset({9, 7, 8})), ["/clients/7", "/clients/8", "/clients/9"]),
        (
            "clients",
            And((Compare("id", Op.GE, 7), Compare("id", Op.LE, 9))),
            ["/clients/7", "/clients/8", "/clients/9"],
        ),
        ("clients", And((Compare("id", Op.GT, 6), Compare("id", Op.LT, 9))), ["/clients/7", "/clients/8"]),
        ("clients", Compare("id", Op.EQ, 0), []),
        ("clients", In("id", frozenset({-1, 0})), []),
        ("time_entries", Compare("user_id", Op.EQ, Decimal("7.5")), []),
        ("task_assignments", Compare("project_id", Op.EQ, 0), []),
        (
            "task_assignments",
            In("project_id", frozenset({7, 8})),
            ["/projects/7/task_assignments", "/projects/8/task_assignments"],
        ),
        ("invoice_line_items", Compare("invoice_id", Op.EQ, 7), ["/invoices/7"]),
        ("estimate_line_items", Compare("estimate_id", Op.EQ, 7), ["/estimates/7"]),
        ("billable_rates", And((Compare("user_id", Op.EQ, 7), Compare("id", Op.EQ, 3))), ["/users/7/billable_rates/3"]),
        ("invoices", In("id", frozenset({1, 2, 3, 4})), ["/invoices"]),
        ("invoices", Compare("id", Op.GE, 7), ["/invoices"]),
        ("invoices", Or((Compare("id", Op.EQ, 7), IsNull("id"))), ["/invoices"]),
    ],
)
def test_single_records_and_parts_of_a_list_have_paths_of_their_own(
    table: str, term: Predicate, urls: list[str]
) -> None:
    assert [request.url.removeprefix(BASE) for request in planned(table, term).requests] == urls


@pytest.mark.parametrize(
    ("term", "spans"),
    [
        (
            Or(
                (
                    And((Compare("spent_date", Op.GE, DAY), Compare("spent_date", Op.LT, date(2024, 4, 1)))),
                    And(
                        (Compare("spent_date", Op.GE, date(2026, 1, 1)), Compare("spent_date", Op.LE, date(2026, 1, 9)))
                    ),
                )
            ),
            [("2024-02-29", "2024-03-31"), ("2026-01-01", "2026-01-09")],
        ),
        (
            In("spent_date", frozenset({DAY, date(2025, 3, 1)})),
            [("2024-02-29", "2024-02-29"), ("2025-03-01", "2025-03-01")],
        ),
        (In("spent_date", frozenset({DAY, date(2024, 3, 1)})), [("2024-02-29", "2024-03-01")]),
        (
            Or((Compare("spent_date", Op.LT, DAY), Compare("spent_date", Op.GT, DAY))),
            [(None, "2024-02-28"), ("2024-03-01", None)],
        ),
        (Compare("spent_date", Op.NE, DAY), [(None, None)]),
        (And((Compare("spent_date", Op.GT, DAY), Compare("spent_date", Op.LT, date(2024, 3, 1)))), []),
    ],
)
def test_days_apart_are_asked_for_apart(term: Predicate, spans: list[tuple[str | None, str | None]]) -> None:
    found = planned("time_entries", term)
    assert [(sent(each).get("from"), sent(each).get("to")) for each in found.requests] == spans


@pytest.mark.parametrize(
    ("total", "count", "chosen"),
    [
        pytest.param(0, 4, "nothing", id="empty"),
        pytest.param(20, 4, "the list", id="short"),
        pytest.param(20_000, 4, "the records", id="long"),
        pytest.param(20_000, 100, "the list", id="many records"),
        pytest.param(None, 4, "the list", id="unknown"),
    ],
)
def test_the_cheaper_way_is_taken_once_the_size_of_the_list_is_known(
    total: int | None, count: int, chosen: str
) -> None:
    found = planned("time_entries", In("id", frozenset(range(1, count + 1))))
    assert found.alternative is not None
    assert count_request(only(found)).params == (("per_page", "1"),)
    splits = {"nothing": (), "the list": found.requests, "the records": found.alternative.requests}
    assert ways(found, {only(found): total}) == (Way(splits[chosen]),)
    assert [way.splits for way in ways(found, {})] == [splits["the list"], splits["the records"]]


def test_several_parts_of_a_list_are_followed_by_what_changed_in_it() -> None:
    users = In("user_id", frozenset({1, 2}))
    found = planned("time_entries", users, Compare("is_billed", Op.EQ, value=True))
    assert found.whole is not None
    assert sent(found.whole) == {"is_billed": "true"}
    assert planned("time_entries", In("id", frozenset({1, 2}))).whole is None
    assert planned("time_entries", Compare("user_id", Op.EQ, 1)).whole is None
    longer = planned("time_entries", In("user_id", frozenset(range(1, 9))))
    assert longer.alternative is not None
    assert ways(longer, {}) == (Way(longer.requests), Way(longer.alternative.requests, longer.requests[0]))


def test_a_list_of_values_is_asked_for_value_by_value_where_the_list_is_long() -> None:
    found = planned("time_entries", In("user_id", frozenset(range(1, 6))), Compare("is_billed", Op.EQ, value=False))
    assert sent(only(found)) == {"is_billed": "false"}
    (way,) = ways(found, {only(found): 100_000})
    assert [sent(each) for each in way.splits] == [{"is_billed": "false", "user_id": str(user)} for user in range(1, 6)]
    assert ways(found, {only(found): 1_000}) == (Way(found.requests),)


def test_more_values_than_harvest_could_answer_are_never_asked_for_one_by_one() -> None:
    assert planned("time_entries", In("id", frozenset(range(1, 20_000)))).alternative is None


# Reports


def days(start: str, stop: str) -> And:
    """A reporting period."""
    return And(
        (
            Compare("from_date", Op.EQ, date.fromisoformat(start)),
            Compare("to_date", Op.EQ, date.fromisoformat(stop)),
        )
    )


@each_period
def test_a_report_sends_its_days_without_hyphens_and_repeats_them_in_its_rows(table: Table) -> None:
    request = only(planned(table, SPAN))
    assert list(request.params) == [*SENT_SPAN, ("per_page", "2000")]
    assert dict(request.values)["from_date"] == date(2024, 1, 1)
    assert dict(request.values)["to_date"] == date(2024, 1, 31)
    assert request.limit is Limit.REPORTS


@each_period
def test_the_ends_of_a_report_can_be_written_as_a_range(table: Table) -> None:
    inclusive = And((Compare("from_date", Op.GE, date(2024, 1, 1)), Compare("to_date", Op.LE, date(2024, 1, 31))))
    exclusive = And((Compare("from_date", Op.GT, date(2023, 12, 31)), Compare("to_date", Op.LT, date(2024, 2, 1))))
    assert planned(table, inclusive) == planned(table, exclusive) == planned(table, SPAN)


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        pytest.param([], "needs from_date", id="neither"),
        pytest.param([Compare("from_date", Op.EQ, DAY)], "needs to_date", id="no end"),
        pytest.param([Compare("to_date", Op.EQ, DAY)], "needs from_date", id="no start"),
        pytest.param([Compare("from_date", Op.LE, DAY), Compare("to_date", Op.EQ, DAY)], "needs from_date", id="end"),
        pytest.param([Not(IsNull("from_date")), Compare("to_date", Op.EQ, DAY)], "needs from_date", id="not NULL"),
        pytest.param(
            [
                Compare("from_date", Op.GE, date(2024, 1, 1)),
                Compare("from_date", Op.LE, DAY),
                Compare("to_date", Op.EQ, DAY),
            ],
            "needs one day as from_date, not a range",
            id="range as a start",
        ),
        pytest.param(
            [
                Compare("from_date", Op.EQ, DAY),
                Compare("to_date", Op.GT, DAY),
                Compare("to_date", Op.LT, date(2024, 4, 1)),
            ],
            "needs one day as to_date, not a range",
            id="range as an end",
        ),
    ],
)
def test_a_report_without_its_days_is_refused_with_an_example(terms: list[Predicate], fault: str) -> None:
    for table in PERIODS:
        with pytest.raises(QueryError) as refused:
            planned(table, *terms)
        assert str(refused.value).startswith(f"{table.name}: the report {fault}")
        assert "write from_date = '2026-01-01' AND to_date = '2026-12-31' (both days are included)" in str(
            refused.value
        )


def test_several_days_ask_for_several_reports() -> None:
    starts = In("from_date", frozenset({date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)}))
    ends = In("to_date", frozenset({date(2024, 1, 31), date(2024, 2, 29)}))
    found = planned("report_time_clients", starts, ends)
    assert [request.params[:2] for request in found.requests] == [
        (("from", "20240101"), ("to", "20240131")),
        (("from", "20240101"), ("to", "20240229")),
        (("from", "20240201"), ("to", "20240229")),
    ]


@each_period
def test_a_report_that_runs_backwards_is_refused(table: Table) -> None:
    with pytest.raises(QueryError) as refused:
        planned(table, days("2024-02-01", "2024-01-31"))
    assert str(refused.value) == (
        f"{table.name}: from_date 2024-02-01 is after to_date 2024-01-31, so there is no such period: "
        "exchange the two days"
    )


def test_several_days_of_which_no_two_make_a_period_are_refused() -> None:
    starts = In("from_date", frozenset({date(2024, 3, 1), date(2024, 2, 1)}))
    ends = In("to_date", frozenset({date(2023, 12, 31), date(2024, 1, 31)}))
    with pytest.raises(QueryError, match="from_date 2024-02-01 is after to_date 2024-01-31, so there is no such per"):
        planned("report_time_clients", starts, ends)


#: Of no more days than 100 reports hold, which Harvest gives in 15 minutes:
#: https://help.getharvest.com/api-v2/introduction/overview/general/
some_days = st.sets(st.dates(date(1970, 1, 1), date(2069, 12, 1)), min_size=1, max_size=4)


@given(starts=some_days, ends=some_days)
def test_every_pair_of_days_that_makes_a_period_is_asked_for(starts: set[date], ends: set[date]) -> None:
    wanted = {(start, stop) for start in starts for stop in ends if start <= stop}
    terms = In("from_date", frozenset(starts)), In("to_date", frozenset(ends))
    if wanted:
        found = planned("report_time_clients", *terms).requests
        assert {(dict(each.values)["from_date"], dict(each.values)["to_date"]) for each in found} == wanted
    else:
        with pytest.raises(QueryError, match="so there is no such period"):
            planned("report_time_clients", *terms)


@pytest.mark.parametrize(
    "start",
    [IsNull("from_date"), And((days("2024-02-01", "2024-01-31"), Compare("from_date", Op.EQ, DAY))), Or(())],
)
def test_a_contradiction_about_the_days_of_a_report_has_no_rows(start: Predicate) -> None:
    assert planned("report_time_clients", start, Compare("to_date", Op.EQ, DAY)).requests == ()


@pytest.mark.parametrize(
    ("start", "stop"), [("2020-01-02", "2021-01-01"), ("2024-01-01", "2024-12-31"), ("2024-01-01", "2024-01-01")]
)
def test_a_year_is_asked_for_at_once(start: str, stop: str) -> None:
    """Harvest accepts a difference of 365 days."""
    request = only(planned("report_time_clients", days(start, stop)))
    assert request.params[:2] == (("from", start.replace("-", "")), ("to", stop.replace("-", "")))


@each_period
@settings(deadline=None)
@given(start=st.dates(date(1990, 1, 1), date(2040, 1, 1)), length=st.integers(0, 9000))
def test_a_longer_period_is_cut_into_pieces_that_harvest_takes(table: Table, start: date, length: int) -> None:
    """Harvest refuses a difference of 366 days."""
    stop = start + timedelta(days=length)
    terms = [days(start.isoformat(), stop.isoformat())]
    terms += [Compare(option, Op.EQ, value=False) for option in table.not_summed_with]
    found = planned(table, *terms).requests
    cut = [tuple(datetime.strptime(text, "%Y%m%d").date() for _, text in request.params[:2]) for request in found]  # noqa: DTZ007
    assert (cut[0][0], cut[-1][1]) == (start, stop)
    assert all(later[0] == earlier[1] + timedelta(days=1) for earlier, later in pairwise(cut))
    assert all(0 <= (last - first).days <= 365 for first, last in cut)
    assert len(cut) == (1 if length <= 365 else -(-(length + 1) // 365))
    assert {(dict(each.values)["from_date"], dict(each.values)["to_date"]) for each in found} == {(start, stop)}


def test_fixed_fees_are_not_added_up_over_years() -> None:
    for option in ((), (Compare("include_fixed_fee", Op.EQ, value=True),)):
        with pytest.raises(QueryError) as refused:
            planned("report_uninvoiced", days("2020-01-01", "2021-12-31"), *option)
        assert str(refused.value) == (
            "report_uninvoiced: 2020-01-01 to 2021-12-31 is longer than the year that Harvest reports on at once, and "
            "its pieces cannot be added up with include_fixed_fee, since a fixed fee is in each of them: "
            "add include_fixed_fee = false, or ask year by year"
        )


def test_a_century_of_reports_is_refused() -> None:
    with pytest.raises(QueryError, match="more than the 100 reports that Harvest gives in 15 minutes: begin later"):
        planned("report_time_team", days("1000-01-01", "2020-01-01"))


def test_a_day_of_a_report_always_has_eight_digits() -> None:
    request = only(planned("report_time_clients", days("0987-01-01", "0987-02-01")))
    assert request.params[:2] == (("from", "09870101"), ("to", "09870201"))


@each_optional
@pytest.mark.parametrize("choice", [True, False])
def test_an_option_of_a_report_is_sent_where_it_is_chosen(table: Table, choice: bool) -> None:
    request = only(planned(table, SPAN, Compare("include_fixed_fee", Op.EQ, value=choice)))
    assert sent(request) == {"include_fixed_fee": NAMES[choice]}
    assert dict(request.values)["include_fixed_fee"] is choice


@each_optional
@pytest.mark.parametrize("terms", [(), (IsNull("include_fixed_fee"),), (Not(IsNull("include_fixed_fee")),)])
def test_an_option_of_a_report_is_left_to_harvest_otherwise(table: Table, terms: tuple[Predicate, ...]) -> None:
    (param,) = table.params_of("include_fixed_fee")
    request = only(planned(table, SPAN, *terms))
    assert sent(request) == {}
    assert dict(request.values)["include_fixed_fee"] is param.default


def test_the_budget_report_needs_no_days() -> None:
    assert sent(only(planned("report_project_budget"))) == {}
    assert sent(only(planned("report_project_budget", Compare("is_active", Op.EQ, value=True)))) == {
        "is_active": "true"
    }


# Options that a query looks at without choosing


@each_optional
@pytest.mark.parametrize(
    ("term", "names", "refused"),
    [
        pytest.param(And(()), ["include_fixed_fee"], True, id="looked at"),
        pytest.param(Not(IsNull("include_fixed_fee")), ["include_fixed_fee"], True, id="not narrowed to one"),
        pytest.param(And(()), ["currency"], False, id="not looked at"),
        pytest.param(Compare("include_fixed_fee", Op.EQ, value=False), ["include_fixed_fee"], False, id="chosen"),
        pytest.param(Or(()), ["include_fixed_fee"], False, id="no rows anyway"),
    ],
)
def test_an_option_that_is_looked_at_has_to_be_chosen(
    table: Table,
    term: Predicate,
    names: list[str],
    refused: bool,
) -> None:
    if refused:
        with pytest.raises(QueryError) as error:
            refuse_unchosen(table, names, domains(term))
        assert str(error.value) == (
            f"{table.name}: the query uses include_fixed_fee without choosing it: "
            "add include_fixed_fee = true or include_fixed_fee = false"
        )
    else:
        refuse_unchosen(table, names, domains(term))


@each_table
def test_a_query_for_all_columns_is_never_refused(table: Table) -> None:
    names = [column.name for column in table.columns]
    refuse_unchosen(table, names, {})
    refuse_unchosen(table, [*names, "_connection"], {})


def test_other_inputs_need_no_choice() -> None:
    """Days are asked for by the report itself, and every variant of a message is asked for unless one is chosen."""
    for table, param in INPUTS:
        if param.required or table.variants != ({},):
            refuse_unchosen(table, [param.column], {})


# Variants

VARIANTS: dict[tuple[bool, bool], dict[str, str]] = {
    (False, False): {},
    (True, False): {"reminder": "true"},
    (False, True): {"thank_you": "true"},
}


@pytest.mark.parametrize(
    ("terms", "kept"),
    [
        pytest.param((), list(VARIANTS), id="all"),
        pytest.param((Compare("reminder", Op.EQ, value=True),), [(True, False)], id="reminders"),
        pytest.param((Compare("reminder", Op.EQ, value=False),), [(False, False), (False, True)], id="others"),
        pytest.param((Compare("thank_you", Op.NE, value=True),), [(False, False), (True, False)], id="unequal"),
        pytest.param(
            (Compare("reminder", Op.EQ, value=False), Compare("thank_you", Op.EQ, value=False)),
            [(False, False)],
            id="plain",
        ),
        pytest.param((Compare("reminder", Op.EQ, value=True), Compare("thank_you", Op.EQ, value=True)), [], id="both"),
        pytest.param((IsNull("reminder"),), [], id="NULL"),
    ],
)
def test_each_kind_of_message_is_asked_for_unless_it_is_ruled_out(
    terms: tuple[Predicate, ...], kept: list[tuple[bool, bool]]
) -> None:
    found = planned("invoice_message_templates", Compare("invoice_id", Op.EQ, 7), *terms)
    assert [dict(request.params) for request in found.requests] == [VARIANTS[kind] for kind in kept]
    for request, (reminder, thanks) in zip(found.requests, kept, strict=True):
        assert request.url == f"{BASE}/invoices/7/messages/new"
        assert dict(request.values) == {"invoice_id": 7, "reminder": reminder, "thank_you": thanks}


def test_no_domains_mean_no_requests() -> None:
    for table in TABLES.values():
        assert plan(table, TABLES, None, TARGET) == Plan(table, ())


def test_values_that_a_plan_fixes_are_those_of_columns() -> None:
    for table in TABLES.values():
        for request in planned(table, *within_span(table)).requests:
            assert all(name in table for name, _ in request.values)


def test_a_plan_without_parents_has_no_requests_for_one() -> None:
    assert list(planned("clients").for_parent(3)) == []
    assert planned("clients").chosen == Domain()
