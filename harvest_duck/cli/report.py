"""`harvest-duck report`: the figures of an agency as one page, as JSON, as a mail, or live in a browser."""

from __future__ import annotations

import sys
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvest_duck.auth import terminal
from harvest_duck.cli import failures, progress, report_files
from harvest_duck.cli.connection_option import connection_option
from harvest_duck.cli.query import opened
from harvest_duck.report_page.copy import copied, today
from harvest_duck.report_page.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


__all__ = ["report"]

_DAY = click.DateTime(["%Y-%m-%d"])
_PORT = 8182
#: The catalog of the account.
_NAME = "harvest"


@click.command(short_help="Make a page of an agency's figures.")
@connection_option
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file, report.html by default, - for standard output.",
)
@click.option("--from", "from_date", type=_DAY, metavar="DAY", help="First day, by default of the year.")
@click.option("--to", "to_date", type=_DAY, metavar="DAY", help="Last day, by default that of --as-of.")
@click.option("--as-of", type=_DAY, metavar="DAY", help="The day to look from, by default today.")
@click.option("--client", metavar="NAME", help="The money of one client, by name or id.")
@click.option("--person", metavar="NAME", help="The hours of one person, by name or id.")
@click.option("--json", "as_json", is_flag=True, help="Write the figures as JSON, by default to standard output.")
@click.option("--eml", "mail", type=click.Path(path_type=Path), metavar="FILE", help="Write a mail with the page.")
@click.option("--mail-to", metavar="ADDRESS", multiple=True, help="Whom the mail is to.")
@click.option("--mail-from", metavar="ADDRESS", help="Whom the mail is from.")
@click.option("--if-changed", is_flag=True, help="Write nothing where nothing has changed in Harvest.")
@click.option("--serve", is_flag=True, help="Show the page on this machine, with a form to choose other figures.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help=f"Of --serve: {_PORT}, 0 takes a free one.")
@click.option("--open/--no-open", "browser", default=None, help="Of --serve: open a browser, or do not.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something is wrong.")
def report(
    *,
    connection: str,
    from_date: datetime | None,
    to_date: datetime | None,
    as_of: datetime | None,
    client: str | None,
    person: str | None,
    serve: bool,
    port: int | None,
    browser: bool | None,
    quiet: bool,
    **of_files: Any,  # noqa: ANN401 - those of `_write`
) -> None:
    """Make one page of an agency's figures: hours, budgets, money to invoice and to collect, revenue and profit.

    The page is one file that asks for nothing else. The exit status is 0 if all is written, 1 if that failed, and 6 if
    --if-changed found nothing to write.
    """
    days = {"from_date": from_date, "to_date": to_date, "as_of": as_of}
    given = {name: f"{day.date()}" for name, day in days.items() if day is not None}
    given |= {name: value for name, value in (("client", client), ("person", person)) if value}
    if not serve:
        if port is not None or browser is not None:
            raise click.UsageError("--port and --open go with --serve.")
        _write(connection, given, quiet=quiet, **of_files)
        return
    if any(of_files.values()):
        raise click.UsageError("--serve writes no file: leave out the options that say what to write.")
    _serve(connection, given, _PORT if port is None else port, browser=browser)


def _write(
    connection: str,
    given: Mapping[str, str],
    *,
    target: Path | None,
    mail: Path | None,
    as_json: bool,
    if_changed: bool,
    mail_to: tuple[str, ...],
    mail_from: str | None,
    quiet: bool,
) -> None:
    """Write the files that are asked for, and say so; end the process where nothing has changed."""
    if mail is None and (mail_to or mail_from):
        raise click.UsageError("--mail-to and --mail-from go with --eml.")
    files = report_files.asked_for(target, mail, as_json=as_json)
    if if_changed and not report_files.kept(files):
        raise click.UsageError("--if-changed compares with a file that is kept: name one with -o FILE or --eml FILE.")
    addresses = report_files.Addresses(mail_to, mail_from)
    with opened(connection) as con:
        options = Options.of(today(con), **given)
        with nullcontext() if quiet else progress.shown(con), closing(copied(con, _NAME, options)) as copy:
            written = report_files.write(copy, files, given, addresses, if_changed=if_changed)
        if not quiet:
            for line in report_files.summary_lines(con, written):
                click.echo(line, err=True)
    if not written:
        sys.exit(failures.UNCHANGED)


def _serve(connection: str, given: Mapping[str, str], port: int, *, browser: bool | None) -> None:
    """Show the report until Ctrl-C."""
    # It takes a tenth of a second to import, which a report in a file does not need.
    from harvest_duck.servers.report.server import ReportServer  # noqa: PLC0415

    with opened(connection) as con, ReportServer(con, given, port) as server:
        click.echo(f"The report is at\n\n  {server.url}\n\nCtrl-C ends it.")
        if browser or (browser is None and terminal.terminal_there() and terminal.browser_there()):
            terminal.open_browser(server.url_once)
        server.wait()
