"""Every table through SQL holds exactly the records of the sandbox, column by column."""

from __future__ import annotations

import math
from datetime import date, time
from typing import TYPE_CHECKING, Any

import pytest
from support.run_size import usually
from support.sandbox_rows import SPAN, assert_same, expected, row_of, rows_of

from harvest_duck.catalog.model import DECIMAL, TIME, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    import duckdb

    from harvest_duck.sandbox import Sandbox


@pytest.mark.parametrize("table", usually(t for t in TABLES.values() if t.max_span_days is None), ids=lambda t: t.name)
def test_a_table_equals_the_records_of_the_sandbox(
    table: Table, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    wanted = rows_of(table, sandbox, MAIN_ID)
    assert wanted, f"the sandbox has no {table.name}"
    # The sandbox keeps the plain text of each message; the two others are asked for below.
    plain_only = " WHERE reminder = false AND thank_you = false" if table.name == "invoice_message_templates" else ""
    assert_same(con.execute(f"SELECT * FROM harvest_scan(?){plain_only}", [table.name]).fetchall(), wanted)


def test_each_invoice_has_three_message_templates(con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> None:
    found = con.execute(
        "SELECT reminder, thank_you, count(*), count(DISTINCT invoice_id) FROM harvest.invoice_message_templates "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    invoices = len(sandbox.records(MAIN_ID, "invoices"))
    assert found == [(*kind, invoices, invoices) for kind in [(False, False), (False, True), (True, False)]]


@pytest.mark.parametrize(
    ("table", "fixed_fee"),
    [
        pytest.param(table, choice, id=f"{table.name}-{choice}")
        for table in TABLES.values()
        if table.max_span_days is not None
        for choice in ([None, True, False] if "include_fixed_fee" in table else [None])
    ],
)
def test_a_report_equals_the_report_of_the_sandbox(
    table: Table, fixed_fee: bool | None, con: duckdb.DuckDBPyConnection, sandbox: Sandbox
) -> None:
    fixed: dict[str, Any] = {"account_id": MAIN_ID}
    fixed["from_date"], fixed["to_date"] = map(date.fromisoformat, SPAN)
    choice = "" if fixed_fee is None else f" AND include_fixed_fee = {fixed_fee}"
    if "include_fixed_fee" in table:
        default = next(param.default for param in table.params if param.column == "include_fixed_fee")
        fixed["include_fixed_fee"] = default if fixed_fee is None else fixed_fee
    rows = sandbox.report(MAIN_ID, table.name, fixed["from_date"], fixed["to_date"], include_fixed_fee=fixed_fee)
    found = con.execute(
        f"SELECT * FROM harvest_scan(?) WHERE from_date = ? AND to_date = ?{choice}", [table.name, *SPAN]
    ).fetchall()
    assert rows
    assert_same(found, [row_of(table, row, fixed) for row in rows])


def test_the_oracle_reads_both_clocks() -> None:
    assert expected("2:59pm", TIME) == expected("14:59", TIME) == time(14, 59)
    assert expected("12:05am", TIME) == time(0, 5)
    assert math.isclose(float(expected("0.33335", DECIMAL)), 0.3334)
