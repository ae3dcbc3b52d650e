"""`harvest-duck sync` and `harvest-duck status`: what they say, to people and to programs, and how they end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.clocks import PATIENCE_S
from support.command import COMMAND, run, start
from support.held import held

import harvest_duck
from harvest_duck.cli import completion
from harvest_duck.cli.status import lines
from harvest_duck.cli.sync_report import plan_lines, progress_line, summary_lines, unproven_lines
from harvest_duck.cli.terminal import Screen
from harvest_duck.mirror.model import PlannedTable, SyncProgress, SyncResult, TableResult
from harvest_duck.mirror.run_lock import Holder
from harvest_duck.mirror.run_records import SyncRun
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aiohttp import web

#: A list that is always read whole, and one that is not, because ten of its records are a page here.
SHORT, LONG = "clients", "time_entries"
TABLES = (SHORT, LONG)


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    """An account with 45 time entries, which no test changes for good."""
    with Sandbox(seed=7, scale=0.05, time_entries=45, limits=False) as running:
        yield running


@pytest.fixture
def harvest(small: Sandbox) -> Iterator[Sandbox]:
    """The same, as it was, with an empty log."""
    before = {table: small.records(MAIN_ID, table) for table in TABLES}
    small.clear_log()
    yield small
    small.on_request = None
    small.clear_responses()
    for table, records in before.items():
        small.replace(MAIN_ID, table, records)


@pytest.fixture
def account(harvest: Sandbox) -> str:
    """The connection string of its administrator; ten records are a page, so that its time is ten pages."""
    return f"{harvest.connection_string()};Pagesize=10;RateLimit=off"


@pytest.fixture(scope="module")
def made(small: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], Path]:
    """What puts a copy of a table into a folder; each is made once."""
    folder = tmp_path_factory.mktemp("made")

    @cache
    def first(table: str) -> bytes:
        path = folder / f"{table}.duckdb"
        harvest_duck.sync(f"{small.connection_string()};Pagesize=10;RateLimit=off", path, tables=[table])
        return path.read_bytes()

    def put(table: str, target: Path) -> Path:
        path = target / "acme.duckdb"
        path.write_bytes(first(table))
        small.clear_log()
        path.chmod(0o600)
        return path

    return put


@pytest.fixture
def copy(made: Callable[[str, Path], Path], tmp_path: Path) -> Path:
    """A copy of the clients."""
    return made(SHORT, tmp_path)


@pytest.fixture
def timed(made: Callable[[str, Path], Path], tmp_path: Path) -> Path:
    """A copy of the time entries."""
    return made(LONG, tmp_path)


def without(sandbox: Sandbox, table: str, number: int) -> None:
    """Delete the first so many records of a table at Harvest."""
    sandbox.replace(MAIN_ID, table, sandbox.records(MAIN_ID, table)[number:])


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query over a copy."""
    with duckdb.connect(path, read_only=True) as con:
        return con.execute(sql).fetchall()


