"""What the figures of a report need of Harvest: the views of each card, and their tables, columns and days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harvest_duck.catalog.tables import TABLES
from harvest_duck.pushdown.sql import identifier
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from harvest_duck.report_page.options import Options

__all__ = ["CARDS", "CLIENT", "HEAD", "Input", "inputs", "needs_days_off", "select", "tables"]

#: The views that each card is made of.
CARDS = {
    "utilization": ("utilization",),
    "budgets": ("budget_burn",),
    "uninvoiced": ("uninvoiced", "wip_ageing"),
    "receivables": ("receivables",),
    "revenue": ("revenue_by_month",),
    "gaps": ("timesheet_gaps",),
    "profit": ("profitability",),
    "lock_up": ("lock_up",),
    "quality": ("missing_rates",),
}
#: The columns that the head of the page and its choices need, of tables that are read anyway but for `company`.
HEAD = {
    "company": ("name", "week_start_day", "thousands_separator", "decimal_symbol", "currency"),
    "projects": ("id", "client_id", "client_name", "client_currency", "is_active"),
    "invoices": ("client_id", "client_name", "currency", "state", "issue_date", "paid_date"),
    "users": ("id", "first_name", "last_name", "is_active"),
}
#: The columns by which rows are those of a client.
CLIENT = {
    **dict.fromkeys(
        ("projects", "invoices", "time_entries", "expenses", "report_project_budget", "report_uninvoiced"), "client_id"
    ),
    "invoice_line_items": "invoice_client_id",
}
_TABLE = re.compile(r"\bharvest\.([a-z]\w*)")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Input:
    """What is read of a table: these columns of the rows for which a condition of SQL is true."""

    table: str
    columns: tuple[str, ...]
    condition: str = "true"


def inputs(options: Options, views: Collection[str]) -> Iterator[Input]:
    """Yield what is read of each table that some views need, and of the company.

    A column is needed where the text of a view has its name.
    """
    words: dict[str, set[str]] = {"company": set()}
    for sql in _texts(views):
        for table in TABLES.keys() & set(_TABLE.findall(sql)):
            words.setdefault(table, set()).update(_WORD.findall(sql))
    for table in sorted(words):
        wanted = {*words[table], *HEAD.get(table, ()), CLIENT.get(table), "account_id"}
        columns = (column.name for column in TABLES[table].columns if column.name in wanted)
        yield Input(table, tuple(columns), _condition(table, options))


def tables(views: Collection[str]) -> set[str]:
    """Return the tables of Harvest that some views need."""
    return {table for sql in _texts(views) for table in _TABLE.findall(sql)} & TABLES.keys()


def needs_days_off(views: Collection[str]) -> bool:
    """Return whether some of the views ask for holidays and time off."""
    return any("harvest._internal.days_off" in sql for sql in _texts(views))


def select(wanted: Input, catalog: str) -> str:
    """Return the query of what is read, over an account that is attached as `catalog`."""
    columns = ", ".join(map(identifier, wanted.columns))
    return f"SELECT {columns} FROM {identifier(catalog)}.main.{identifier(wanted.table)} WHERE {wanted.condition}"


def _texts(views: Collection[str]) -> list[str]:
    """Return the text of each view, and of those that it reads itself."""
    known, names = load.views(), list(views)
    for name in names:
        names += sorted((known.keys() & set(_TABLE.findall(known[name].sql))) - set(names))
    return [known[name].sql for name in names]


def _condition(table: str, options: Options) -> str:
    if table in {"time_entries", "expenses"}:
        return f"spent_date BETWEEN DATE '{options.needed.first}' AND DATE '{options.needed.last}'"
    if table == "report_uninvoiced":
        return f"from_date = DATE '{options.year.first}' AND to_date = DATE '{options.year.last}'"
    return "true"
