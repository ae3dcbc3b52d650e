"""A history and the copy that syncs make of its account, with the invariants that hold after each of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from support.copied import TOLD, Copied, Key, keys
from support.histories import PAGE_SIZE, Clock, History, agency

import harvest_duck
from harvest_duck.catalog.tables import TABLES
from harvest_duck.mirror.history import relation_as_of
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from aiohttp import web

    from harvest_duck.catalog.model import Table
    from harvest_duck.mirror.model import SyncResult
    from harvest_duck.sandbox import Sandbox
    from harvest_duck.sandbox.data.account_state import AccountState

__all__ = ["USUAL", "Synced"]

#: The tables of most copies: those that change most, what shows in them, and children.
USUAL = (
    *("time_entries", "expenses", "clients", "projects", "tasks", "users", "task_assignments", "user_assignments"),
    *("invoices", "invoice_line_items", "invoice_payments"),
)
#: Time between two syncs: within the overlap of two of them, and beyond it.
_PAUSES = (
    *(timedelta(seconds=1), timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=8)),
    *(timedelta(minutes=40), timedelta(hours=5), timedelta(days=2)),
)


class Synced:
    """A sandbox with a history drawn from `seed`, and the copy of some `tables` of it in `folder`, None for all.

    A context in which the sandbox serves.
    """

    def __init__(
        self, seed: int, folder: Path, tables: tuple[str, ...] | None = USUAL, *, history: bool = False
    ) -> None:
        self.clock = Clock()
        self.sandbox: Sandbox = agency(self.clock)
        self.history = History(seed, self.sandbox.account(MAIN_ID), self.clock)
        self.tables = tables
        self.path = folder / f"history_{seed}.duckdb"
        self.rng = self.history.rng
        #: The keys that a published copy had once.
        self.held: defaultdict[str, set[Key]] = defaultdict(set)
        self._states: list[AccountState] = []
        #: What the copy is told of its history, and what it held as of the moments that it has to know.
        self._keeps = history
        self._held_then: list[tuple[datetime, str, Counter[str]]] = []

    def __enter__(self) -> Self:
        self.sandbox.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.sandbox.stop()

    @property
    def connection(self) -> str:
        """The connection string of the administrator, without rate limits."""
        return f"{self.sandbox.connection_string()};Pagesize={PAGE_SIZE};RateLimit=off;ReportsRateLimit=off"

    def pause(self) -> None:
        """Let some time go by, and say so."""
        time = self.rng.choice(_PAUSES)
        self.clock.moment += time
        self.history.told.append(f"-- {time} --")

    @contextmanager
    def changing(self, often: float, most: int) -> Iterator[None]:
        """Make at most so many changes while requests come, before one in so many."""
        left = most

        async def change(_: web.BaseRequest) -> None:
            nonlocal left
            if left and self.rng.random() < often:
                left -= 1
                self.history.change()
                self._states.append(self.history.account.state)

        self.sandbox.on_request = change
        try:
            yield
        finally:
            self.sandbox.on_request = None

    def sync(self, **options: Any) -> SyncResult:
        """Bring the copy up to date, and check what has to hold after any sync."""
        self._states = [self.history.account.state]
        options = {"tables": self.tables, "history": self._keeps or None} | options
        result = harvest_duck.sync(self.connection, self.path, accept_deletes=True, **options)
        self.history.told.append(f"== {result.depth} sync: {result.requests} requests, proven: {result.proven} ==")
        with Copied(self.path) as copy:
            self._check_tombstones(copy)
            self._check_watermarks(copy)
            for each in result.tables:
                if each.proven_at is not None:
                    self._check_proof(copy, each.table)
                if self._keeps and each.readable:
                    self._held_then.append((result.started_at, each.table, copy.rows(f"FROM copy.main.{each.table}")))
        return result

    def check_history(self) -> None:
        """Raise AssertionError unless the copy knows what it held after each sync."""
        with Copied(self.path) as copy:
            for moment, name, rows in self._held_then:
                found = copy.rows(relation_as_of(TABLES[name], moment))
                assert found == rows, f"{name} as of {moment}: has {found - rows}, lacks {rows - found}"

    def check_invariants(self) -> None:
        """Raise AssertionError unless the published file opens, and keeps no tombstone of a record that exists.

        What was saved before a table's watermark has to be in it, or something newer.
        """
        with Copied(self.path) as copy:
            self._check_tombstones(copy)
            self._check_watermarks(copy)

    def _check_tombstones(self, copy: Copied) -> None:
        for name in copy.tables.intersection(TOLD):
            there, tombstones = keys(self.sandbox, name), copy.tombstones(name)
            assert not tombstones & there, f"{name}: tombstones of records that exist: {tombstones & there}"
            ever = {(identity,) for identity in self.history.ever[name]}
            assert not ever or tombstones <= ever, f"{name}: tombstones of nothing: {tombstones - ever}"
            self.held[name] |= copy.keys(name)

    def _check_watermarks(self, copy: Copied) -> None:
        marks = {
            name: proof["watermark"]
            for name, proof in copy.proofs().items()
            if name in TOLD and _is_list(TABLES[name]) and name in copy.tables and proof["watermark"]
        }
        seen = {name: copy.updated_at(name) for name in marks}
        there = {name: {each["id"] for each in self.history.account.records(name)} for name in seen}
        for commit in self.history.commits:
            if commit.table in seen and commit.moment < marks[commit.table] and commit.identity in there[commit.table]:
                version = seen[commit.table].get(commit.identity)
                assert version is not None, f"not there before {marks[commit.table]}: {commit}"
                assert version >= commit.updated_at, f"{version} before {marks[commit.table]}: {commit}"

    def _check_proof(self, copy: Copied, name: str) -> None:
        """Raise AssertionError unless a list that is proven has the ids that Harvest had at one moment of the sync."""
        if name in TOLD and _is_list(TABLES[name]):
            found = {key[0] for key in copy.keys(name)}
            moments = [{record["id"] for record in state.tables[name]} for state in self._states]
            assert found in moments, f"{name}: proven, and as at no moment: {found ^ moments[-1]}"

    def check_equal(self) -> None:
        """Raise AssertionError unless the ids and the tombstones are right, and the values that may not lag."""
        with Copied(self.path) as copy:
            proofs = copy.proofs()
            for name in copy.tables.intersection(TOLD):
                copy.assert_ids(self.sandbox, name)
                gone = self.held[name] - keys(self.sandbox, name)
                assert gone <= copy.tombstones(name), f"{name}: no tombstones of {gone - copy.tombstones(name)}"
                copy.assert_values(self.sandbox, name, but=proofs[name]["may_lag"])

    def check_whole(self) -> None:
        """Raise AssertionError unless every value of every table is that of Harvest."""
        with Copied(self.path) as copy:
            for name in copy.tables:
                copy.assert_values(self.sandbox, name)

    def report(self) -> str:
        """Return what happened, in words."""
        return "\n".join([f"history {self.history.seed}:", *self.history.told])


def _is_list(table: Table) -> bool:
    """Return whether the records of a table are a list of their own."""
    return table.parent is None and table.items is None
