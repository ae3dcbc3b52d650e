"""What a record has that the catalog has not, and the other way round."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.diagnosis.facts import Outcome, Sample
from harvest_duck.diagnosis.field_rules import fields, missing_columns, unknown_fields
from harvest_duck.diagnosis.model import Status
from harvest_duck.sandbox import MAIN_ID, shared

#: A record with a field for each of its columns.
TASK: dict[str, Any] = dict.fromkeys(
    ["id", "name", "billable_by_default", "default_hourly_rate", "is_default", "is_active", "created_at", "updated_at"]
)


@pytest.mark.parametrize("name", TABLES)
def test_the_catalog_knows_the_records_of_the_sandbox(name: str) -> None:
    """But for what is left out of some of them, such as the payment options of an invoice."""
    if TABLES[name].items is not None or name == "pto_holiday_calendar_entries":
        # Their records in the sandbox have what lies around them besides.
        return
    report = partial(shared().report, MAIN_ID, name, date(2026, 1, 1), date(2026, 6, 30))
    records = (report() if name.startswith("report_") else shared().records(MAIN_ID, name))[:20]
    assert [found for record in records if (found := unknown_fields(name, record))] == []
    assert set.intersection(*(set(missing_columns(name, record)) for record in records)) == set()


def test_a_field_of_an_object_is_named_by_its_path() -> None:
    record = {
        "id": 1,
        "client": {"id": 1, "name": "A", "currency": "EUR", "seat": {"city": "Bonn"}},
        "line_items": [{"id": 1, "project": {"id": 2, "colour": "red"}}, {"id": 2, "unit": "h", "project": None}],
        "mood": None,
    }
    found = unknown_fields("invoices", record)
    assert found == ["client.currency", "client.seat", "line_items.project.colour", "line_items.unit", "mood"]


def test_null_is_there_and_what_it_would_hold_is_not_missed() -> None:
    assert missing_columns("tasks", TASK) == []
    assert missing_columns("tasks", {name: value for name, value in TASK.items() if name != "is_default"}) == [
        "is_default"
    ]
    entry = {**shared().records(MAIN_ID, "time_entries")[0]}
    assert missing_columns("time_entries", entry | {"client": None}) == []
    without = {name: value for name, value in entry["client"].items() if name != "name"}
    assert missing_columns("time_entries", entry | {"client": without}) == ["client_name"]


def test_a_column_that_only_some_users_see_is_not_missed() -> None:
    entry = {**shared().records(MAIN_ID, "time_entries")[0]}
    del entry["cost_rate"]
    assert missing_columns("time_entries", entry) == []


def test_nothing_is_told_without_an_answer() -> None:
    assert fields(None).status is Status.SKIPPED


def test_every_outcome_is_counted() -> None:
    outcomes = {"roles": Outcome.ANSWERED, "clients": Outcome.FORBIDDEN, "teammates": Outcome.NOT_FOUND}
    silent = Sample("company", Outcome.NO_ROOM)
    task = Sample("tasks", Outcome.ANSWERED, TASK)
    finding = fields([task, silent, *(Sample(name, outcome) for name, outcome in outcomes.items())])
    counted = "1 gave a record, 1 had no record to look at, 2 may not be read by this user, 1 gave no answer"
    said = f"every field read has its column; of 5 endpoints, {counted}"
    assert (finding.status, finding.found) == (Status.WARNING, said)
    assert (finding.meaning, finding.remedy) == (
        "Harvest is slow, or has no room in the rate limit: not all was looked at.",
        "Run it again in a minute.",
    )
    assert fields([task, Sample("clients", Outcome.FORBIDDEN)]).status is Status.OK


def test_a_column_that_is_not_there_is_told_and_is_no_warning() -> None:
    task = {name: value for name, value in TASK.items() if name != "is_active"}
    finding = fields([Sample("tasks", Outcome.ANSWERED, task)])
    assert (finding.status, finding.remedy) == (Status.OK, "")
    assert "; columns that are not in the record read: tasks (is_active); of 1 endpoints" in finding.found
    assert "NULL" in finding.meaning


def test_what_is_new_and_what_is_gone_is_a_warning() -> None:
    task = {name: value for name, value in TASK.items() if name != "is_active"} | {"colour": 1, "x\x1b[2J": 2}
    finding = fields([Sample("tasks", Outcome.ANSWERED, task)])
    assert finding.status is Status.WARNING
    assert finding.found == (
        "fields without a column: tasks (colour, x [2J); columns that are not in the record read: tasks (is_active); "
        "of 1 endpoints, 1 gave a record"
    )
    assert "harvest_raw('tasks')" in finding.meaning
    many = fields([Sample("tasks", Outcome.ANSWERED, TASK | {f"field_{number:02}": 1 for number in range(30)})])
    assert "field_11 and 18 more);" in many.found
