"""A copy of an account: what it holds, what keeps it up to date, and how much of Harvest that asks."""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from aiohttp import web

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import DeletesRefused, Forbidden, InvalidRequest, MirrorError, QueryError, Unauthorized
from harvest_duck.mirror.tables import MIRRORED
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harvest_duck.mirror.model import SyncProgress, SyncResult, TableResult

TIME = ["time_entries"]


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """An account that the tests of this module change."""
    with Sandbox(seed=11, scale=0.1, time_entries=400, limits=False) as running:
        yield running


@pytest.fixture
def harvest(small: Sandbox) -> str:
    """The connection to that account, with pages so small that its time entries are ten."""
    small.clear_log()
    small.clear_responses()
    return small.connection_string() + ";RateLimit=off;ReportsRateLimit=off;PageSize=40"


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


@contextmanager
def refused_ranges(small: Sandbox, *, after: int) -> Iterator[None]:
    """Answer so many requests for ranges of days, and refuse those that follow."""
    asked = itertools.count()

    async def refuse(request: web.BaseRequest) -> web.StreamResponse | None:
        ranged = "from" in request.query or "to" in request.query
        return web.Response(status=400) if ranged and next(asked) >= after else None

    small.on_request = refuse
    try:
        with pytest.raises(InvalidRequest):
            yield
    finally:
        small.on_request = None


def of(result: SyncResult, table: str) -> TableResult:
    return next(each for each in result.tables if each.table == table)


