"""`report`: the figures of an agency as one page."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from harvest_duck.report_page.copy import copied, today
from harvest_duck.report_page.figures import figures
from harvest_duck.report_page.options import Options
from harvest_duck.report_page.page import page

if TYPE_CHECKING:
    from datetime import date

__all__ = ["report"]


def report(
    con: object,
    *,
    name: str = "harvest",
    from_date: date | str | None = None,
    to_date: date | str | None = None,
    as_of: date | str | None = None,
    client: str | int | None = None,
    person: str | int | None = None,
) -> str:
    """Return the figures of the account that is attached as `name` as one page of HTML, which asks nobody anything.

    The period is by default the year so far; `as_of` is the day to look from, by default today. A `client` narrows the
    figures about money, and a `person` those about people; each is an id or a name. `con` may be a connection of ibis
    or SQLAlchemy. Requests are those of the connection: `progress` tells of them, and `interrupt` ends them. Raises the
    errors of a scan, and `QueryError` for options that no report has.
    """
    options = Options.of(today(con), from_date=from_date, to_date=to_date, as_of=as_of, client=client, person=person)
    with closing(copied(con, name, options)) as copy:
        return page(figures(copy, options))
