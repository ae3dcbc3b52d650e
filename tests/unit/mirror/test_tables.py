"""The tables of a copy follow from the catalog, each after the one that its rows belong to."""

from __future__ import annotations

import pytest

from harvest_duck.catalog.model import Limit
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import MirrorError, UnknownTable
from harvest_duck.mirror.tables import MIRRORED, Kind, chosen

NAMES = [each.name for each in MIRRORED]
KINDS = {each.name: each.kind for each in MIRRORED}


def test_all_tables_are_copied_but_reports_proposals_and_the_accounts() -> None:
    reports = {table.name for table in TABLES.values() if table.limit is Limit.REPORTS}
    assert set(TABLES) - set(NAMES) == reports | {"accounts", "invoice_message_templates"}


def test_a_table_comes_after_the_one_that_its_rows_belong_to() -> None:
    for each in MIRRORED:
        assert each.source is None or NAMES.index(each.source) < NAMES.index(each.name)
    assert NAMES[0] == "me"


def test_what_the_catalog_says_decides_how_a_table_is_read() -> None:
    assert {name for name, kind in KINDS.items() if kind is Kind.DATED} == {
        "time_entries",
        "expenses",
        "invoices",
        "estimates",
    }
    assert {each.name: each.source for each in MIRRORED if each.kind is Kind.EMBEDDED} == {
        "invoice_line_items": "invoices",
        "estimate_line_items": "estimates",
        "pto_request_days": "pto_requests",
        "project_assignment_task_assignments": "project_assignments",
    }
    assert {name for name, kind in KINDS.items() if kind is Kind.RECORD} == {"me", "company"}
    assert KINDS["pto_balances"] is Kind.CHILDREN
    assert KINDS["task_assignments"] is Kind.LIST


def test_chosen_tables_bring_those_that_they_follow_from_and_the_user() -> None:
    assert [each.name for each in chosen(["invoice_payments", "tasks"])] == [
        "me",
        "tasks",
        "invoices",
        "invoice_payments",
    ]
    assert [each.name for each in chosen(["project_assignment_task_assignments"])] == [
        "me",
        "users",
        "project_assignments",
        "project_assignment_task_assignments",
    ]
    assert chosen(None) == MIRRORED


def test_a_table_that_no_copy_holds_is_refused_by_name() -> None:
    with pytest.raises(MirrorError, match="report_time_team is in no copy: ask Harvest for it by harvest_scan"):
        chosen(["report_time_team"])
    with pytest.raises(UnknownTable):
        chosen(["time_entrys"])
