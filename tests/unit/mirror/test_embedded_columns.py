"""The columns that repeat values of other records, and the SQL that takes these over."""

from __future__ import annotations

import duckdb

from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror import row_changes
from harvest_duck.mirror.embedded_columns import EmbeddedColumn, embedded_columns, update
from harvest_duck.mirror.run_records import RunRecords
from harvest_duck.mirror.versions import Versions

ALL = embedded_columns(TABLES["time_entries"])
#: The columns by name, but for the client of the project.
ENTRIES = {each.name: each for each in reversed(ALL) if each.name != "client_id"}


def test_names_in_time_entries_are_those_of_the_records_that_they_name() -> None:
    assert {name: (each.reference, each.parent) for name, each in ENTRIES.items() if each.certain} == {
        "user_name": ("user_id", "users"),
        "client_name": ("client_id", "clients"),
        "project_name": ("project_id", "projects"),
        "task_name": ("task_id", "tasks"),
        "invoice_number": ("invoice_id", "invoices"),
        **{
            f"user_assignment_{name}": ("user_assignment_id", "user_assignments")
            for name in ("is_project_manager", "is_active", "budget", "created_at", "updated_at")
        },
        **{
            f"task_assignment_{name}": ("task_assignment_id", "task_assignments")
            for name in ("billable", "is_active", "budget", "created_at", "updated_at")
        },
    }
    assert ENTRIES["user_name"].value == "trim(concat_ws(' ', parent.first_name, parent.last_name))"
    assert ENTRIES["client_name"].value == 'parent."name"'


def test_a_record_of_a_project_has_the_client_of_that_project() -> None:
    found = {each.name: each.value for each in ALL if (each.reference, each.parent) == ("project_id", "projects")}
    assert found["client_id"] == 'parent."client_id"'
    assert (found["client_name"], found["client_currency"]) == ('parent."client_name"', 'parent."client_currency"')
    for name in ("invoices", "invoice_line_items"):
        assert not any(each.name.endswith("client_id") for each in embedded_columns(TABLES[name]))
    assert embedded_columns(TABLES["projects"])[0].parent == "clients"


def test_what_harvest_may_leave_out_or_hide_is_not_certain() -> None:
    uncertain = {name for name, each in ENTRIES.items() if not each.certain}
    assert uncertain == {
        "client_currency",
        "project_code",
        "user_assignment_use_default_rates",
        "user_assignment_hourly_rate",
        "task_assignment_hourly_rate",
    }


def test_the_number_and_time_of_other_services_are_nobody_elses() -> None:
    assert not any(each.reference.startswith("external_reference") for each in ENTRIES.values())
    assert embedded_columns(TABLES["clients"]) == ()


def test_the_update_changes_only_what_differs_and_leaves_null_where_it_may_be_hidden() -> None:
    table = TABLES["expenses"]
    columns = [
        EmbeddedColumn("client_name", "client_id", "clients", 'parent."name"', certain=True),
        EmbeddedColumn("client_currency", "client_id", "clients", 'parent."currency"', certain=False),
    ]
    with duckdb.connect() as con:
        con.execute("ATTACH ':memory:' AS copy")
        con.execute("CREATE TABLE copy.main.clients AS SELECT 1 AS id, 'New' AS name, 'EUR' AS currency")
        con.execute(
            "CREATE TABLE copy.main.expenses AS FROM (VALUES (1, 1, 'Old', 'USD'), (2, 1, 'New', NULL), "
            "(3, 1, NULL, 'EUR'), (4, 2, 'Other', 'CHF'), (5, NULL, NULL, NULL), (6, 1, 'New', 'EUR')) "
            "AS t(id, client_id, client_name, client_currency)"
        )
        for changed in (2, 0):
            assert row_changes.update(con, table, update("clients", columns), Versions(RunRecords(con))) == changed
        assert con.execute("FROM copy.main.expenses ORDER BY id").fetchall() == [
            (1, 1, "New", "EUR"),
            (2, 1, "New", None),
            (3, 1, "New", "EUR"),
            (4, 2, "Other", "CHF"),
            (5, None, None, None),
            (6, 1, "New", "EUR"),
        ]
