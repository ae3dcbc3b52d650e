"""The figures of the report for an agent: in a few lines, as CSV, or all of them as JSON."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from harvest_duck.errors import Forbidden, NotFound, QueryError
from harvest_duck.report_page import inputs
from harvest_duck.report_page.copy import copied, today
from harvest_duck.report_page.figures import figures
from harvest_duck.report_page.options import Options
from harvest_duck.report_page.summary import summary
from harvest_duck.report_page.values import json_text
from harvest_duck.servers.mcp.answers import MAX_CHARACTERS, requests
from harvest_duck.servers.mcp.csv_text import csv_line
from harvest_duck.servers.mcp.database import CATALOG
from harvest_duck.servers.mcp.estimate import Estimate
from harvest_duck.servers.mcp.plan import require_allowed, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from harvest_duck.report_page.summary import Summary
    from harvest_duck.servers.mcp.call import Call

__all__ = ["report"]

_SHOWN = "the largest rows of each table: format=json has all"


def report(cursor: duckdb.DuckDBPyConnection, call: Call, *, form: str, **given: str | None) -> str:
    """Return the figures of a period as markdown, csv or json; `given` are arguments of `Options.of`."""
    options = Options.of(today(cursor), **given)
    require_allowed(_estimate(cursor, call, options), call)
    with closing(copied(cursor, CATALOG, options)) as copy:
        made = figures(copy, options)
    if form != "json":
        found = summary(made)
        found = replace(found, about=(*found.about, f"{requests(call.allowance.sent)} to Harvest", _SHOWN))
        return "\n".join(_csv(found) if form == "csv" else _markdown(found)) + "\n"
    text = msgspec.json.format(json_text(made), indent=-1)
    if len(text) > MAX_CHARACTERS:
        raise QueryError(
            f"the figures as JSON have {len(text):,} characters, and at most {MAX_CHARACTERS:,} are sent: "
            "ask for format=markdown, for one client or one person, or query the views"
        )
    return text


def _estimate(cursor: duckdb.DuckDBPyConnection, call: Call, options: Options) -> Estimate:
    """What the tables that a report reads would ask; what the token may not read takes the request that says so."""
    views = sorted({view for made_of in inputs.CARDS.values() for view in made_of})
    reads = {each.table: inputs.select(each, CATALOG) for each in inputs.inputs(options, views)}
    # All columns, whatever their types.
    whole = " UNION ALL ".join(f"SELECT hash(read) FROM ({sql}) read" for sql in reads.values())
    # Whose token it is.
    found: list[dict[str, Any]] = [{"table_name": "me", "requests": 1, "hint": None}]
    try:
        return Estimate.of(found + steps(cursor, whole, call))
    except (Forbidden, NotFound):
        pass
    for table, sql in reads.items():
        try:
            found += steps(cursor, sql, call)
        except (Forbidden, NotFound):
            found.append({"table_name": table, "requests": 1, "hint": None})
    return Estimate.of(found)


def _markdown(found: Summary) -> Iterator[str]:
    yield f"# {found.title}"
    yield from ("", *(f"- {line}" for line in found.about))
    for table in found.tables:
        yield from ("", f"## {table.title}", "")
        yield _row(table.heads)
        yield _row(["---"] * len(table.heads))
        yield from map(_row, table.rows)
    if found.notes:
        yield from ("", "## Not in these figures", "", *(f"- {note}" for note in found.notes))


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _csv(found: Summary) -> Iterator[str]:
    yield csv_line([found.title])
    yield from (csv_line([line]) for line in (*found.about, *found.notes))
    for table in found.tables:
        yield csv_line([table.title, *table.heads[1:]])
        yield from map(csv_line, table.rows)
