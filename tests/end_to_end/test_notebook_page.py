"""The table of HTML that a notebook shows, in a real browser."""

from __future__ import annotations

from support.browser import accessible, expect, launched

from harvest_duck.display.listing import as_html
from harvest_duck.introspection.catalog_tables import describe, tables

PAGE = "<!doctype html><html lang='en'><title>A notebook</title><main><h1>A notebook</h1>{}</main>"


def test_a_listing_in_a_notebook_can_be_read_by_everybody() -> None:
    with launched() as browser:
        page = browser.new_page()
        for table in (tables(), describe("time_entries")):
            page.set_content(PAGE.format(as_html(table)))
            accessible(page)
            expect(page.get_by_role("table", name=f"{table.num_rows} rows")).to_be_visible()
            expect(page.get_by_role("columnheader")).to_have_count(table.num_columns)
