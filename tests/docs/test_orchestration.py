"""The page about orchestration: its tasks do what it says, without any of the tools; the rest of its code is whole."""

from __future__ import annotations

import ast
import importlib
import re
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from support.asked import asked
from support.paths import DOCS

from harvest_duck import errors
from harvest_duck.errors import HarvestDuckError
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

PAGE = (DOCS / "orchestration.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def tasks(connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the tasks, in the environment of a worker."""
    (tmp_path / "harvest_tasks.py").write_text(FILES["harvest_tasks.py"], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("HARVEST_DUCK_CONNECTION", connection)
    return importlib.import_module("harvest_tasks")


def test_the_copy_is_the_same_when_the_task_runs_again(tasks: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    clients = len(sandbox.records(MAIN_ID, "clients"))
    first, again = (tasks.copy_account(tmp_path / "acme.duckdb", ["clients"]) for _ in range(2))
    assert first == {"requests": 2, "inserted": clients + 1, "changed": 0, "deleted": 0, "proven": True}
    assert again == {"requests": 2, "inserted": 0, "changed": 0, "deleted": 0, "proven": True}


@pytest.mark.thorough
def test_a_month_is_written_once_however_often(tasks: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    of_month = [each for each in sandbox.records(MAIN_ID, "time_entries") if each["spent_date"][:7] == "2026-11"]
    written = [tasks.export_month(tmp_path / "lake", month) for month in ("2026-11", "2026-11")]
    assert written == [len(of_month)] * 2
    assert asked(sandbox)[0] == "/time_entries?from=2026-11-01&to=2026-11-30"
    rows = duckdb.sql(
        f"SELECT count(*), count(DISTINCT id) FROM '{tmp_path}/lake/**/*.parquet' WHERE month = '2026-11'"
    )
    assert rows.fetchall() == [(len(of_month), len(of_month))]


def test_a_month_may_be_the_last_of_a_year(tasks: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    tasks.export_month(tmp_path / "lake", "2025-12")
    assert asked(sandbox) == ["/time_entries?from=2025-12-01&to=2025-12-31"]


@pytest.mark.parametrize("name", sorted(set(FILES) - {"harvest_tasks.py"}))
def test_the_code_for_each_tool_calls_the_tasks_as_they_are(name: str) -> None:
    tree = ast.parse(FILES[name])
    named = {each.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names}
    assert {"copy_account", "export_month", "HarvestDuckError"} <= named


def test_the_table_says_which_errors_are_worth_a_retry() -> None:
    rows = re.findall(r"^\| (`\w+`.*?) \| (yes|no)\b.*\|$", PAGE, re.MULTILINE)
    told = {name: answer == "yes" for cell, answer in rows for name in re.findall(r"`(\w+)`", cell)}
    assert told == {name: getattr(errors, name).retriable for name in told}
    tree = {name for name in errors.__all__ if issubclass(getattr(errors, name), HarvestDuckError)}
    # Those that only group others, and those that are of a class in the table.
    assert tree - set(told) == {"HarvestDuckError", "ResponseError", "LoginRequired", "LoginFailed"}
