"""`harvest-duck doctor`: what is wrong between this machine and Harvest, what it means, and what to do."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from harvest_duck import __version__
from harvest_duck.cli.connection_option import connection_option
from harvest_duck.cli.terminal import screen_of
from harvest_duck.diagnosis.model import Status
from harvest_duck.display.lines import folded
from harvest_duck.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.diagnosis.model import Finding, Report

#: The mark of each status, readable without colour and in ASCII, and its colour.
_MARKS = {
    Status.OK: ("ok", "green"),
    Status.WARNING: ("warning", "yellow"),
    Status.FAILED: ("FAILED", "red"),
    Status.SKIPPED: ("-", None),
}
#: The widths of the mark and of the name of the check; the text has what is left of the terminal, within bounds.
_MARK, _NAME = 9, 15
_NARROWEST, _WIDEST, _USUAL = 40, 100, 80
_ARROW = "-> "
#: The most requests that are shown.
_SENT = 2


@click.command()
@connection_option
@click.option("--offline", is_flag=True, help="Look at this machine alone, and send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
def doctor(connection: str, *, offline: bool, as_json: bool) -> None:
    """Check the way to Harvest step by step, and say what to do.

    Harvest is asked whose the token is, and for one record of each kind: some 45 requests, and one before them to
    refresh a sign-in that is due. The exit status is 0 if nothing failed, else 1.
    """
    from harvest_duck.diagnosis.examination import examine  # noqa: PLC0415 - it loads what speaks HTTP

    report = examine(connection, version=__version__, offline=offline)
    if as_json:
        click.echo(json.dumps(report.record, indent=2))
    else:
        screen = screen_of(sys.stdout)
        for line in lines(report, screen.width or _USUAL):
            click.echo(line, color=screen.styled)
    if not report.healthy:
        sys.exit(1)


def lines(report: Report, columns: int) -> Iterator[str]:
    """The lines of a report: a paragraph for each finding, its advice below it, and the sums at the end."""
    width = min(max(columns, _NARROWEST), _WIDEST)
    for finding in report.findings:
        yield from _paragraph(finding, width)
    yield ""
    yield from folded(_sums(report), width)
    yield from (f"Sent: {request}" for request in report.requests[:_SENT])
    if more := len(report.requests[_SENT:]):
        yield f"Sent: {more} more; --json lists them."


def _paragraph(finding: Finding, width: int) -> Iterator[str]:
    mark, colour = _MARKS[finding.status]
    found = f"{finding.subject}: {finding.found}" if finding.subject else finding.found
    first, *rest = _wrapped(found, width) or [""]
    shown = click.style(f"{mark:{_MARK}}", fg=colour, bold=finding.status is Status.FAILED or None)
    yield f"{shown}{finding.check:{_NAME}}{first}"
    rest += _wrapped(finding.meaning, width)
    if finding.remedy:
        first_line, *others = _wrapped(finding.remedy, width - len(_ARROW))
        rest += [_ARROW + first_line, *(" " * len(_ARROW) + line for line in others)]
    yield from (f"{'':{_MARK + _NAME}}{line}" for line in rest)


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a text beside the marks and names, none for no text."""
    return list(folded(terminal_safe(text), width - _MARK - _NAME)) if text else []


def _sums(report: Report) -> str:
    counts = {status: report.count(status) for status in Status}
    if report.healthy and not counts[Status.WARNING] and not counts[Status.SKIPPED]:
        return "All is well."
    named = {"failed": Status.FAILED, "to look at": Status.WARNING, "not checked": Status.SKIPPED}
    told = [f"{counts[status]} {words}" for words, status in named.items() if counts[status]]
    return f"{'Nothing failed' if report.healthy else 'Something is broken'}: {', '.join(told)}."
