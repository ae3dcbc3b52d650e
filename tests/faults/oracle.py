"""What a scan has to return, made from the records of the sandbox alone, and what it may where records changed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from faults.scenarios import SPAN, TABLE_NAMES
from support.sandbox_rows import AROUND, plain, row_of, rows_of

from harvest_duck.catalog.tables import TABLES
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from faults.scenarios import Scenario

    from harvest_duck.catalog.model import Table
    from harvest_duck.sandbox import Sandbox
    from harvest_duck.sandbox.faults.schedule import Touched

__all__ = ["Oracle", "Row", "different"]

Row = dict[str, Any]


class Oracle:
    """The rows of the tables of a sandbox, as they are before anything happens to them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.rows = {name: _rows(TABLES[name], sandbox) for name in set(TABLE_NAMES)}
        self._records = {
            name: {record["id"]: record for record in sandbox.records(MAIN_ID, _around(TABLES[name]))}
            for name in set(TABLE_NAMES)
            if TABLES[name].max_span_days is None and name != "company"
        }

    def wrong(self, scenario: Scenario, found: Sequence[Row], touched: Sequence[Touched]) -> str:
        """What is wrong with the rows that a scan found; nothing where it is right.

        A record that was touched may come as it was or as it became, or not at all where it was not there throughout.
        """
        rows = self.rows[scenario.table.name]
        versions = self._versions(scenario.table, touched)
        apart = {row["id"] for each in versions for version in each for row in version}
        wanted = [row for row in rows if not apart or row["id"] not in apart]
        others = [row for row in found if apart and row.get("id") in apart]
        same = [row for row in found if not apart or row.get("id") not in apart]
        fault = different(scenario, same, [row for row in wanted if _kept(scenario, row)])
        return fault or _misplaced(scenario, others, versions)

    def _versions(self, table: Table, touched: Sequence[Touched]) -> list[list[list[Row]]]:
        """For each record that was touched, the rows of every state that it was in.

        The children of a parent that was removed are there and then are not.
        """
        gone = {
            each.identity
            for each in touched
            if each.after is None and table.parent and each.table == table.parent.table
        }
        orphans = [row for row in self.rows[table.name] if table.parent and row[table.parent.param] in gone]
        states: dict[int, list[Row | None]] = {}
        name = _around(table)
        for each in touched:
            if _named(each.table) != TABLES[name].path.rpartition("/")[2]:
                continue
            original = self._records[table.name].get(each.identity)
            known = states.setdefault(each.identity, [original])
            known.append(_became(each, original))
        changed = [[_rows_of_record(table, state) for state in known] for known in states.values()]
        return changed + [[[row], []] for row in orphans]


def _around(table: Table) -> str:
    return AROUND.get(table.name, (table.name, ""))[0]


def _named(path: str) -> str:
    """The name of what stands at a path: of "clients/7" and "clients" it is clients."""
    return next(part for part in reversed(path.split("/")) if not part.isdecimal())


def _became(touched: Touched, original: Row | None) -> Row | None:
    """The record as it was told; a page of children leaves out the ids of their parents."""
    if touched.before is None or touched.after is None or original is None or original.keys() <= touched.before.keys():
        return touched.after
    same = touched.before.keys() & touched.after.keys()
    gone = touched.before.keys() - touched.after.keys()
    changes = {key: touched.after[key] for key in same if touched.after[key] != touched.before[key]}
    return {key: value for key, value in (original | changes).items() if key not in gone}


def _rows(table: Table, sandbox: Sandbox) -> list[Row]:
    names = [column.name for column in table.columns]
    if table.max_span_days is None:
        rows = rows_of(table, sandbox, MAIN_ID)
    else:
        fixed: Row = {"account_id": MAIN_ID, "from_date": SPAN[0], "to_date": SPAN[1]}
        reports = {"include_fixed_fee": True} if "include_fixed_fee" in table else {}
        found = sandbox.report(MAIN_ID, table.name, *SPAN, include_fixed_fee=reports.get("include_fixed_fee"))
        rows = [row_of(table, record, fixed | reports) for record in found]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _rows_of_record(table: Table, record: Row | None) -> list[Row]:
    if record is None:
        return []
    names, fixed = [column.name for column in table.columns], {"account_id": MAIN_ID}
    if table.name not in AROUND:
        return [dict(zip(names, row_of(table, record, fixed), strict=True))]
    items = record.get(table.items or "") or ()
    return [dict(zip(names, row_of(table, item, fixed, enclosing=record), strict=True)) for item in items]


def _kept(scenario: Scenario, row: Row) -> bool:
    return all(condition.keeps(row) for condition in scenario.conditions)


def _projected(scenario: Scenario, row: Mapping[str, Any]) -> str:
    return repr(plain(tuple(row[name] for name in scenario.columns)))


def different(scenario: Scenario, found: Iterable[Row], wanted: Iterable[Row]) -> str:
    """How the rows differ from those that are wanted; nothing where they are the same, each as often."""
    here, there = (Counter(_projected(scenario, row) for row in rows) for rows in (found, wanted))
    if here == there:
        return ""
    lost, added = there - here, here - there
    return f"{lost.total()} rows lost, {added.total()} too many; lost {list(lost)[:1]}, too many {list(added)[:1]}"


def _misplaced(scenario: Scenario, found: Sequence[Row], versions: list[list[list[Row]]]) -> str:
    """What is wrong with the rows of records that were touched."""
    came = Counter(row["id"] for row in found)
    if came and max(came.values()) > 1:
        return f"{came.most_common(1)[0]} is how often the row of a changed record came"
    for states in versions:
        kept = [{row["id"]: _projected(scenario, row) for row in state if _kept(scenario, row)} for state in states]
        for identity in {each for state in kept for each in state}:
            allowed = {state[identity] for state in kept if identity in state}
            got = {_projected(scenario, row) for row in found if row["id"] == identity}
            if not got <= allowed:
                return f"the changed record {identity} came as it never was: {got}, not {allowed}"
            if not got and all(identity in state for state in kept):
                return f"the changed record {identity}, which was there throughout, is lost"
        known = {identity for state in kept for identity in state}
        mine = {row["id"] for state in states for row in state}
        if strangers := [row for row in found if row["id"] in mine - known]:
            return f"a changed record came that the condition never keeps: {strangers[0]}"
    return ""
