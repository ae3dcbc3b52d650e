"""`harvest-duck demo`: a few queries over a stand-in Harvest, each shown with its SQL; no account is needed."""

from __future__ import annotations

import sys

import click

from harvest_duck.cli import output, statements
from harvest_duck.cli.query import opened
from harvest_duck.cli.terminal import screen_of
from harvest_duck.display.layout import Look, Style
from harvest_duck.formats import targets

#: The titles and the SQL of the demo, whose days fit the sandbox's today.
QUERIES = (
    (
        "Hours by client this year",
        """SELECT client_name, sum(hours) AS hours,
       coalesce(sum(hours) FILTER (billable), 0) AS billable_hours
FROM harvest.time_entries
WHERE spent_date >= '2026-01-01'
GROUP BY client_name
ORDER BY hours DESC
LIMIT 5""",
    ),
    (
        "How much of October each person could bill",
        """SELECT u.first_name || ' ' || u.last_name AS person,
       sum(t.hours) AS hours,
       round(100 * sum(t.hours) FILTER (t.billable) / sum(t.hours), 1)
         AS billable_percent
FROM harvest.users u
JOIN harvest.time_entries t ON t.user_id = u.id
WHERE t.spent_date BETWEEN '2026-10-01' AND '2026-10-31'
GROUP BY ALL
ORDER BY billable_percent DESC, person
LIMIT 8""",
    ),
    (
        "Invoices that are due and not paid",
        """SELECT number, client_name, due_date, due_amount, currency
FROM harvest.invoices
WHERE state = 'open' AND due_date < '2026-11-20'
ORDER BY due_date
LIMIT 5""",
    ),
    (
        "Work that is not invoiced yet, from Harvest's own report",
        """SELECT client_name, project_name, uninvoiced_hours AS hours,
       uninvoiced_amount AS amount, currency
FROM harvest.report_uninvoiced
WHERE from_date = '2026-01-01' AND to_date = '2026-11-20'
  AND uninvoiced_amount > 0
ORDER BY uninvoiced_amount DESC
LIMIT 5""",
    ),
)


@click.command(short_help="Run a few queries over a made-up agency.")
def demo() -> None:
    """Run a few queries over a made-up agency; no account is needed."""
    click.echo(
        "A made-up agency, served by a stand-in for Harvest's API on this machine.\n"
        "Its today is 2026-11-20; DSN=sandbox;Today=2026-03-31 shows another day."
    )
    with opened("DSN=sandbox") as con:
        look = Look(styled=screen_of(sys.stdout).styled)
        for title, sql in QUERIES:
            click.echo(f"\n{look.painted(title, Style.BOLD)}\n\n{sql};\n")
            (step,) = statements.script(con, sql, {}).steps
            with output.writing(targets.STANDARD_OUTPUT, None) as writer:
                writer.write(con, step.statement, {})
    click.echo(
        "\nNow yours: make a token at https://id.getharvest.com/developers, set\n"
        "HARVEST_ACCOUNT_ID and HARVEST_ACCESS_TOKEN, and run\n\n"
        '  harvest-duck query "SELECT * FROM harvest.clients"'
    )
