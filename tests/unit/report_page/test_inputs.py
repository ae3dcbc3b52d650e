"""What a report reads: the tables, columns and days that its views need."""

from __future__ import annotations

from datetime import date

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.report_page import inputs
from harvest_duck.report_page.options import Options
from harvest_duck.views import load

OPTIONS = Options.of(date(2026, 11, 20))
EVERY = sorted({view for views in inputs.CARDS.values() for view in views})


def test_each_table_is_read_once_with_the_columns_by_which_it_is_filtered() -> None:
    found = list(inputs.inputs(OPTIONS, EVERY))
    assert len({each.table for each in found}) == len(found)
    for each in found:
        columns = {column.name for column in TABLES[each.table].columns}
        assert "account_id" in each.columns
        assert set(each.columns) <= columns
        assert inputs.CLIENT.get(each.table, "account_id") in each.columns


def test_a_table_has_the_columns_that_its_views_name_and_no_others() -> None:
    found = {each.table: each for each in inputs.inputs(OPTIONS, ["receivables"])}
    assert set(found) == {"company", "invoices"}
    assert {"state", "due_amount", "due_date", "client_name", "currency"} <= set(found["invoices"].columns)
    assert not {"notes", "subject", "line_items"} & set(found["invoices"].columns)


def test_days_are_those_that_are_needed() -> None:
    conditions = {each.table: each.condition for each in inputs.inputs(OPTIONS, EVERY)}
    days = "spent_date BETWEEN DATE '2025-01-01' AND DATE '2026-12-31'"
    assert conditions["time_entries"] == conditions["expenses"] == days
    assert conditions["report_uninvoiced"] == "from_date = DATE '2025-11-21' AND to_date = DATE '2026-11-20'"
    assert conditions["invoices"] == conditions["projects"] == "true"


@pytest.mark.parametrize("card", inputs.CARDS)
def test_every_card_is_made_of_ready_views(card: str) -> None:
    assert set(inputs.CARDS[card]) <= load.views().keys()
    assert inputs.tables(inputs.CARDS[card])
