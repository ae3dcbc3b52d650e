"""`harvest-duck demo`: queries over a stand-in Harvest, each shown with its SQL, and its report; needs no account."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harvest_duck.cli import failures, output, statements
from harvest_duck.cli.query import opened
from harvest_duck.cli.terminal import screen_of
from harvest_duck.display.layout import Look, Style
from harvest_duck.formats import targets
from harvest_duck.report_page import fingerprint
from harvest_duck.report_page.report import report
from harvest_duck.sandbox import TODAY

if TYPE_CHECKING:
    import duckdb

_REPORT = Path("report.html")
#: What the report of the demo bears, in place of a mark of what it was made of.
_MARK = "demo"

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
    """Run a few queries over a made-up agency, and write its report to report.html; no account is needed."""
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
        click.echo(f"\n{look.painted('The figures of the agency as one page', Style.BOLD)}\n\n{_report(con)}")
    click.echo(
        "\nNow yours: make a token at https://id.getharvest.com/developers, and run\n\n"
        "  harvest-duck connections add default --account NUMBER\n"
        '  harvest-duck query "SELECT * FROM harvest.clients"'
    )


def _report(con: duckdb.DuckDBPyConnection) -> str:
    """Write the report to the current folder, unless another file is in its place; return what became of it."""
    otherwise = f"for the report run\n\n  harvest-duck report -c DSN=sandbox --as-of {TODAY} -o FILE"
    if _REPORT.exists() and not _is_ours(_REPORT):
        return f"{_REPORT} is another file here, and stays as it is:\n{otherwise}"
    page = fingerprint.in_page(report(con, as_of=TODAY), _MARK)
    try:
        with targets.opened(_REPORT) as stream:
            stream.write(page.encode())
    except OSError as error:
        return f"{failures.sentence(error)}: {otherwise}"
    return f"{_REPORT} is written: open it in a browser."


def _is_ours(path: Path) -> bool:
    return path.is_file() and fingerprint.found_in(path.read_bytes(), fingerprint.Form.PAGE) == _MARK
