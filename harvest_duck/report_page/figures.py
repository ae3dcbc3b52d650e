"""`figures`: all figures of a report, from the copy of what it needs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from harvest_duck.report_page import money_figures, people_figures
from harvest_duck.report_page.inputs import CARDS
from harvest_duck.report_page.model import Choice, Figures, Unseen
from harvest_duck.report_page.options import chosen
from harvest_duck.report_page.source import Source, within_any
from harvest_duck.views import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harvest_duck.report_page.copy import Copy
    from harvest_duck.report_page.options import Options

__all__ = ["figures"]

#: Cards that are made at the same time: most of it is in DuckDB, which binds a query by one thread.
_AT_ONCE = 4
_OF_PEOPLE: dict[str, Callable[[Source], Any]] = {
    "utilization": people_figures.utilization,
    "gaps": people_figures.gaps,
}
_OF_MONEY: dict[str, Callable[[Source, tuple[str, ...]], Any]] = {
    "budgets": money_figures.budgets,
    "uninvoiced": money_figures.uninvoiced,
    "receivables": money_figures.receivables,
    "revenue": money_figures.revenue,
    "profit": money_figures.profit,
    "lock_up": money_figures.lock_up,
    "quality": money_figures.quality,
}


def figures(copy: Copy, options: Options) -> Figures:
    """Return the figures that a report with these options shows, of a copy that serves them.

    Raises `QueryError` where there is no such client or person, or several.
    """
    company, clients, people = copy.company, _clients(copy), _people(copy)
    source = Source(
        copy,
        options,
        company["week_start_day"] or "Monday",
        chosen("client", options.client, clients),
        chosen("person", options.person, people),
    )
    currencies = _currencies(source)
    with ThreadPoolExecutor(_AT_ONCE, "harvest-duck figures") as pool:
        cards = dict(zip(CARDS, pool.map(partial(_card, source, currencies), CARDS), strict=True))
    return Figures(
        company=company["name"] or "",
        account_id=copy.visibility.account_id,
        thousands_separator=company["thousands_separator"] or ",",
        decimal_symbol=company["decimal_symbol"] or ".",
        week_starts=source.week_starts,
        person_name=copy.visibility.user_name,
        role=copy.visibility.role,
        as_of=options.as_of,
        period=options.period,
        before=options.before,
        last_year=options.last_year,
        currencies=currencies,
        client=source.client,
        person=source.person,
        clients=clients,
        people=people,
        definitions={
            card: "\n\n".join(load.views()[view].definition for view in views) for card, views in CARDS.items()
        },
        **cards,
    )


def _card(source: Source, currencies: tuple[str, ...], name: str) -> Any:  # noqa: ANN401 - one class for each card
    """Return the card of that name, or why it cannot be seen."""
    if name in source.copy.unseen:
        return Unseen(source.copy.unseen[name])
    of_people = _OF_PEOPLE.get(name)
    return _OF_MONEY[name](source, currencies) if of_people is None else of_people(source)


def _clients(copy: Copy) -> tuple[Choice, ...]:
    """Return the clients of projects and invoices."""
    tables = [each for each in ("projects", "invoices") if each in copy.tables]
    return _choices(copy, [f"SELECT client_id AS id, client_name AS name FROM harvest.main.{each}" for each in tables])


def _people(copy: Copy) -> tuple[Choice, ...]:
    """Return the people whose time is seen whole, those who left among them."""
    if "users" not in copy.tables:
        return ()
    seen = "harvest.main.users JOIN harvest._internal.visible('report', 'people') v USING (account_id)"
    each = f"SELECT id, trim(concat_ws(' ', first_name, last_name)) AS name FROM {seen}"
    return _choices(copy, [f"{each} WHERE v.people IS NULL OR list_contains(v.people, id)"])


def _choices(copy: Copy, queries: Iterable[str]) -> tuple[Choice, ...]:
    every = " UNION ALL ".join(queries)
    if not every:
        return ()
    rows = copy.rows(f"SELECT id, coalesce(max(name), '') AS name FROM ({every}) WHERE id IS NOT NULL GROUP BY id")
    found = (Choice(id=row["id"], name=row["name"]) for row in rows)
    return tuple(sorted(found, key=lambda choice: (choice.name.casefold(), choice.name, choice.id)))


def _currencies(source: Source) -> tuple[str, ...]:
    """Return the currencies with money in them, that of most projects first.

    They are those of projects that run, or had time or expenses in the period or the year; of what is not invoiced;
    and of invoices that are open, or were sent or paid in the period, the year, or what the period is compared with.
    The last is empty where Harvest does not tell the currency of some.
    """
    tables, options = source.copy.tables, source.options
    periods = (options.period, options.year, options.before, options.last_year)
    queries = []
    if {"projects", "time_entries", "expenses"} <= tables:
        used = " OR ".join(
            f"id IN (SELECT project_id FROM harvest.main.{table} WHERE {within_any('spent_date', periods[:2])})"
            for table in ("time_entries", "expenses")
        )
        queries.append(
            f"SELECT client_currency AS currency, 1 AS n FROM harvest.main.projects WHERE is_active OR {used}"
        )
    if "report_uninvoiced" in tables:
        queries.append("SELECT currency, 0 AS n FROM harvest.main.report_uninvoiced WHERE uninvoiced_amount <> 0")
    if "invoices" in tables:
        then = f"{within_any('issue_date', periods)} OR {within_any('paid_date', periods)}"
        queries.append(f"SELECT currency, 0 AS n FROM harvest.main.invoices WHERE state = 'open' OR {then}")
    if not queries:
        return ()
    rows = source.money(
        f"SELECT coalesce(currency, '') AS code FROM ({' UNION ALL '.join(queries)}) "
        "GROUP BY code ORDER BY code = '', sum(n) DESC, code"
    )
    return tuple(row["code"] for row in rows)