def test_the_first_sync_tells_each_table_and_the_sum(harvest: Sandbox, account: str, tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    ended = run("sync", *TABLES, "--to", str(path), connection=account)
    assert (ended.returncode, ended.stderr) == (0, "")
    *tables, last = ended.stdout.splitlines()
    counts = {table: len(harvest.records(MAIN_ID, table)) for table in TABLES}
    told = {line.split()[0]: line.split()[1:] for line in tables}
    assert told == {"me": ["1", "inserted"]} | {table: [f"{count}", "inserted"] for table, count in counts.items()}
    requests = len(harvest.requests)
    assert last.startswith(f"{path}: first copy, {sum(counts.values()) + 1} inserted; {requests} requests in ")
    assert "; all 3 tables proven whole as of 20" in last
    assert {table: rows(path, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES} == counts


def test_an_unchanged_copy_is_one_line(account: str, copy: Path) -> None:
    ended = run("sync", "--to", str(copy), connection=account)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"{copy}: nothing changed; ")
    assert len(ended.stdout.splitlines()) == 1


def test_a_plan_sends_nothing_and_says_what_a_sync_sends(harvest: Sandbox, account: str, timed: Path) -> None:
    shown = run("sync", "--to", str(timed), "--explain", connection=account)
    planned = json.loads(run("sync", "--to", str(timed), "--explain", "--json", connection=account).stdout)
    assert (shown.returncode, shown.stderr, harvest.requests) == (0, "", [])
    assert [line.split()[0] for line in shown.stdout.splitlines()[2:-1]] == [
        each["table"] for each in planned["tables"]
    ]
    assert shown.stdout.splitlines()[-1] == (
        f"{planned['requests']} requests if nothing changed; never more than {planned['most']}, whatever was deleted"
    )
    assert run("sync", "--to", str(timed), connection=account).returncode == 0
    assert len(harvest.requests) == planned["requests"]


def test_a_plan_names_what_has_no_room() -> None:
    plan = [PlannedTable("project_assignment_task_assignments", "with its records", "they come with others", 0, 0)]
    assert "(not shown without --json: how, why)" in list(plan_lines(plan, Screen(70)))
    assert "why" in next(plan_lines(plan, Screen()))


def test_the_plan_of_a_first_copy_says_that_it_cannot_know(harvest: Sandbox, account: str, tmp_path: Path) -> None:
    ended = run("sync", "--to", str(tmp_path / "acme.duckdb"), "--explain", connection=account)
    assert ended.stdout.splitlines()[-1].split("; not known beforehand for ")[1:]
    assert (harvest.requests, [*tmp_path.iterdir()]) == ([], [])


def test_json_is_one_object_of_the_result(harvest: Sandbox, account: str, copy: Path) -> None:
    without(harvest, "clients", 1)
    ended = run("sync", "--to", str(copy), "--json", connection=account)
    found = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr, found["error"]) == (0, "", None)
    assert (found["path"], found["account_id"], found["depth"]) == (str(copy), MAIN_ID, "usual")
    assert (found["inserted"], found["deleted"], found["published"], found["proven"]) == (0, 1, True, True)
    assert found["requests"] == len(harvest.requests) == sum(each["requests"] for each in found["tables"])
    assert datetime.fromisoformat(found["started_at"]) <= datetime.fromisoformat(found["ended_at"])
    (clients,) = [each for each in found["tables"] if each["table"] == "clients"]
    assert (clients["deleted"], clients["rows"]) == (1, len(harvest.records(MAIN_ID, "clients")))
    assert datetime.fromisoformat(clients["proven_at"]).tzinfo is not None


def test_a_failure_is_one_line_and_an_object_and_leaves_the_file(harvest: Sandbox, account: str, copy: Path) -> None:
    before = copy.read_bytes()
    harvest.respond_next("/v2/clients", status=401, body={}, times=9)
    ended = run("sync", "--to", str(copy), "--json", connection=account)
    assert ended.returncode == 1
    assert ended.stderr.startswith("harvest-duck: clients page 1: Harvest answered 401")
    assert json.loads(ended.stdout) == {
        "error": ended.stderr.removeprefix("harvest-duck: ").rstrip("\n"),
        "path": str(copy),
    }
    assert copy.read_bytes() == before


def test_tables_that_are_left_out_are_counted_and_no_failure(tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, 16, 50, tzinfo=UTC)
    tables = (
        TableResult("clients", "whole list", 1, 4, 0, 0, 0, now),
        TableResult("invoices", "left out", 1, 0, 0, 0, 0, None, "Harvest answered 403", readable=False),
    )
    result = SyncResult(tmp_path, 2, MAIN_ID, "usual", now, now, 3, tables)
    (line,) = summary_lines(tmp_path, result, Screen())
    assert line.endswith("; 3 requests in 0 s; 1 table proven whole as of 2026-11-20 16:50:00 UTC; 1 table left out")
    assert (result.proven, list(unproven_lines(result))) == (True, [])


