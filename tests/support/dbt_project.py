"""A project of dbt in a folder, whose commands run in this process: to start dbt takes longer than what it does."""

from __future__ import annotations

import gc
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support.asked import asked

import harvest_duck

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

__all__ = ["Ended", "Project"]


@dataclass(frozen=True)
class Ended:
    """Whether a command of dbt succeeded, the requests that it sent, and the messages that it wrote."""

    success: bool
    asked: list[str]
    messages: list[str]

    @property
    def said(self) -> str:
        """All messages as one text."""
        return "\n".join(self.messages)


@dataclass(frozen=True)
class Project:
    """A project of dbt whose models ask a sandbox, by the connection string in `DBT_ENV_SECRET_HARVEST`."""

    folder: Path
    sandbox: Sandbox

    @property
    def connection(self) -> str:
        """The connection string of the administrator, without rate limits."""
        return self.sandbox.connection_string() + ";RateLimit=off;ReportsRateLimit=off"

    def dbt(self, *arguments: str) -> Ended:
        """Run a command of dbt, with nothing in memory that an earlier one read."""
        messages: list[str] = []
        self.sandbox.clear_log()
        harvest_duck.clear_cache()
        options = ["--no-version-check", "--no-use-colors"]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("DBT_ENV_SECRET_HARVEST", self.connection)
            runner = importlib.import_module("dbt.cli.main").dbtRunner(callbacks=[lambda event: _note(event, messages)])
            ended = runner.invoke([*options, *arguments, "--project-dir", ".", "--profiles-dir", "."])
        return Ended(ended.success, asked(self.sandbox, per_page=True), [*messages, str(ended.exception or "")])

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query of the database that dbt holds open."""
        with _databases()._ENV.conn.cursor() as con:
            found: list[tuple[Any, ...]] = con.execute(sql).fetchall()
        return found

    def close(self) -> None:
        """Close the database, which dbt holds open until its process ends."""
        _databases().close_all_connections()
        # What a run left in circles of references may have cursors, which keep the files of the database open.
        gc.collect()


def _databases() -> Any:
    return importlib.import_module("dbt.adapters.duckdb.connections").DuckDBConnectionManager


def _note(event: Any, messages: list[str]) -> None:
    if str(event.info.level) not in {"debug", "EventLevel.DEBUG"}:
        messages.append(event.info.msg)
