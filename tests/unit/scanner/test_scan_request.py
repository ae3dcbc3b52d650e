"""Requests for scans: planned once, and refused before anything is sent."""

from __future__ import annotations

from datetime import date

import pyarrow.compute as pc
import pytest

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import QueryError
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.scanner.scan_request import ScanRequest, plans_for, scan_request

PERIOD = (pc.field("from_date") == date(2026, 1, 1)) & (pc.field("to_date") == date(2026, 6, 30))


def requested(table: str, accounts: str, keep: pc.Expression | None = None) -> ScanRequest:
    """A request for the ids of a table, or for the first column of one without ids."""
    schema = schema_of(TABLES[table])
    names = ["id"] if "id" in schema.names else schema.names[:1]
    return scan_request(TABLES[table], f"AccountId={accounts};APIKey=x", names, read_filter(keep, schema))


def test_accounts_that_the_connection_names_are_planned_at_once() -> None:
    for accounts, numbers in (("7", [7]), ("7,8", [7, 8])):
        request = requested("clients", accounts)
        assert [plan.requests[0].account_id for plan in request.plans or ()] == numbers
    assert [
        plan.requests[0].account_id for plan in requested("clients", "7,8", pc.field("account_id") == 8).plans or ()
    ] == [8]


def test_accounts_that_harvest_has_to_list_are_planned_later() -> None:
    request = requested("report_uninvoiced", "*", PERIOD)
    assert request.plans is None
    plans = plans_for(request.table, request.settings, request.domains, {7: "Acme", 8: "Other"})
    assert [plan.requests[0].account for plan in plans] == ["7 (Acme)", "8 (Other)"]


@pytest.mark.parametrize("accounts", ["7", "7,8", "*"])
def test_a_missing_period_is_refused_before_accounts_are_listed(accounts: str) -> None:
    for keep in (None, pc.field("from_date") == date(2026, 1, 1), pc.field("client_id") == 5):
        with pytest.raises(QueryError, match="the report needs"):
            requested("report_uninvoiced", accounts, keep)
