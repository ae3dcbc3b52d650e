"""What the page of a table tells of it, as Markdown: all of it follows from the catalog."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harvest_duck.catalog.model import Host, Limit, Paging
from harvest_duck.catalog.tables import TABLES
from harvest_duck.introspection.pushed_operators import pushed
from harvest_duck.mirror.tables import MIRRORED, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvest_duck.catalog.model import Column, Table

__all__ = ["GROUPS", "catalogue_part", "listing"]

#: The headings of the list of tables, and how the names below each begin.
GROUPS = {
    "Time": ("time_entries",),
    "Clients and projects": ("clients", "contacts", "projects", "tasks", "task_assignments", "user_assignments"),
    "People": (
        "users", "me", "roles", "billable_rates", "cost_rates", "project_assignment", "my_project", "teammates",
    ),
    "Expenses": ("expense",),
    "Invoices": ("invoice",),
    "Estimates": ("estimate",),
    "Reports": ("report_",),
    "Paid time off": ("pto_",),
    "The account": ("company", "accounts"),
}  # fmt: skip
_LIMITS = {
    Limit.GENERAL: "100 requests in 15 seconds, shared with most other tables",
    Limit.REPORTS: "100 requests in 15 minutes, shared with the other reports",
}
_PAGES = {
    Paging.PAGE: "a list in numbered pages of up to 2,000 records",
    Paging.CURSOR: "a list in pages of up to 2,000 records, each of which names the next",
    Paging.NONE: "one answer",
}
#: In a description that says already from whom Harvest hides the column.
_NAMES_THE_RIGHT = re.compile("may not see|right to see")
_COPIES = {
    Kind.RECORD: "one record, read in each sync",
    Kind.LIST: "read whole in each sync",
    Kind.DATED: "each sync reads what changed, and compares the number of rows with Harvest's",
    Kind.CHILDREN: "read again for each of the `{source}` that changed, and for all the others once in {days} days",
    Kind.EMBEDDED: "comes with `{source}`",
}


def catalogue_part(table: Table) -> str:
    """The columns of a table, the conditions that become part of a request, and where its rows come from."""
    parts = ["## Columns", _columns(table), "## Conditions that are sent to Harvest", *_conditions(table)]
    return "\n\n".join([*parts, "## Where the rows come from", _facts(table)])


def listing(names: Iterable[str]) -> str:
    """What a row of each table is, with links to their pages."""
    rows = [f"| [`{name}`](tables/{name}.md) | {TABLES[name].description} |" for name in names]
    return "\n".join(["| table | a row is |", "|---|---|", *rows])


def _columns(table: Table) -> str:
    rows = [f"| `{each.name}` | `{each.type.sql}` | {_meaning(table, each)} |" for each in table.columns]
    return "\n".join(["| column | type | meaning |", "|---|---|---|", *rows])


def _meaning(table: Table, column: Column) -> str:
    """The description of a column, and the rest that the catalog knows of it, each as a sentence."""
    sentences = [column.description]
    if column.values:
        sentences.append("One of " + ", ".join(f"`{value}`" for value in column.values))
    if column.key:
        sentences.append("**Key**" if len(table.key) == 1 else "**Part of the key**")
    if column.references:
        sentences.append(f"Refers to {_link(*column.references.split('.'))}")
    if any(param.required for param in table.params_of(column.name)):
        sentences.append("**Required**")
    if column.right is not None and not _NAMES_THE_RIGHT.search(column.description):
        sentences.append(f"Shown only to those who may see {column.right.value}")
    if column.deprecated:
        sentences.append("Deprecated by Harvest")
    if not column.documented and table.module is None:
        sentences.append("Not in Harvest's documentation, but in its answers")
    return ". ".join(sentence.replace("|", "\\|").rstrip(".") for sentence in sentences)


def _conditions(table: Table) -> Iterable[str]:
    """The conditions that narrow a request, and what the query has to say."""
    rows = [
        f"| `{column.name}` | {' '.join(f'`{operator}`' for operator in each.operators)} "
        f"| `{each.sent}` | {'exact' if each.exact else 'checked'} |"
        for column in table.columns
        for each in pushed(table, column)
    ]
    required = [f"`{param.column}`" for param in table.params if param.required]
    if required:
        yield f"A query must give {' and '.join(required)}, [as a period](../reports.md#how-a-period-can-be-written)."
    if not rows:
        yield "None: every query reads the whole answer."
        return
    yield (
        "These conditions become part of a request. The scan applies [all others](../pushdown.md) to the rows that "
        "arrive. It also applies those marked `checked`, because Harvest may send more rows than they keep."
    )
    yield "\n".join(["| column | operators | sent as | answer |", "|---|---|---|---|", *rows])


def _facts(table: Table) -> str:
    """Where the rows come from, who may read them, and what a copy does with them, as a list."""
    paths = [table.path, *([table.retrieve] if table.retrieve else []), *(other.path for other in table.alternates)]
    host = "" if table.host is Host.API else f" of {table.host.value}"
    facts = {
        "Endpoint": f"{', '.join(f'`{path}`' for path in paths)}{host}: {_PAGES[table.paging]}",
        "Documentation": f"<{table.docs}>" if table.module is None else "none by Harvest",
        "Who may read it": table.permission + _narrowed(table),
        "Rate limit": _LIMITS[table.limit],
    }
    if table.parent is not None:
        facts["Requests"] = f"one list for each of the {_link(table.parent.table)} that match the conditions"
    if table.items is not None:
        facts["Rows"] = f"the elements of `{table.items}` in each record of the endpoint"
    if table.max_span_days is not None:
        facts["Period"] = f"any; more than {table.max_span_days} days are requested in pieces, and added up"
    if table.updates is not None:
        facts["Last change"] = (
            f"`{table.updates.name}`, by which [a copy of your own](../incremental.md) finds what changed"
        )
    facts["In a copy"] = _copied(table)
    children = sorted({other.name for other in TABLES.values() for each in other.columns if _refers(each, table)})
    if children:
        facts["Referred to by"] = ", ".join(_link(name) for name in children)
    return "\n".join(f"* **{name}**: {text}" for name, text in facts.items())


def _narrowed(table: Table) -> str:
    return (
        ". Users who are not administrators get [a part of the rows](../access.md), without a notice"
        if table.narrowed
        else ""
    )


def _copied(table: Table) -> str:
    """What `harvest-duck sync` does with the table."""
    found = next((each for each in MIRRORED if each.name == table.name), None)
    if found is None:
        return "no: it is read live"
    return f"[yes](../mirror.md), {_COPIES[found.kind].format(source=found.source, days=found.turn.days)}"


def _refers(column: Column, table: Table) -> bool:
    return column.name != "account_id" and (column.references or "").partition(".")[0] == table.name


def _link(table: str, column: str = "") -> str:
    return f"[`{table}.{column}`]({table}.md)" if column else f"[`{table}`]({table}.md)"
