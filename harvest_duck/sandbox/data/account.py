"""One account of the sandbox: what it has now, and how it changes.

Each change makes a new `AccountState` of the old one, at one stroke. So an answer is about one moment, though another
thread changes the account meanwhile, and records that were handed out stay as they were.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.account_state import AccountState
from harvest_duck.sandbox.data.silent_changes import locked, rated, renamed, rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from decimal import Decimal

    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.time_rounding import TimeRounding
    from harvest_duck.sandbox.wire import Record


class Account:
    """An account: tests use `records` and the methods that change them, the server its present `state`."""

    def __init__(self, profile: AccountProfile, tables: dict[str, list[Record]]) -> None:
        self.profile = profile
        self.state = AccountState(profile, tables, [dict(user) for user in tables["users"]])
        self._lock = threading.RLock()

    @property
    def token_users(self) -> list[Record]:
        """The users of the tokens, in the order of their roles, as they were generated."""
        return self.state.token_users

    @property
    def tables(self) -> frozenset[str]:
        """The tables that are not derived from others."""
        return frozenset(self.state.tables)

    def records(self, table: str) -> list[Record]:
        """Return the records of `table` as they are served; the methods of the account change them."""
        return self.state.records(table)

    def replace(self, table: str, records: list[Record]) -> None:
        """Serve `records` as `table` from now on; drop everything derived from the old records.

        ValueError for a table that is embedded in another one, which has to be replaced instead.
        """
        if table not in self.tables and table not in ("project_assignments", "teammates"):
            raise ValueError(f"{table} follows from other tables: replace those")
        self._change(lambda _: {table: records})

    def rename(self, table: str, identity: int, name: str) -> None:
        """Give a record of "clients", "projects" or "tasks" another name, everywhere at once, as Harvest does.

        No record gets a new `updated_at`. LookupError if there is no such record.
        """
        self._change(lambda tables: renamed(tables, table, identity, name))

    def set_rounding(self, rule: TimeRounding) -> None:
        """Round the hours of all time entries by another rule; neither `updated_at` nor invoices change."""
        self._change(lambda tables: rounded(tables, rule))

    def set_rate(self, project_id: int, rate: Decimal) -> None:
        """Give a project another hourly rate, for all time that is not invoiced; no entry gets a new `updated_at`.

        LookupError if there is no such project that is billed by its own rate.
        """
        self._change(lambda tables: rated(tables, project_id, rate))

    def lock_until(self, day: date) -> None:
        """Lock the time entries and expenses up to and including `day`; none gets a new `updated_at`."""
        self._change(lambda tables: locked(tables, day))

    def _change(self, change: Callable[[Mapping[str, list[Record]]], Mapping[str, list[Record]]]) -> None:
        """Serve the tables that `change` returns for the present ones, in their place."""
        with self._lock:
            self.state = self.state.after(change(self.state.tables))