@pytest.mark.thorough
def test_a_copy_has_every_table_as_a_scan_reads_it_and_a_second_sync_sends_what_was_said(
    small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "acme.duckdb"
    first = harvest_duck.sync(harvest, path)
    assert (first.depth, first.published, first.proven, first.account_id) == ("first", True, True, MAIN_ID)
    assert first.requests == len(small.requests) == sum(each.requests for each in first.tables)
    assert [each.table for each in first.tables] == [each.name for each in MIRRORED]
    with duckdb.connect(str(path), read_only=True) as con:
        for each in MIRRORED:
            key = [(name, "ascending") for name in each.table.key]
            held = con.sql(f"FROM main.{each.name}").to_arrow_table()
            read = harvest_duck.scan(each.name, harvest).read_all().cast(held.schema)
            assert (held.sort_by(key) if key else held).equals(read.sort_by(key) if key else read), each.name
    small.clear_log()
    planned = harvest_duck.explain_sync(harvest, path)
    assert small.requests == []
    second = harvest_duck.sync(harvest, path)
    assert (second.depth, second.published, second.proven) == ("usual", False, True)
    assert (second.inserted, second.changed, second.deleted) == (0, 0, 0)
    assert {each.table: each.requests for each in second.tables} == {each.table: each.requests for each in planned}
    assert second.requests == len(small.requests)
    assert rows(path, "SELECT run, depth, outcome FROM mirror.sync_runs") == [(1, "first", "done")]


def test_columns_and_tables_have_the_comments_of_the_catalog(harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=["clients"])
    comments = rows(path, "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY ALL")
    assert comments == [(name, TABLES[name].description) for name in ("clients", "me")]
    listed = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'clients' AND schema_name = 'main'"
    assert dict(rows(path, listed)) == {column.name: column.description for column in TABLES["clients"].columns}


def test_a_record_that_is_gone_is_found_by_counting_and_kept_among_the_deleted(
    small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=TIME)
    quiet = {each.table: each for each in harvest_duck.explain_sync(harvest, path)}["time_entries"]
    gone = small.records(MAIN_ID, "time_entries")[150]["id"]
    small.account(MAIN_ID).delete("time_entries", gone)
    found = of(harvest_duck.sync(harvest, path), "time_entries")
    assert (found.inserted, found.changed, found.deleted) == (0, 0, 1)
    assert (quiet.requests or 0) < found.requests <= (quiet.most or 0)
    assert rows(path, "SELECT id, deleted_seen_at <= now() FROM deleted.time_entries") == [(gone, True)]
    assert rows(path, f"SELECT count(*) FROM main.time_entries WHERE id = {gone}") == [(0,)]


def test_what_belongs_to_a_deleted_invoice_goes_with_it(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=["invoice_payments", "invoice_line_items"])
    paid = Counter(each["invoice_id"] for each in small.records(MAIN_ID, "invoice_payments"))
    invoice, payments = paid.most_common(1)[0]
    small.account(MAIN_ID).delete("invoices", invoice)
    result = harvest_duck.sync(harvest, path)
    assert (of(result, "invoices").deleted, of(result, "invoice_payments").deleted) == (1, payments)
    assert of(result, "invoice_line_items").deleted > 0
    for table in ("invoice_payments", "invoice_line_items"):
        assert rows(path, f"SELECT DISTINCT invoice_id FROM deleted.{table}") == [(invoice,)]
    assert harvest_duck.sync(harvest, path).published is False


@pytest.mark.thorough
def test_new_names_reach_the_records_that_repeat_them(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    tables = ["clients", "projects", "users", "time_entries"]
    harvest_duck.sync(harvest, path, tables=tables)
    entry = small.records(MAIN_ID, "time_entries")[200]
    for table, key in (("clients", "client"), ("projects", "project")):
        small.account(MAIN_ID).rename(table, entry[key]["id"], f"Another {key}")
    result = harvest_duck.sync(harvest, path)
    assert of(result, "time_entries").changed > 0
    assert rows(path, f"SELECT client_name, project_name FROM time_entries WHERE id = {entry['id']}") == [
        ("Another client", "Another project")
    ]
    held = dict(rows(path, "SELECT id, client_name FROM time_entries"))
    assert held == {each["id"]: each["client"]["name"] for each in small.records(MAIN_ID, "time_entries")}
    assert harvest_duck.sync(harvest, path, whole=True).changed == 0


def test_a_rate_of_a_project_reaches_the_time_that_was_tracked_before(
    small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=["projects", "time_entries"])
    entries = Counter(each["project"]["id"] for each in small.records(MAIN_ID, "time_entries"))
    billed = [each["id"] for each in small.records(MAIN_ID, "projects") if each["bill_by"] == "Project"]
    project = max(billed, key=lambda each: entries[each])
    small.account(MAIN_ID).set_rate(project, Decimal("187.5"))
    assert of(harvest_duck.sync(harvest, path), "time_entries").changed > 0
    held = dict(rows(path, f"SELECT id, billable_rate FROM time_entries WHERE project_id = {project}"))
    served = [each for each in small.records(MAIN_ID, "time_entries") if each["project"]["id"] == project]
    assert held == {each["id"]: each["billable_rate"] for each in served}
    assert Decimal("187.5") in held.values()


@pytest.mark.thorough
def test_many_deletes_wait_for_a_persons_agreement(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=TIME)
    before = path.read_bytes()
    entries = small.records(MAIN_ID, "time_entries")
    small.replace(MAIN_ID, "time_entries", entries[30:])
    try:
        with pytest.raises(
            DeletesRefused, match=r"^time_entries: 30 of \d+ records are gone at Harvest, more than 5 %"
        ):
            harvest_duck.sync(harvest, path)
        assert path.read_bytes() == before
        found = harvest_duck.sync(harvest, path, accept_deletes=True)
        assert found.deleted == 30
    finally:
        small.replace(MAIN_ID, "time_entries", entries)
    back = harvest_duck.sync(harvest, path)
    assert (back.inserted, rows(path, "SELECT count(*) FROM deleted.time_entries")) == (30, [(0,)])


@pytest.mark.thorough
def test_many_children_that_are_gone_wait_for_a_persons_agreement(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=["invoice_messages"])
    before = path.read_bytes()
    messages = small.records(MAIN_ID, "invoice_messages")
    small.replace(MAIN_ID, "invoice_messages", messages[11:])
    try:
        with pytest.raises(DeletesRefused, match=r"^invoice_messages: 11 of \d+ records are gone at Harvest"):
            harvest_duck.sync(harvest, path, whole=True)
        assert path.read_bytes() == before
        assert harvest_duck.sync(harvest, path, whole=True, accept_deletes=True).deleted == 11
    finally:
        small.replace(MAIN_ID, "invoice_messages", messages)


def test_a_copy_stays_that_of_one_account_and_one_user(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=["clients"])
    with pytest.raises(
        MirrorError, match="is a copy for account 1000001, and the connection is that of account 1000002"
    ):
        harvest_duck.sync(harvest.replace("AccountId=1000001", "AccountId=1000002"), path)
    member = small.connection_string(role="member") + ";RateLimit=off"
    with pytest.raises(MirrorError, match=r"is a copy for user \d+, and the connection is that of user \d+"):
        harvest_duck.sync(member, path)
    with pytest.raises(MirrorError, match="the connection names 2 accounts, and a copy holds one"):
        harvest_duck.sync(harvest.replace("AccountId=1000001", "AccountId=*"), tmp_path / "both.duckdb")
    small.respond_next("/clients", status=401)
    with pytest.raises(Unauthorized):
        harvest_duck.sync(harvest, tmp_path / "begun.duckdb", tables=["clients"])
    with pytest.raises(MirrorError, match=r"begun for user \d+, and .* or remove begun\.duckdb\.part to begin anew$"):
        harvest_duck.sync(member, tmp_path / "begun.duckdb", tables=["time_entries"])


def test_a_copy_has_what_its_user_may_read(small: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    member = small.connection_string(role="member") + ";RateLimit=off;ReportsRateLimit=off"
    result = harvest_duck.sync(member, path)
    left_out = {each.table for each in result.tables if not each.readable}
    assert result.proven
    assert {"clients", "invoices", "users"} <= left_out
    assert not of(result, "time_entries").note
    held = {name for (name,) in rows(path, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'")}
    assert held == {each.table for each in result.tables if each.readable}
    with pytest.raises(Forbidden):
        harvest_duck.sync(member, tmp_path / "other.duckdb", tables=["clients"])


@pytest.mark.thorough
def test_other_rights_read_all_again_and_bury_nothing(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=TIME)
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE mirror.source SET rights = 'those of a manager'")
    entries = small.records(MAIN_ID, "time_entries")
    small.replace(MAIN_ID, "time_entries", entries[::2])
    try:
        result = harvest_duck.sync(harvest, path)
    finally:
        small.replace(MAIN_ID, "time_entries", entries)
    assert (result.depth, of(result, "time_entries").method) == ("whole", "whole, by days")
    assert rows(path, "SELECT count(*) FROM time_entries") == [(len(entries[::2]),)]
    assert rows(path, "SELECT count(*) FROM deleted.time_entries") == [(0,)]


@pytest.mark.thorough
def test_what_is_out_of_sight_since_rights_changed_during_a_sync_is_not_called_deleted(
    small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=TIME)
    before, account = path.read_bytes(), small.account(MAIN_ID)
    (me,) = small.records(MAIN_ID, "me")

    def demote(progress: SyncProgress) -> None:
        if progress.table == "time_entries":
            account.edit("users", me["id"], {"access_roles": ["member"]})

    try:
        with pytest.raises(MirrorError, match=r"^the rights of the user changed while the sync ran"):
            harvest_duck.sync(harvest, path, accept_deletes=True, on_progress=demote)
        assert path.read_bytes() == before
        found = harvest_duck.sync(harvest, path)
    finally:
        account.edit("users", me["id"], {"access_roles": me["access_roles"]})
    assert (found.depth, rows(path, "SELECT count(*) FROM deleted.time_entries")) == ("whole", [(0,)])
    assert rows(path, "SELECT count(*) FROM time_entries") < [(len(small.records(MAIN_ID, "time_entries")),)]


def test_a_list_that_changes_while_it_is_read_whole_is_read_again(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    assignments = small.records(MAIN_ID, "user_assignments")
    pages = -(-len(assignments) // 15)
    gone = assignments[0]["id"], assignments[-1]["id"]

    async def delete(request: web.BaseRequest) -> None:
        if "cursor" in request.query:
            small.replace(MAIN_ID, "user_assignments", [each for each in assignments if each["id"] not in gone])

    small.on_request = delete
    try:
        found = harvest_duck.sync(harvest.replace("PageSize=40", "PageSize=15"), path, tables=["user_assignments"])
        held = {number for (number,) in rows(path, "SELECT id FROM user_assignments")}
        assert held == {each["id"] for each in small.records(MAIN_ID, "user_assignments")}
    finally:
        small.on_request = None
        small.replace(MAIN_ID, "user_assignments", assignments)
    assert (found.proven, of(found, "user_assignments").requests > pages) == (True, True)


@pytest.mark.thorough
def test_a_column_that_is_new_in_the_catalog_is_read_for_all_rows(harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=TIME)
    with duckdb.connect(str(path)) as con:
        con.execute("ALTER TABLE time_entries DROP COLUMN notes")
        con.execute("UPDATE mirror.proofs SET columns = replace(columns, 'notes VARCHAR, ', '')")
    result = harvest_duck.sync(harvest, path)
    assert of(result, "time_entries").method == "whole, by days"
    read = harvest_duck.scan("time_entries", harvest, columns=["id", "notes"]).read_all().to_pylist()
    assert dict(rows(path, "SELECT id, notes FROM time_entries")) == {each["id"]: each["notes"] for each in read}


def test_a_first_copy_goes_on_where_it_was_stopped(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    told: list[SyncProgress] = []
    with refused_ranges(small, after=6):
        harvest_duck.sync(harvest, path, tables=TIME, on_progress=told.append)
    assert {each.table for each in told} == {"me", "time_entries"}
    assert not path.exists()
    # Each once, in the order in which they were asked for; the last one was not read to its end.
    before = list(dict.fromkeys((each.query.get("from"), each.query.get("to")) for each in small.requests))
    *done, _ = [each for each in before if each != (None, None)]
    small.clear_log()
    assert harvest_duck.sync(harvest, path, tables=TIME).proven
    assert done
    assert not {(each.query.get("from"), each.query.get("to")) for each in small.requests}.intersection(done)
    assert rows(path, "SELECT count(*) FROM time_entries") == [(len(small.records(MAIN_ID, "time_entries")),)]


@pytest.mark.thorough
def test_a_first_copy_that_goes_on_with_other_names_is_not_published_before_it_has_the_earlier_ones(
    small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "acme.duckdb"
    with refused_ranges(small, after=6):
        harvest_duck.sync(harvest, path, tables=TIME)
    found = harvest_duck.sync(harvest, path, tables=["clients"])
    assert [each.table for each in found.tables] == ["me", "clients", "time_entries"]
    assert found.proven
    assert rows(path, "SELECT count(*) FROM time_entries") == [(len(small.records(MAIN_ID, "time_entries")),)]
    assert rows(path, "SELECT list_sort(tables) FROM mirror.source") == [(["clients", "me", "time_entries"],)]


def test_a_table_that_is_refused_before_it_was_read_to_its_end_is_left_out(
    small: Sandbox, harvest: str, tmp_path: Path
) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=["invoices", "invoice_line_items"])
    with duckdb.connect(str(path)) as con:
        con.execute("DELETE FROM invoices WHERE id % 2 = 0")
        con.execute(
            "UPDATE mirror.proofs SET watermark = NULL, values_whole_at = NULL WHERE table_name LIKE 'invoice%'"
        )
    small.respond_next("/invoices", status=403)
    found = harvest_duck.sync(harvest, path)
    assert (found.proven, {each.table for each in found.tables if not each.readable}) == (
        True,
        {"invoices", "invoice_line_items"},
    )
    tables = "SELECT DISTINCT table_name FROM duckdb_tables() WHERE schema_name IN ('main', 'deleted')"
    assert rows(path, tables) == rows(path, "SELECT table_name FROM mirror.proofs") == [("me",)]
    assert of(harvest_duck.sync(harvest, path), "invoices").inserted == len(small.records(MAIN_ID, "invoices"))


@pytest.mark.thorough
def test_a_first_copy_starts_over_when_its_user_gets_other_rights(small: Sandbox, harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    entries = small.records(MAIN_ID, "time_entries")
    earlier, later = sorted((each for each in entries if not each["is_running"]), key=lambda each: each["spent_date"])[
        -2:
    ]
    try:
        small.replace(MAIN_ID, "time_entries", [each for each in entries if each is not later])
        with refused_ranges(small, after=6):
            harvest_duck.sync(harvest, path, tables=TIME)
        with duckdb.connect(str(path.with_name("acme.duckdb.part"))) as con:
            con.execute("UPDATE mirror.source SET rights = 'those of a manager'")
        # As many entries, one of which the user could not see before, although it is as old as the others.
        small.replace(MAIN_ID, "time_entries", seen := [each for each in entries if each is not earlier])
        assert harvest_duck.sync(harvest, path).proven
        held = {number for (number,) in rows(path, "SELECT id FROM time_entries")}
        assert held == {each["id"] for each in seen}
        assert rows(path, "SELECT tables FROM mirror.source") == [(["me", "time_entries"],)]
    finally:
        small.replace(MAIN_ID, "time_entries", entries)


def test_named_tables_are_those_of_later_syncs(harvest: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=["clients"])
    assert [each.table for each in harvest_duck.sync(harvest, path).tables] == ["me", "clients"]
    harvest_duck.sync(harvest, path, tables="tasks")
    assert [each.table for each in harvest_duck.sync(harvest, path).tables] == ["me", "clients", "tasks"]


@pytest.mark.thorough
def test_what_some_tables_change_in_others_is_carried_over(harvest: str, tmp_path: Path, small: Sandbox) -> None:
    path, account = tmp_path / "acme.duckdb", small.account(MAIN_ID)
    harvest_duck.sync(harvest, path, tables=["clients", "projects", "time_entries", "invoice_payments"])
    entry = next(each for each in account.records("time_entries") if each["billable_rate"])
    invoice = account.records("invoices")[0]["id"]
    account.rename("clients", entry["client"]["id"], "Another Name")
    account.edit("invoices", invoice, {"notes": "paid at last"})
    harvest_duck.sync(harvest, path, tables=["clients", "invoices"])
    (name,) = rows(path, f"SELECT client_name FROM time_entries WHERE id = {entry['id']}")
    assert name == ("Another Name",)
    small.clear_log()
    harvest_duck.sync(harvest, path)
    assert f"/v2/invoices/{invoice}/payments" in {each.path for each in small.requests}


@pytest.mark.thorough
def test_deletes_are_looked_for_as_asked(harvest: str, tmp_path: Path, small: Sandbox) -> None:
    path = tmp_path / "acme.duckdb"
    harvest_duck.sync(harvest, path, tables=TIME)
    none = harvest_duck.sync(harvest, path, check_deletes="none")
    assert (none.proven, of(none, "time_entries").note) == (False, "deleted records were not looked for")
    small.clear_log()
    planned = harvest_duck.explain_sync(harvest, path, check_deletes="all")
    assert harvest_duck.sync(harvest, path, check_deletes="all").requests == sum(each.requests or 0 for each in planned)
    with pytest.raises(QueryError, match="check_deletes is 'some': it is one of recent, all, none"):
        harvest_duck.sync(harvest, path, check_deletes="some")
