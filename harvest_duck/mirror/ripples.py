"""What a change of one record does to others without a trace in them, carried over into the copy.

Names that records repeat are taken from the records that have them. A project's own rate applies also to hours that
were tracked before, so the time of a project is read again when one of its rates changed.

Source: https://support.getharvest.com/hc/en-us/articles/12522267831181
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from harvest_duck.mirror.embedded_columns import embedded_columns, update
from harvest_duck.mirror.tables import MIRRORED, Kind
from harvest_duck.pushdown.sql import identifier

if TYPE_CHECKING:
    import pyarrow as pa

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.run import Run
    from harvest_duck.mirror.working_copy import WorkingCopy

#: The columns that decide what time costs the client, by table, after that of the project.
RATES = {
    "projects": ("id", "bill_by", "is_billable", "hourly_rate"),
    "task_assignments": ("project_id", "billable", "hourly_rate"),
    "user_assignments": ("project_id", "use_default_rates", "hourly_rate"),
}
TIME = "time_entries"
#: The projects whose time is asked for in one scan.
_TOGETHER = 50


def update_embedded_columns(run: Run) -> None:
    """Take over the values that records repeat of others, also into tables that the run leaves alone.

    A later run would not know what this one has seen change. Inside a transaction of the copy.
    """
    for mirrored in MIRRORED:
        if mirrored.kind is Kind.RECORD or not run.copy.has_table(mirrored.name):
            continue
        columns = [each for each in embedded_columns(mirrored.table) if run.copy.has_table(each.parent)]
        for (parent, _), some in groupby(columns, key=lambda each: (each.parent, each.reference)):
            if run.changed[parent]:
                run.copy.update(mirrored.table, update(parent, list(some)))


def rates(copy: WorkingCopy, table: Table) -> pa.Table | None:
    """Return the rates in a table of the copy, None where the table has none."""
    if table.name not in RATES or not copy.has_table(table.name):
        return None
    names = ", ".join(identifier(name) for name in dict.fromkeys(("id", *RATES[table.name])))
    found: pa.Table = copy.con.sql(f"SELECT {names} FROM copy.main.{identifier(table.name)}").to_arrow_table()
    return found


def rerated_projects(copy: WorkingCopy, table: Table, before: pa.Table | None) -> set[int]:
    """Return the projects of which a rate in a table of the copy is another one than in `before`."""
    if before is None:
        return set()
    project, *others = (identifier(name) for name in RATES[table.name])
    differs = " OR ".join(f"now.{name} IS DISTINCT FROM earlier.{name}" for name in others)
    copy.con.register("rates_before", before)
    found = copy.run(
        f"SELECT DISTINCT now.{project} FROM copy.main.{identifier(table.name)} AS now "
        f"JOIN rates_before AS earlier USING (id) WHERE {differs}"
    )
    copy.con.unregister("rates_before")
    return {number for (number,) in found}


def forget_children(run: Run) -> None:
    """Let the next run that reads some children read those of the parents that this one has seen change.

    For tables of children that the run leaves alone; inside a transaction of the copy.
    """
    named = {each.name for each in run.tables}
    for mirrored in MIRRORED:
        if mirrored.kind is Kind.CHILDREN and mirrored.name not in named and run.copy.has_table(mirrored.name):
            run.copy.forget_parents_read(mirrored.name, run.changed[mirrored.source or ""])


def read_time_of(run: Run, table: Table, projects: set[int]) -> None:
    """Read the records of some projects again, whose amounts may be others now."""
    numbers = sorted(projects)
    for start in range(0, len(numbers), _TOGETHER):
        read = run.read(table, pc.field("project_id").isin(numbers[start : start + _TOGETHER]))
        with run.copy.transaction():
            run.apply(table, read)
