"""The rows of a copy: replaced, moved away and counted as an oracle does it with dictionaries."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror import definitions, mirror_file
from harvest_duck.mirror.history import relation_as_of
from harvest_duck.mirror.model import Changes
from harvest_duck.mirror.periods import Period
from harvest_duck.mirror.row_changes import Update
from harvest_duck.mirror.run_records import RunRecords
from harvest_duck.mirror.working_copy import Applied, WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.catalog.model import Table

INVOICES, LINES, PAYMENTS = TABLES["invoices"], TABLES["invoice_line_items"], TABLES["invoice_payments"]
HELD = {table.name: table for table in (INVOICES, LINES, PAYMENTS)}
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
MARCH = date(2026, 3, 1)

Row = dict[str, Any]


def arrow(table: Table, rows: Sequence[Row]) -> pa.Table:
    """The rows as the scanner gives them: every column, NULL where the row has none."""
    schema = schema_of(table)
    return pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in rows], schema=schema)


@contextmanager
def empty_copy() -> Iterator[WorkingCopy]:
    """A copy without tables, in memory."""
    with mirror_file.instance() as con:
        # Rows are few: more threads would only wait for each other.
        con.execute("SET threads = 1")
        con.execute("ATTACH ':memory:' AS copy")
        for statement in definitions.schemas():
            con.execute(statement)
        RunRecords(con).make_source("")
        yield WorkingCopy(con)


@pytest.fixture(scope="module")
def shared() -> Iterator[WorkingCopy]:
    """A copy with the tables of invoices."""
    with empty_copy() as copy:
        with copy.transaction():
            for table in HELD.values():
                copy.create(table)
        yield copy


@pytest.fixture
def copy(shared: WorkingCopy) -> WorkingCopy:
    """The same without rows."""
    with shared.transaction():
        for table in HELD:
            shared.run(f"DELETE FROM {definitions.main(table)}")
            shared.run(f"DELETE FROM {definitions.deleted(table)}")
        shared.forget_all()
    shared.changes.clear()
    shared.changed_rows = False
    return shared


# The oracle


@dataclass
class Oracle:
    """What the copy has to hold: rows and deleted rows by their keys, of each table."""

    rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=lambda: {name: {} for name in HELD})
    deleted: dict[str, dict[tuple[Any, ...], tuple[Row, datetime]]] = field(
        default_factory=lambda: {name: {} for name in HELD}
    )

    def apply(self, table: Table, rows: Sequence[Row]) -> tuple[Changes, set[int], set[int]]:
        """Replace by key, the last of several; return the changes, and the ids of new and of changed records."""
        came = {key_of(table, row): row for row in rows}
        here = self.rows[table.name]
        new = {key for key in came if key not in here}
        changed = {key for key, row in came.items() if key in here and here[key] != row}
        for key in came:
            self.deleted[table.name].pop(key, None)
        here.update(came)
        assert table.identity is not None
        at = table.key.index(table.identity.name)
        return Changes(len(new), len(changed)), {key[at] for key in new}, {key[at] for key in changed}

    def bury(self, table: Table, keys: set[tuple[Any, ...]], seen_at: datetime | None) -> int:
        """Move rows away, those of an invoice with its lines and payments; return how many."""
        if table is INVOICES:
            for child in (LINES, PAYMENTS):
                self.bury(
                    child, {k for k, row in self.rows[child.name].items() if (row["invoice_id"],) in keys}, seen_at
                )
        for key in keys:
            row = self.rows[table.name].pop(key)
            if seen_at is not None:
                self.deleted[table.name][key] = row, seen_at
        return len(keys)


def key_of(table: Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in table.key)


# Few values, so that rows meet; NULL and nested values among them.
IDS = st.integers(1, 4)
DETAILS = {
    INVOICES.name: {
        "number": st.sampled_from([None, "", "7"]),
        "issue_date": st.sampled_from([None, MARCH, MARCH + timedelta(days=1)]),
        "payment_options": st.sampled_from([None, [], ["ach"], [None]]),
        "line_items": st.sampled_from(
            [None, [], [{"id": 1, "kind": None}], [{"id": 1, "kind": "a", "project": {"id": 2}}]]
        ),
    },
    LINES.name: {"kind": st.sampled_from([None, "Service"]), "invoice_issue_date": st.sampled_from([None, MARCH])},
    PAYMENTS.name: {"notes": st.sampled_from([None, "late"])},
}


def rows_of(table: Table) -> st.SearchStrategy[list[Row]]:
    links = {} if table is INVOICES else {"invoice_id": IDS}
    return st.lists(st.fixed_dictionaries({"id": IDS} | links | DETAILS[table.name]), max_size=4)


def steps() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    tables = st.sampled_from([*HELD])
    applied = tables.flatmap(lambda name: st.tuples(st.just("apply"), st.just(name), rows_of(HELD[name])))
    within = tables.flatmap(
        lambda name: st.tuples(
            st.just("within"),
            st.just(name),
            rows_of(HELD[name]),
            st.none() if name == INVOICES.name else st.none() | st.sets(IDS).map(sorted),
            st.booleans(),
        )
    )
    buried = st.tuples(st.just("bury"), st.just(INVOICES.name), st.sets(IDS), st.booleans())
    return st.lists(st.one_of(applied, within, buried), min_size=1, max_size=8)


def whole(table: Table, row: Row) -> Row:
    """The row as DuckDB gives it back."""
    return arrow(table, [row]).to_pylist()[0]


def run_step(copy: WorkingCopy, oracle: Oracle, at: datetime, step: tuple[Any, ...]) -> None:
    """Do a step with both, and compare what they return."""
    kind, name, came, *rest = step
    table = HELD[name]
    if kind == "bury":
        seen_at = at if rest[0] else None
        there = {(each,) for each in came if (each,) in oracle.rows[table.name]}
        assert copy.bury(table, sorted(came), seen_at=at, tombstones=rest[0]) == oracle.bury(table, there, seen_at)
        return
    rows = [whole(table, row) for row in came]
    if kind == "apply":
        compare(copy.apply(table, arrow(table, came)), *oracle.apply(table, rows))
        return
    values, tombstones = rest
    column = None if values is None else "invoice_id"
    found = copy.replace_within(table, arrow(table, came), column, values, seen_at=at, tombstones=tombstones)
    keys = {key_of(table, row) for row in rows}
    lost = {
        key
        for key, row in oracle.rows[table.name].items()
        if key not in keys and (values is None or row["invoice_id"] in values)
    }
    changes, new, changed = oracle.apply(table, rows)
    compare(found, changes + Changes(deleted=oracle.bury(table, lost, at if tombstones else None)), new, changed)


def compare(found: Applied, changes: Changes, new: set[int], changed: set[int]) -> None:
    assert (found.changes, set(found.new_ids.to_pylist()), set(found.changed_ids.to_pylist())) == (
        changes,
        new,
        changed,
    )


def rows_held(oracle: Oracle) -> dict[str, Counter[str]]:
    return {name: Counter(repr(values(HELD[name], row)) for row in rows.values()) for name, rows in oracle.rows.items()}


@pytest.fixture(scope="module")
def historic() -> Iterator[WorkingCopy]:
    """A copy with the tables of invoices, which keeps their history."""
    with empty_copy() as copy:
        with copy.transaction():
            copy.keep_history(NOON, wanted=True)
            for table in HELD.values():
                copy.create(table)
            copy.end_history()
        yield copy


@settings(max_examples=share(40))
@given(steps())
def test_it_holds_what_the_oracle_holds_and_held_what_that_did(
    historic: WorkingCopy, drawn: list[tuple[Any, ...]]
) -> None:
    copy, oracle = historic, Oracle()
    with copy.transaction():
        for table in HELD:
            copy.run(f"DELETE FROM {definitions.main(table)}")
            copy.run(f"DELETE FROM {definitions.deleted(table)}")
            copy.run(f"DELETE FROM {definitions.earlier(table)}")
            copy.run(f"DELETE FROM {definitions.since(table)}")
        copy.run("UPDATE copy.mirror.history SET changed_at = began_at")
    held = {NOON: rows_held(oracle)}
    for number, step in enumerate(drawn):
        # Two steps to a run.
        at = NOON + timedelta(days=1 + number // 2)
        with copy.transaction():
            if not number % 2:
                copy.keep_history(at)
            run_step(copy, oracle, at, step)
            copy.end_history()
        held[at] = rows_held(oracle)
    for at, rows in held.items():
        for table in HELD.values():
            assert Counter(map(repr, read(copy, f"({relation_as_of(table, at)})"))) == rows[table.name], at
    for table in HELD.values():
        assert Counter(map(repr, read(copy, definitions.main(table.name)))) == rows_held(oracle)[table.name]
        tombstones = Counter(repr((*values(table, row), at)) for row, at in oracle.deleted[table.name].values())
        assert Counter(map(repr, read(copy, definitions.deleted(table.name)))) == tombstones


def read(copy: WorkingCopy, name: str) -> list[tuple[Any, ...]]:
    found = copy.con.sql(f"FROM {name}").to_arrow_table().to_pylist()
    return [tuple(v.astimezone(UTC) if isinstance(v, datetime) else v for v in row.values()) for row in found]


def values(table: Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.columns)


# Single claims


def test_lines_are_told_by_the_id_of_their_invoice(copy: WorkingCopy) -> None:
    lines = [{"invoice_id": 1, "id": 8}, {"invoice_id": 1, "id": 9}, {"invoice_id": 2, "id": 8}]
    with copy.transaction():
        applied = copy.apply(LINES, arrow(LINES, lines))
    assert (applied.changes, sorted(applied.new_ids.to_pylist())) == (Changes(inserted=3), [1, 2])
    assert copy.ids(LINES).to_pylist() in ([1, 2], [2, 1])


def test_rows_are_counted_and_named_by_day(copy: WorkingCopy) -> None:
    days = [None, MARCH, MARCH, MARCH + timedelta(days=2)]
    with copy.transaction():
        copy.apply(INVOICES, arrow(INVOICES, [{"id": number, "issue_date": day} for number, day in enumerate(days)]))
        copy.run("UPDATE copy.main.invoices SET updated_at = ? WHERE id < 2", [NOON])
    assert copy.count(INVOICES) == 4
    assert copy.counts_by_day(INVOICES) == {None: 1, MARCH: 2, MARCH + timedelta(days=2): 1}
    assert copy.rows_since(INVOICES, "updated_at", NOON) == 2
    found = {
        period: sorted(copy.ids(INVOICES, period).to_pylist())
        for period in (
            None,
            Period(),
            Period(MARCH, MARCH),
            Period(None, MARCH),
            Period(MARCH + timedelta(days=1), None),
        )
    }
    assert [*found.values()] == [[0, 1, 2, 3], [0, 1, 2, 3], [1, 2], [1, 2], [3]]


def test_what_belongs_to_a_record_that_is_gone_goes_with_it(copy: WorkingCopy) -> None:
    with copy.transaction():
        copy.apply(INVOICES, arrow(INVOICES, [{"id": 1}, {"id": 2}]))
        copy.apply(LINES, arrow(LINES, [{"invoice_id": 1, "id": 8}, {"invoice_id": 2, "id": 9}]))
        copy.apply(PAYMENTS, arrow(PAYMENTS, [{"invoice_id": 1, "id": 5}]))
        copy.set_parents_read(PAYMENTS.name, [1, 2], NOON)
    copy.changes.clear()
    with copy.transaction():
        assert copy.bury(INVOICES, [1, 7], seen_at=NOON) == 1
    assert copy.changes == dict.fromkeys(HELD, Changes(deleted=1))
    assert copy.parents_read(PAYMENTS.name) == {2: NOON}
    assert copy.run("SELECT invoice_id, id FROM copy.deleted.invoice_line_items") == [(1, 8)]


def test_tables_of_one_record_have_no_deleted_ones() -> None:
    with empty_copy() as copy:
        for name, first, second in (("company", "name", "week_start_day"), ("me", "first_name", "id")):
            table = TABLES[name]
            values = {first: "Acme", second: 1 if second == "id" else "Monday"}
            other = values | {second: 2 if second == "id" else "Sunday"}
            with copy.transaction():
                copy.create(table)
                results = [
                    copy.replace_within(table, arrow(table, [row]), seen_at=NOON).changes
                    for row in (values, values, other)
                ]
            assert results[:2] == [Changes(inserted=1), Changes()]
            assert results[2] == (Changes(changed=1) if name == "company" else Changes(inserted=1, deleted=1))
            assert copy.run(f"SELECT count(*) FROM copy.deleted.{name}") == [(0,)]


def test_names_in_rows_are_brought_up_to_date(copy: WorkingCopy) -> None:
    clients = TABLES["clients"]
    with copy.transaction():
        copy.create(clients)
        copy.apply(clients, arrow(clients, [{"id": 1, "name": "new"}, {"id": 2, "name": None}]))
        rows = [{"id": n, "client_id": n and 1 + n % 2, "client_name": "old"} for n in range(4)]
        copy.apply(INVOICES, arrow(INVOICES, rows))
        names = Update(
            "client_name = parent.name",
            definitions.main("clients"),
            "child.client_id = parent.id AND child.client_name IS DISTINCT FROM parent.name",
        )
        assert [copy.update(INVOICES, names) for _ in range(2)] == [3, 0]
        assert copy.changes["invoices"] == Changes(inserted=4, changed=3)
    assert copy.run("SELECT client_name FROM copy.invoices ORDER BY id") == [("old",), (None,), ("new",), (None,)]


def test_a_table_gets_the_columns_of_a_later_catalog() -> None:
    roles = TABLES["roles"]
    with empty_copy() as copy:
        with copy.transaction():
            copy.create(roles)
            copy.apply(roles, arrow(roles, [{"id": 1, "name": "Design", "user_ids": [7]}, {"id": 2, "name": "Gone"}]))
            copy.bury(roles, [2], seen_at=NOON)
            for schema in ("main", "deleted"):
                copy.run(f"ALTER TABLE copy.{schema}.roles DROP COLUMN created_at")
                copy.run(f"ALTER TABLE copy.{schema}.roles ALTER user_ids TYPE VARCHAR")
            copy.run("ALTER TABLE copy.main.roles ADD COLUMN former INTEGER")
            copy.set_proof("roles", columns="id BIGINT, name VARCHAR")
        copy.changed_rows = False
        copy.bring_up_to_date()
        assert copy.outdated() == ["roles"]
        described = copy.run("SELECT column_name, column_type FROM (DESCRIBE copy.main.roles)")
        assert described == [(column.name, column.type.sql) for column in roles.columns]
        assert copy.run("SELECT id, name, user_ids, created_at FROM copy.main.roles") == [(1, "Design", None, None)]
        assert copy.run("SELECT id, name, deleted_seen_at FROM copy.deleted.roles") == [(2, "Gone", NOON)]
        copy.changed_rows = False
        copy.bring_up_to_date()
        assert not copy.changed_rows, "it has them now"
        with copy.transaction():
            copy.set_proof("roles", columns=copy.signature("roles"))
        assert copy.outdated() == []


def test_every_table_of_the_catalog_is_as_it_should_be_when_it_is_made() -> None:
    """Else each opening of a copy would make it anew."""
    with empty_copy() as copy:
        with copy.transaction():
            for table in TABLES.values():
                copy.create(table)
        copy.changed_rows = False
        copy.bring_up_to_date()
        assert (copy.changed_rows, copy.outdated()) == (False, [])
        ((comments,),) = copy.run(
            "SELECT count(comment) FROM duckdb_columns() WHERE database_name = 'copy' AND schema_name = 'main'"
        )
        assert comments == sum(len(table.columns) for table in TABLES.values())


def test_a_copy_that_starts_over_has_no_rows_and_keeps_its_runs() -> None:
    with empty_copy() as copy:
        with copy.transaction():
            copy.begin_run("first", NOON)
            copy.create(INVOICES)
            copy.set_source(account_id=7, rights="x")
            copy.start_over()
        assert not copy.has_table("invoices")
        assert (copy.source().account_id, copy.source().format, copy.proofs(), len(copy.runs())) == (None, 1, {}, 1)
