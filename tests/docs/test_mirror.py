"""The page about keeping a copy prints what stands on it, and its reports and lists are those of the code.

`UPDATE_README=1 pytest tests/docs/test_mirror.py` writes outputs and reports anew.
"""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from support.examples import UPDATE, check_examples
from support.paths import DOCS

from harvest_duck.catalog.tables import TABLES
from harvest_duck.cli import failures, status
from harvest_duck.cli.sync_report import plan_lines, record, summary_lines
from harvest_duck.cli.terminal import Screen
from harvest_duck.mirror.limits import lagging_columns
from harvest_duck.mirror.model import PlannedTable, SyncResult, TableResult
from harvest_duck.mirror.run_records import SyncRun
from harvest_duck.mirror.status import MirrorStatus, TableStatus
from harvest_duck.mirror.table_plan import Method

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

PAGE = DOCS / "mirror.md"
NOW = datetime(2026, 11, 20, 16, 50, 53, tzinfo=UTC)
SCREEN = Screen(80)
RESULT = SyncResult(
    Path("acme.duckdb"),
    run=412,
    account_id=123456,
    depth="usual",
    started_at=NOW - timedelta(seconds=6),
    ended_at=NOW,
    published=True,
    requests=41,
    tables=(
        TableResult("clients", "whole list", 1, 25, 0, 0, 0, NOW),
        TableResult("time_entries", "changes and a count", 9, 2345, 31, 4, 1, NOW),
        TableResult("invoices", "whole list", 2, 3000, 0, 1, 0, NOW),
        TableResult("invoice_payments", "by parents", 6, 7, 1, 0, 0, NOW),
    ),
)


def part(name: str) -> str:
    """The part of the page between two marks."""
    return PAGE.read_text("utf-8").partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


def first_column(name: str) -> list[str]:
    """What stands in code in the first column of a table."""
    return [
        word for row in re.findall(r"^\| (`.*?) \|", part(name), re.MULTILINE) for word in re.findall(r"`(\S+)`", row)
    ]


def check_report(name: str, lines: Iterable[str]) -> None:
    """Compare the text below a mark with lines, or write them there."""
    text = PAGE.read_text("utf-8")
    wanted, count = re.subn(
        rf"(<!-- {name} -->\n```text\n)[^`]*```", lambda found: f"{found[1]}{chr(10).join(lines)}\n```", text
    )
    assert count == 1
    if UPDATE:
        PAGE.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted


def test_its_python_makes_a_copy_with_the_tables_that_it_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_examples(PAGE, least=1)
    with duckdb.connect("acme.duckdb", read_only=True) as con:
        schemas = con.execute("SELECT DISTINCT schema_name FROM duckdb_tables() ORDER BY ALL").fetchall()
        tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'mirror'").fetchall()
    assert [name for (name,) in schemas] == sorted(first_column("schemas"))
    assert sorted(name for (name,) in tables) == sorted(first_column("mirror"))


def test_a_sync_says_what_the_page_says() -> None:
    check_report("summary", summary_lines(RESULT.path, RESULT, SCREEN))


def test_a_plan_reads_as_on_the_page() -> None:
    plan = [
        PlannedTable("me", "one record", "it is one record", 1, 2),
        PlannedTable("invoices", "whole list", "its 3,000 rows are 2 pages", 2, 2),
        PlannedTable("time_entries", "changes and a count", "its 200,000 rows are 100 pages", 5, 130),
        PlannedTable("invoice_payments", "by parents", "4 of 3,000 invoices in turn", 4, 4),
    ]
    check_report("plan", plan_lines(plan, SCREEN))


def test_a_status_reads_as_on_the_page() -> None:
    run = SyncRun(412, NOW - timedelta(seconds=6), NOW, "usual", "done", 41, 32, 5, 1, 6.2)
    day, days = timedelta(days=1), timedelta(days=5)
    copy = MirrorStatus(
        Path("acme.duckdb"),
        account_id=123456,
        user_id=7,
        generation="",
        size_bytes=31 << 20,
        last_run=run,
        running=None,
        tables=(
            TableStatus("clients", 125, 2, 262_144, NOW, NOW, NOW),
            TableStatus("time_entries", 200_000, 312, 25 << 20, NOW, NOW - days, NOW),
            TableStatus("invoice_payments", 3120, 0, 524_288, NOW - day, NOW - day, NOW),
        ),
    )
    check_report("status", status.lines(copy.path, copy, NOW + timedelta(minutes=12), SCREEN))


def test_the_page_names_every_method_of_a_proof() -> None:
    methods = re.findall(r"^\| `(.*?)` \|", part("proofs"), re.MULTILINE)
    assert sorted(methods) == sorted(each.value for each in set(Method) - {Method.FIRST, Method.BY_DAYS})


def test_the_page_names_every_column_that_may_lag() -> None:
    named = [name.replace("…", "*") for name in first_column("lag")]
    dated = [table for table in TABLES.values() if table.day]
    lagging = {column for table in dated for column in lagging_columns(table, Method.CHANGES, TABLES.__contains__)}
    assert {column for column in lagging if not any(fnmatch(column, name) for name in named)} == set()


def test_the_page_names_every_key_of_json() -> None:
    assert first_column("json") == list(record(RESULT))
    tables = part("json").partition("| `tables` | ")[2]
    assert re.findall(r"`(\w+)`", tables) == [each.name for each in fields(TableResult)]


def test_the_page_lists_the_exit_statuses() -> None:
    statuses = [int(number) for number in re.findall(r"^\| (\d) \|", PAGE.read_text("utf-8"), re.MULTILINE)]
    assert statuses == sorted({0, failures.FAILED, 2, failures.UNPROVEN, *failures.STATUSES.values()})
