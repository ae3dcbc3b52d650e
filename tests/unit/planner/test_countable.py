"""Which lists may be counted instead of read: those of which every row is kept, and no others."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from support.cases import each

from harvest_duck.catalog.model import Limit, Paging, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.planner import Plan, Target, plan
from harvest_duck.planner.countable import countable
from harvest_duck.planner.splits import Way, ways
from harvest_duck.pushdown.domain import domains
from harvest_duck.pushdown.predicate import And, Compare, In, IsNull, Not, Op, Or, Predicate, Unknown

TARGET = Target("https://api.harvestapp.com/v2", "https://id.getharvest.com", 99, 2000)
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = date(2026, 3, 1)


def planned(table: str, *terms: Predicate) -> Plan:
    """The plan for the rows that satisfy every term."""
    return plan(TABLES[table], TABLES, domains(And(terms)), TARGET)


def counted(table: str, *terms: Predicate) -> list[bool]:
    """For each way to the rows whether its lists may be counted."""
    found = planned(table, *terms)
    possible = ways(found, {}) if found.parents is None else [Way(found.requests)]
    return [countable(found, way.splits, terms) for way in possible]


@pytest.mark.parametrize(
    ("table", "terms"),
    [
        ("time_entries", []),
        ("clients", []),
        ("time_entries", [Compare("account_id", Op.EQ, 99)]),
        ("time_entries", [Compare("is_billed", Op.EQ, value=True), Compare("user_id", Op.EQ, 7)]),
        ("time_entries", [Not(IsNull("user_id")), Compare("user_id", Op.EQ, 7)]),
        ("invoices", [Compare("state", Op.EQ, "paid")]),
        ("time_entries", [Compare("spent_date", Op.GE, DAY), Compare("spent_date", Op.LE, DAY)]),
        ("time_entries", [Compare("spent_date", Op.GT, DAY)]),
        (
            "time_entries",
            [Or((Compare("user_id", Op.EQ, 7), Compare("hours", Op.GT, 7))), Compare("user_id", Op.EQ, 7)],
        ),
        ("time_entries", [In("project_id", frozenset({1, 2}))]),
        ("invoices", [In("state", frozenset({"open", "paid"}))]),
        ("task_assignments", [Compare("project_id", Op.EQ, 7)]),
        ("invoice_payments", []),
        ("invoice_payments", [Compare("invoice_id", Op.GT, 7)]),
        ("invoice_payments", [Compare("invoice_id", Op.NE, 7)]),
        ("clients", [Compare("account_id", Op.NE, 13)]),
        ("clients", [Not(Compare("account_id", Op.EQ, 13)), Compare("account_id", Op.GT, 7)]),
        ("invoice_payments", [Not(IsNull("invoice_id"))]),
        ("invoice_payments", [In("invoice_id", frozenset({1, 2, 3}))]),
        ("teammates", []),
    ],
)
def test_lists_that_the_filter_keeps_as_they_are_may_be_counted(table: str, terms: list[Predicate]) -> None:
    assert all(counted(table, *terms))


@pytest.mark.parametrize(
    ("table", "terms"),
    [
        ("time_entries", [Compare("hours", Op.GT, 7)]),
        ("time_entries", [Compare("user_id", Op.EQ, 7), Compare("notes", Op.EQ, "x")]),
        ("time_entries", [Compare("user_id", Op.EQ, 7), Unknown("a function")]),
        ("time_entries", [Compare("user_id", Op.NE, 7)]),
        ("time_entries", [Compare("user_id", Op.GT, 7)]),
        ("time_entries", [Not(IsNull("user_id"))]),
        ("time_entries", [Or((Compare("user_id", Op.EQ, 7), Compare("project_id", Op.EQ, 7)))]),
        # Harvest does not say whether it includes the moment.
        ("time_entries", [Compare("updated_at", Op.GE, MOMENT)]),
        # Nor whether it tells 'ABC' from 'abc'.
        ("time_entries", [Compare("external_reference_id", Op.EQ, "abc")]),
        # Harvest may leave it out of the record, which SQL sees as NULL.
        ("time_entries", [Compare("approval_status", Op.EQ, "approved")]),
        ("time_entries", [Compare("approval_status", Op.EQ, "no such status")]),
        ("time_entries", [Compare("id", Op.EQ, 7)]),
        ("time_entries", [In("id", frozenset({1, 2, 3}))]),
        # Several records of one array in a row, reports, and answers that are no list.
        ("invoice_line_items", []),
        ("project_assignment_task_assignments", []),
        ("report_project_budget", []),
        ("company", []),
        ("accounts", []),
        ("invoice_message_templates", []),
        ("invoice_payments", [Compare("invoice_id", Op.EQ, 7), Compare("amount", Op.GT, 7)]),
    ],
)
def test_lists_that_may_have_other_rows_are_read(table: str, terms: list[Predicate]) -> None:
    assert not any(counted(table, *terms))


def test_of_two_ways_only_the_lists_that_are_narrowed_may_be_counted() -> None:
    assert counted("time_entries", In("user_id", frozenset(range(1, 9)))) == [False, True]


def test_nothing_is_counted_where_no_row_can_be() -> None:
    assert counted("time_entries", Compare("account_id", Op.EQ, 1)) == [False]


@each(TABLES.values())
def test_only_lists_whose_records_are_rows_are_counted(table: Table) -> None:
    splits = planned(table.name).requests if table.max_span_days is None else ()
    listed = table.paging is not Paging.NONE and table.items is None and table.limit is Limit.GENERAL
    assert countable(Plan(table, splits), splits, []) == listed


@pytest.mark.thorough
def test_a_list_of_thousands_of_values_is_checked_at_once() -> None:
    """One by one, these would be 25 million comparisons, beyond the time limit of a test."""
    term = In("invoice_id", frozenset(range(1, 5001)))
    found = planned("invoice_payments", term)
    assert countable(found, found.requests, [term])