@pytest.mark.parametrize(
    ("arguments", "ends"),
    [
        (["clients"], (2, "Missing option '--to'")),
        (["--to", "a.duckdb", "--check-deletes", "some"], (2, "'recent', 'all', 'none'")),
        (["--to", "a.duckdb", "clents"], (1, 'no Harvest table "clents"; did you mean "clients"?')),
        (["--to", "a.duckdb", "report_uninvoiced"], (1, "report_uninvoiced is in no copy")),
        (["--to", "a.duckdb", "-c", "AccountId=1;APIKy=x"], (1, "there is no property APIKy")),
    ],
)
def test_a_mistake_sends_nothing_and_leaves_no_file(
    arguments: list[str], ends: tuple[int, str], harvest: Sandbox, account: str, tmp_path: Path
) -> None:
    ended = run("sync", *arguments, connection=account, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (ends[0], "")
    assert ends[1] in ended.stderr
    assert (harvest.requests, [*tmp_path.iterdir()]) == ([], [])


def test_a_quiet_sync_says_nothing_and_its_token_may_come_from_a_file(account: str, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("sandbox-admin-token\n")
    bare = ";".join(part for part in account.split(";") if not part.startswith("APIKey="))
    ended = run("sync", "--to", str(copy), "--quiet", "-c", bare, "--token-file", str(tmp_path / "token"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_another_sync_that_runs_is_a_status_of_its_own(harvest: Sandbox, account: str, copy: Path) -> None:
    with held(harvest, "/clients") as hold:
        first = threading.Thread(target=harvest_duck.sync, args=(account, copy))
        first.start()
        assert hold.arrived.wait(PATIENCE_S)
        ended = run("sync", "--to", str(copy), connection=account)
        told = run("status", str(copy))
        hold.let_go()
        first.join()
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (4, "", 1)
    assert f"{os.getpid()}" in ended.stderr
    assert f"{os.getpid()}" in told.stdout


def test_what_would_take_too_much_away_is_asked_for(harvest: Sandbox, account: str, timed: Path) -> None:
    before = timed.read_bytes()
    without(harvest, "time_entries", 20)
    refused = run("sync", "--to", str(timed), connection=account.replace("Pagesize=10;", ""))
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (5, "", 1)
    assert "20 of 45" in refused.stderr
    assert "--accept-deletes" in refused.stderr
    assert timed.read_bytes() == before
    accepted = run("sync", "--to", str(timed), "--accept-deletes", connection=account.replace("Pagesize=10;", ""))
    assert (accepted.returncode, accepted.stdout.splitlines()[0]) == (0, "time_entries  20 deleted")
    assert rows(timed, "SELECT count(*) FROM deleted.time_entries") == [(20,)]


def test_earlier_versions_are_kept_from_one_option_to_the_other(harvest: Sandbox, account: str, copy: Path) -> None:
    first, *others = harvest.records(MAIN_ID, SHORT)
    assert run("sync", "--to", str(copy), "--history", connection=account).returncode == 0
    harvest.replace(MAIN_ID, SHORT, [first | {"name": "New"}, *others])
    assert run("sync", "--to", str(copy), connection=account).returncode == 0
    assert rows(copy, "SELECT name FROM history.clients") == [(first["name"],)]
    told = run("status", str(copy)).stdout.splitlines()
    assert [re.sub(r"[-:\d]+ [:\d]+ UTC", "…", line) for line in told if "history" in line] == [
        "history: since …; 1 earlier version"
    ]
    assert run("sync", "--to", str(copy), "--no-history", connection=account).returncode == 0
    assert rows(copy, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'history'") == []


def test_a_history_that_another_program_changed_is_an_error(account: str, copy: Path) -> None:
    assert run("sync", "--to", str(copy), "--history", connection=account).returncode == 0
    with duckdb.connect(copy) as con:
        con.execute("DROP TABLE history.clients")
    ended = run("sync", "--to", str(copy), connection=account)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert f"{copy}: another program made, dropped or replaced history.clients, as the tables" in ended.stderr
    assert "end the history by --no-history" in ended.stderr
    assert run("sync", "--to", str(copy), "--no-history", connection=account).returncode == 0


def test_a_table_that_is_not_proven_is_a_status_of_its_own(harvest: Sandbox, account: str, timed: Path) -> None:
    """An entry with an old `updated_at` enters each time that Harvest counts."""
    old, numbers = harvest.records(MAIN_ID, "time_entries")[-1], count(1)

    async def enter(request: web.BaseRequest) -> None:
        if request.path.endswith("/time_entries") and request.query.get("per_page") == "1":
            entries = harvest.records(MAIN_ID, "time_entries")
            harvest.replace(MAIN_ID, "time_entries", [*entries, old | {"id": next(numbers)}])

    harvest.on_request = enter
    ended = run("sync", "--to", str(timed), connection=account)
    assert ended.returncode == 3, ended
    assert ended.stderr.startswith("harvest-duck: time_entries is not proven whole: ")
    assert len(ended.stderr.splitlines()) == 1
    assert "1 of 2 tables proven whole" in ended.stdout


def test_a_sync_that_looks_for_no_deletes_is_no_failure(harvest: Sandbox, account: str, timed: Path) -> None:
    without(harvest, "time_entries", 1)
    ended = run("sync", "--to", str(timed), "--check-deletes", "none", connection=account)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "; 1 of 2 tables proven whole" in ended.stdout


@pytest.mark.thorough
def test_ctrl_c_leaves_the_file_as_it_was(harvest: Sandbox, account: str, copy: Path) -> None:
    before = copy.read_bytes()
    with held(harvest, "/clients") as hold, start("sync", "--to", str(copy), connection=account) as process:
        assert hold.arrived.wait(PATIENCE_S)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGINT
        assert process.stderr is not None
        assert process.stderr.read() == "\ninterrupted\n"
    assert copy.read_bytes() == before
    assert run("sync", "--to", str(copy), "--quiet", connection=account).returncode == 0


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_shows_how_far_a_sync_is(harvest: Sandbox, account: str, tmp_path: Path) -> None:
    import pty  # noqa: PLC0415 - not on every system

    command = [*COMMAND, "sync", SHORT, "--to", str(tmp_path / "acme.duckdb"), "-c", account]
    ours, theirs = pty.openpty()
    said = ""
    with (
        held(harvest, "/clients") as hold,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process,
    ):
        os.close(theirs)
        while "clients: " not in said:
            said += os.read(ours, 4096).decode()
        hold.let_go()
        with suppress(OSError):  # the end of a pseudo-terminal is an error
            while more := os.read(ours, 4096):
                said += more.decode()
        assert process.stdout is not None
        assert b"first copy, " in process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    assert "1/2 clients: " in said
    assert said.endswith("\r\x1b[1A\x1b[2K"), "the line is gone"


def test_status_tells_whose_copy_it_is_and_of_each_table(harvest: Sandbox, copy: Path) -> None:
    ended = run("status", str(copy))
    assert (ended.returncode, ended.stderr, harvest.requests) == (0, "", [])
    head, last, blank, names, _, *listed = ended.stdout.splitlines()
    assert head.startswith(f"{copy}: account {MAIN_ID} as user {harvest.records(MAIN_ID, 'me')[0]['id']} sees it, ")
    assert last.startswith("last sync: done, first, ")
    assert (blank, names.split()) == ("", ["table", "rows", "deleted", "MiB", "proven", "values"])
    assert {line.split()[0]: line.split()[1:3] for line in listed if line[0] != "("} == {
        table: [f"{len(harvest.records(MAIN_ID, table))}", "0"] for table in ("me", SHORT)
    }


def test_status_as_json_has_the_moments(copy: Path) -> None:
    found = json.loads(run("status", str(copy), "--json").stdout)
    assert (found["account_id"], found["running"], found["last_run"]["outcome"]) == (MAIN_ID, None, "done")
    assert found["size_bytes"] == copy.stat().st_size
    for table in found["tables"]:
        assert datetime.fromisoformat(table["proven_at"]).tzinfo is not None


def test_status_tells_of_a_sync_that_was_killed_and_of_one_that_runs(copy: Path) -> None:
    now = datetime(2026, 11, 20, 16, 50, tzinfo=UTC)
    killed = SyncRun(7, now - timedelta(hours=3), None, "usual", None, None, None, None, None, None)
    holder = Holder(4711, "ada", now - timedelta(minutes=2))
    found = replace(harvest_duck.mirror_status(copy), last_run=killed, running=holder)
    told = [*lines(copy, found, now, Screen())][1:3]
    assert told == ["last sync: not ended, usual, 3 h ago", "a sync is running for 2 min: process 4711 on ada"]


def test_status_of_what_is_no_copy_is_one_line(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "other.duckdb") as con:
        con.execute("CREATE TABLE t (i INTEGER)")
    (tmp_path / "text.duckdb").write_text("not a database")
    for name in ("other.duckdb", "text.duckdb", "missing.duckdb"):
        ended = run("status", str(tmp_path / name))
        assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
        assert name in ended.stderr


class Enough(Exception):
    """What ends a sync out of its progress."""


def test_progress_is_told_while_the_limit_lets_no_request_go(harvest: Sandbox, account: str, tmp_path: Path) -> None:
    told: list[SyncProgress] = []

    def tell(latest: SyncProgress) -> None:
        told.append(latest)
        if latest.waits_s:
            raise Enough

    path = tmp_path / "acme.duckdb"
    with pytest.raises(Enough):
        harvest_duck.sync(account.replace("=off", "=1/3600"), path, tables=[SHORT], on_progress=tell)
    assert (told[-1].table, told[-1].tables_done, told[-1].tables_total) == (SHORT, 1, 2)
    assert (told[-1].requests, len(harvest.requests)) == (1, 1)
    assert 3000 < told[-1].waits_s <= 3600


def test_what_is_expected_of_children_is_known_when_their_parents_are(account: str, tmp_path: Path) -> None:
    told: list[SyncProgress] = []
    tables = ["invoice_payments"]
    done = harvest_duck.sync(account, tmp_path / "acme.duckdb", tables=tables, on_progress=told.append)
    expected = {each.requests_expected for each in told if each.table == "invoice_payments"}
    assert expected == {done.requests}
    assert {each.left_s is None for each in told if each.table == "invoices"} == {True}
    assert {each.tables_total for each in told if each.table != "me"} == {3}


PROGRESS = SyncProgress("time_entries", 3, 37, 43, 120, 86_000, 46.5, 72.0, 0.0)


@pytest.mark.parametrize(
    ("changes", "width", "shown"),
    [
        ({}, 78, "3/37 time_entries: 43 of 120 requests, 86,000 rows, 1,849/s, 1 min 12 s left"),
        ({}, 70, "3/37 time_entries: 43 of 120 requests, 86,000 rows, 1 min 12 s left"),
        ({}, 60, "3/37 time_entries: 43 of 120 requests, 1 min 12 s left"),
        ({"requests_expected": None, "left_s": None}, 78, "3/37 time_entries: 43 requests, 86,000 rows, 1,849/s"),
        ({"elapsed_s": 0.1}, 78, "3/37 time_entries: 43 of 120 requests, 86,000 rows, 1 min 12 s left"),
        ({"waits_s": 12.0}, 80, "3/37 time_entries: 43 of 120 requests, waits 12 s (limit), 1 min 12 s left"),
        ({"waits_s": 12.0}, 30, "3/37 time_entries: 43 of 120 requests, waits 12 s (limit)"),
    ],
)
def test_a_line_of_progress_leaves_out_what_has_no_room(changes: dict[str, Any], width: int, shown: str) -> None:
    assert progress_line(replace(PROGRESS, **changes), 0.0, width) == shown


def test_a_line_of_progress_counts_down_while_nothing_comes() -> None:
    waiting = replace(PROGRESS, waits_s=12.0)
    assert progress_line(waiting, 10.0, 200).endswith("waits 2 s (limit), 1 min 02 s left")
    assert progress_line(waiting, 100.0, 200).endswith("1,849/s, 0 s left")


def test_tab_offers_the_tables_of_a_copy() -> None:
    offered = completion.copied_tables(None, None, "invoice_")  # type: ignore[arg-type]
    assert "invoice_payments" in offered
    assert "invoice_message_templates" not in offered
    assert not completion.copied_tables(None, None, "report_")  # type: ignore[arg-type]
