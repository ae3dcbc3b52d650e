"""One account of the sandbox: what it has now, and how it changes.

Each change makes a new `AccountState` of the old one, at one stroke. So an answer is about one moment, though another
thread changes the account meanwhile, and records that were handed out stay as they were.
"""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data import documents, record_edits
from harvest_duck.sandbox.data.account_state import AccountState
from harvest_duck.sandbox.data.draft import Draft
from harvest_duck.sandbox.data.silent_changes import locked, rated, rounded, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime
    from decimal import Decimal
    from typing import TypeVar

    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.silent_changes import Tables
    from harvest_duck.sandbox.data.time_rounding import TimeRounding
    from harvest_duck.sandbox.wire import Record

    Result = TypeVar("Result")


class Account:
    """An account: tests use `records` and the methods that change them, the server its present `state`.

    A change happens at the moment that `now` returns. Any thread may make it, while the server answers.
    """

    def __init__(self, profile: AccountProfile, tables: dict[str, list[Record]], now: Callable[[], datetime]) -> None:
        self.profile = profile
        self.state = AccountState(profile, tables, [dict(user) for user in tables["users"]])
        self._now = now
        self._lock = threading.RLock()
        self._rounding = profile.time_rounding
        self._latest = {name: records[-1] for name, records in tables.items() if records}
        self._new_ids: Iterator[int] | None = None

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
        self._replace(lambda _: {table: records})

    def insert(self, table: str, fields: Record) -> Record:
        """Return a new record of `table`, with `fields` such as `{"project_id": 7, "hours": Decimal("1.5")}`.

        What they leave open is as in the latest record. A payment changes what is due of its invoice, and a message the
        state of its document. LookupError for a record that does not exist, ValueError for a field that records of the
        table do not have.
        """
        return self._draft(lambda draft: record_edits.insert(draft, table, fields))

    def edit(self, table: str, identity: int, fields: Record) -> Record:
        """Return a record of `table` after some of its fields changed, as in `insert`; it is updated now.

        A field `updated_at` sets another moment: a change may be saved later than that. What the record shows in others
        changes there as well, and they are not updated.
        """
        return self._draft(lambda draft: record_edits.edit(draft, table, identity, fields))

    def delete(self, table: str, identity: int) -> None:
        """Delete a record, and with it what Harvest deletes along: the payments of an invoice, the time of a project.

        LookupError if there is none, ValueError where Harvest refuses, as for a client with projects.
        """
        self._draft(lambda draft: record_edits.delete(draft, table, identity))

    def bill(self, client_id: int) -> Record:
        """Return a new invoice for all billable time and expenses of a client that no invoice has; they are updated.

        LookupError if there is no such client, ValueError if nothing is to be billed.
        """
        return self._draft(lambda draft: documents.bill(draft, client_id))

    def rename(self, table: str, identity: int, name: str) -> None:
        """Give a record of "clients", "projects", "tasks" or "users" another name, everywhere at once.

        That record is updated, and none of those that show its name. LookupError if there is no such record.
        """
        first, _, last = name.partition(" ")
        self.edit(table, identity, {"first_name": first, "last_name": last} if table == "users" else {"name": name})

    def set_rounding(self, rule: TimeRounding) -> None:
        """Round the hours of all time entries by another rule; neither `updated_at` nor invoices change."""
        with self._lock:
            self._rounding = rule
            self._replace(lambda tables: rounded(tables, rule))

    def set_rate(self, project_id: int, rate: Decimal) -> None:
        """Give a project another hourly rate, for all time that is not invoiced; of all this the project is updated.

        LookupError if there is no such project that is billed by its own rate.
        """

        def change(draft: Draft) -> None:
            draft.changed |= rated(self.state.tables, project_id, rate)
            draft.edit("projects", project_id, {"hourly_rate": rate})

        self._draft(change)

    def lock_until(self, day: date) -> None:
        """Lock the time entries and expenses up to and including `day`; none gets a new `updated_at`."""
        self._replace(lambda tables: locked(tables, day))

    def run_timers(self, minutes: int) -> None:
        """Let the running timers run on for some minutes; no entry gets a new `updated_at`."""
        self._replace(lambda tables: timed(tables, minutes, self._rounding))

    def _draft(self, change: Callable[[Draft], Result]) -> Result:
        """Return what `change` returns, and serve what it wrote into a draft."""
        with self._lock:
            if self._new_ids is None:
                known = (each["id"] for records in self.state.tables.values() for each in records if "id" in each)
                self._new_ids = count(max(known, default=0) + 1)
            draft = Draft(
                self.state.tables,
                moment=self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                new_ids=self._new_ids,
                latest=self._latest,
                rounding=self._rounding,
            )
            result = change(draft)
            self.state = self.state.after(draft.changed)
            return result

    def _replace(self, change: Callable[[Tables], Tables]) -> None:
        """Serve the tables that `change` returns for the present ones, in their place."""
        with self._lock:
            self.state = self.state.after(change(self.state.tables))
