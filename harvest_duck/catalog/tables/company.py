"""The company that owns the account: its settings."""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import Paging, Table

COMPANY = Table(
    name="company",
    description="The settings of the company that owns the account; always one row",
    path="/company",
    body_key=None,
    paging=Paging.NONE,
    own_columns=(
        col.text("base_uri", "Address of the account on the web, with scheme"),
        col.text("full_domain", "Host name of the account on the web"),
        col.text("name", "Name of the company"),
        col.boolean("is_active", "Whether the company is active; false once archived"),
        col.text("week_start_day", "Day on which weeks start in timesheets", values=("Saturday", "Sunday", "Monday")),
        col.boolean("wants_timestamp_timers", "Whether time is tracked by start and end rather than by duration"),
        col.text("time_format", "How hours are shown: 1.5 or 1:30", values=("decimal", "hours_minutes")),
        col.text(
            "date_format",
            "How days are shown, in strftime notation",
            values=("%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%Y.%m.%d", "%Y/%m/%d"),
        ),
        col.text("plan_type", "Plan the company pays for, such as trial, free or simple-v4"),
        col.text("clock", "Whether times of day count to 12 or to 24", values=("12h", "24h")),
        col.text(
            "currency_code_display",
            "Where the currency code stands beside an amount, if at all",
            values=("iso_code_none", "iso_code_before", "iso_code_after"),
        ),
        col.text(
            "currency_symbol_display",
            "Where the currency symbol stands beside an amount, if at all",
            values=("symbol_none", "symbol_before", "symbol_after"),
        ),
        col.text("decimal_symbol", "Character that separates the decimals of a number"),
        col.text("thousands_separator", "Character that groups the thousands of a number"),
        col.text("color_scheme", "Colours of the web application"),
        col.seconds("weekly_capacity", "Time a full-time person works per week, in seconds; 126000 is 35 hours"),
        col.boolean("expense_feature", "Whether expenses are switched on"),
        col.boolean("invoice_feature", "Whether invoices are switched on"),
        col.boolean("estimate_feature", "Whether estimates are switched on"),
        col.boolean("approval_feature", "Whether timesheets go through approval"),
        col.boolean("team_feature", "Whether the team page is switched on; NULL where Harvest leaves it out"),
        col.text(
            "currency",
            "ISO 4217 code of the company's own currency, that of cost rates; NULL where Harvest leaves it out",
            documented=False,
        ),
        col.boolean(
            "saml_sign_in_required",
            "Whether people have to sign in through SAML; NULL where Harvest leaves it out",
            documented=False,
        ),
        col.boolean(
            "day_entry_notes_required",
            "Whether a time entry has to have notes; NULL where Harvest leaves it out",
            documented=False,
        ),
    ),
    permission="administrator",
    docs="https://help.getharvest.com/api-v2/company-api/company/company/",
)
