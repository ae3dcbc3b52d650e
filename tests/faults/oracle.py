"""The rows that a scan must return, from the records of the sandbox, and those it may return of changed records."""

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
    from harvest_duck.sandbox.faults.schedule import RecordChange


Row = dict[str, Any]


class Oracle:
    """The rows of the tables of a sandbox, without faults."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.rows = {name: _rows(TABLES[name], sandbox) for name in set(TABLE_NAMES)}
        self._records = {
            name: {record["id"]: record for record in sandbox.records(MAIN_ID, _around(TABLES[name]))}
            for name in set(TABLE_NAMES)
            if TABLES[name].max_span_days is None and name != "company"
        }

    def wrong(self, scenario: Scenario, found: Sequence[Row], changes: Sequence[RecordChange]) -> str:
        """Return how the rows that a scan `found` are wrong; an empty text if they are right.

        A changed record may come in any of its versions; it may be missing only if it did not exist throughout.
        """
        rows = self.rows[scenario.table.name]
        versions = self._versions(scenario.table, changes)
        apart = {row["id"] for each in versions for version in each for row in version}
        wanted = [row for row in rows if not apart or row["id"] not in apart]
        others = [row for row in found if apart and row.get("id") in apart]
        same = [row for row in found if not apart or row.get("id") not in apart]
        fault = different(scenario, same, [row for row in wanted if _kept(scenario, row)])
        return fault or _misplaced(scenario, others, versions)

    def _versions(self, table: Table, changes: Sequence[RecordChange]) -> list[list[list[Row]]]:
        """Return the rows of every version of each changed record.

        The children of a deleted parent exist in one version and not in the other.
        """
        gone = {
            each.record_id
            for each in changes
            if each.after is None and table.parent and each.table == table.parent.table
        }
        orphans = [row for row in self.rows[table.name] if table.parent and row[table.parent.param] in gone]
        states: dict[int, list[Row | None]] = {}
        name = _around(table)
        for each in changes:
            if _named(each.table) != TABLES[name].path.rpartition("/")[2]:
                continue
            original = self._records[table.name].get(each.record_id)
            known = states.setdefault(each.record_id, [original])
            known.append(_changed_record(each, original))
        changed = [[_rows_of_record(table, state) for state in known] for known in states.values()]
        return changed + [[[row], []] for row in orphans]


def _around(table: Table) -> str:
    return AROUND.get(table.name, (table.name, ""))[0]


def _named(path: str) -> str:
    """Return the table at a path: "clients" for "clients/7" and for "clients"."""
    return next(part for part in reversed(path.split("/")) if not part.isdecimal())


def _changed_record(changes: RecordChange, original: Row | None) -> Row | None:
    """Return the record as it was served; pages of children leave out the ids of their parents."""
    if changes.before is None or changes.after is None or original is None or original.keys() <= changes.before.keys():
        return changes.after
    same = changes.before.keys() & changes.after.keys()
    gone = changes.before.keys() - changes.after.keys()
    changes = {key: changes.after[key] for key in same if changes.after[key] != changes.before[key]}
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
    """Return how the rows differ from the `wanted` ones; an empty text if they are the same, each as often."""
    here, there = (Counter(_projected(scenario, row) for row in rows) for rows in (found, wanted))
    if here == there:
        return ""
    lost, added = there - here, here - there
    return f"{lost.total()} rows lost, {added.total()} too many; lost {list(lost)[:1]}, too many {list(added)[:1]}"


def _misplaced(scenario: Scenario, found: Sequence[Row], versions: list[list[list[Row]]]) -> str:
    """Return how the rows of changed records are wrong; an empty text if they are right."""
    came = Counter(row["id"] for row in found)
    if came and max(came.values()) > 1:
        return f"{came.most_common(1)[0]} is the number of rows of a changed record"
    for states in versions:
        kept = [{row["id"]: _projected(scenario, row) for row in state if _kept(scenario, row)} for state in states]
        for identity in {each for state in kept for each in state}:
            allowed = {state[identity] for state in kept if identity in state}
            got = {_projected(scenario, row) for row in found if row["id"] == identity}
            if not got <= allowed:
                return f"the changed record {identity} has a version that never existed: {got}, not {allowed}"
            if not got and all(identity in state for state in kept):
                return f"the changed record {identity}, which existed throughout, is lost"
        known = {identity for state in kept for identity in state}
        mine = {row["id"] for state in states for row in state}
        if unexpected := [row for row in found if row["id"] in mine - known]:
            return f"a changed record that never meets the condition: {unexpected[0]}"
    return ""
