"""What the ready views ask of an account besides its tables: whose records the token sees whole, and who is off when.

Both are datasets that read tables by scans, so that requests, progress, caches, explanations and interrupts are those
of any scan. The rules are in `introspection`: `visibility` and `days_off`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.connection import resolve
from harvest_duck.engine.dataset import ArgumentDataset
from harvest_duck.engine.hidden_arguments import CONNECTION, SESSION, hidden
from harvest_duck.errors import Forbidden, InvalidRequest, MirrorError, NotFound
from harvest_duck.introspection import days_off, visibility
from harvest_duck.introspection.visibility import Viewer
from harvest_duck.pushdown.arrow_filter import read_filter
from harvest_duck.runtime import critical_section
from harvest_duck.scanner.scan_request import scan_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from harvest_duck.connection import Connection
    from harvest_duck.engine.binding import Binding
    from harvest_duck.engine.session import Session
    from harvest_duck.pushdown.arrow_filter import Filter

#: What Harvest answers about a part of an account that it does not have, or that the user may not read.
_REFUSALS = (Forbidden, NotFound)
_PROJECT = ("account_id", "id", "is_fixed_fee", "is_billable", "client_currency")
_PROJECTS = pa.schema([schema_of(TABLES["projects"]).field(name) for name in _PROJECT])
_ASSIGNED = ("account_id", "user_id", "holiday_calendar_id")
_CALENDAR = ("account_id", "id", "entries")
_REQUEST = ("account_id", "user_id", "status", "pto_type_name", "start_date", "end_date", "request_days")


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads tables of the accounts of a connection, in a session, whole; `max_rows` are those of other scans."""

    session: Session
    settings: Connection
    max_rows: int | None

    def rows(self, name: str, columns: Sequence[str], condition: pc.Expression | None = None) -> list[dict[str, Any]]:
        """Return the columns of the rows of a table for which a condition is true; raises the errors of a scan."""
        table = TABLES[name]
        read = read_filter(condition, schema_of(table))
        request = scan_request(table, self.settings, columns, read)
        found: list[dict[str, Any]] = pa.Table.from_batches(self.session.read(request), request.schema).to_pylist()
        return found

    def known(self, what: str, ask: Callable[[], list[Any]]) -> list[Any]:
        """Return what `ask` returns, kept for ten minutes; a dry run asks where nothing is kept, and keeps nothing."""
        if self.session.asks_harvest:
            told: list[Any] = _known().known(self.settings, what, ask, self.session.readers)
            return told
        found: list[Any] | None = _known().already_known(self.settings, what)
        if found is None:
            return [] if self.session.asked_before((self.settings.identity, what)) else ask()
        return found

    def is_known(self, what: str) -> bool:
        """Whether something was found to be so within the last ten minutes."""
        return _known().already_known(self.settings, what) is not None

    def keep(self, what: str) -> None:
        """Keep for ten minutes that something is so."""
        _known().keep(self.settings, what, value=True)

    def is_left_out(self, table: str) -> bool:
        """Whether a copy of everything answers, and does not have a table."""
        with critical_section.entered():
            from harvest_duck.cache import copy_file  # noqa: PLC0415 - only where a copy has answered
        cache = self.settings.cache
        return cache is not None and cache.path is not None and copy_file.left_out(cache.path, table)


def _known() -> ModuleType:
    """Return the module of what is known, which loads HTTP: not before the first query."""
    with critical_section.entered():
        from harvest_duck.cache import known  # noqa: PLC0415 - as above
    return known


class AccountFunction(ArgumentDataset):
    """The rows that `answer` returns when they are read, of an account and the texts of `arguments`."""

    def __init__(
        self, name: str, schema: pa.Schema, arguments: Sequence[str], answer: Callable[..., pa.Table], binding: Binding
    ) -> None:
        phrases = {
            CONNECTION: "connection string reached it",
            **{hidden(each): f"{each} reached it" for each in arguments},
        }
        super().__init__(name, schema, phrases, binding)
        self._answer = answer

    def rows(
        self, session: Session, given: Mapping[str, str], names: Sequence[str], read: Filter
    ) -> Iterable[pa.RecordBatch]:
        """The rows of the answer, which is asked for when the first is read; a dry run asks now, and has no rows."""
        text, handles = given[CONNECTION], self._binding.handles
        settings = resolve(handles.connection_of(text), written_in_sql=text not in handles)
        arguments = {
            column.removeprefix(hidden("")): value
            for column, value in given.items()
            if column not in (SESSION, CONNECTION)
        }
        # A user that MaxRows cuts off would be taken for nobody.
        reading = Reading(session, replace(settings, max_rows=None), settings.max_rows)
        if not session.asks_harvest:
            self._answer(reading, **arguments)
            return ()
        return self._read(reading, arguments, names, read)

    def _read(
        self, reading: Reading, arguments: Mapping[str, str], names: Sequence[str], read: Filter
    ) -> Iterator[pa.RecordBatch]:
        answer = self._answer(reading, **arguments)
        yield from ds.dataset(answer).scanner(columns=names, filter=read.keep).to_reader()


def account_functions(binding: Binding) -> list[AccountFunction]:
    """Return the dataset of each function."""
    flags = ["from_date", "to_date", "read_holidays", "read_time_off"]
    return [
        AccountFunction("visible", visibility.VISIBLE, ["view", "access"], _visible, binding),
        AccountFunction("readable_projects", _PROJECTS, [], _readable_projects, binding),
        AccountFunction("days_off", days_off.DAYS_OFF, flags, _days_off, binding),
    ]


def _visible(reading: Reading, view: str, access: str) -> pa.Table:
    visibility.refuse_cut(view, access, reading.max_rows)
    viewers = _viewers(reading)
    visibility.refuse(view, access, viewers)
    teammates = {
        (each.account_id, each.person.id): _teammates(reading, each)
        for each in viewers
        if each.has_teammates_to_ask_for(access)
    }
    managed = {
        (each.account_id, each.person.id): _managed(reading, each)
        for each in viewers
        if each.has_projects_to_ask_for(access)
    }
    return visibility.rows(access, viewers, teammates, managed)


def _viewers(reading: Reading) -> list[Viewer]:
    """Return the user of each account of the connection."""
    found = reading.known("me", lambda: reading.rows("me", visibility.ASKED_OF_ME))
    return [Viewer.of(me) for me in found]


def _teammates(reading: Reading, viewer: Viewer) -> list[int]:
    """Return the ids of the teammates of a manager; of nobody where Harvest does not tell them, or the copy."""

    def ask() -> list[int]:
        condition = _in_account(viewer.account_id) & (pc.field("user_id") == viewer.person.id)
        try:
            return [each["id"] for each in reading.rows("teammates", ["id"], condition)]
        except (*_REFUSALS, InvalidRequest, MirrorError):
            # Only administrators may read them: https://help.getharvest.com/api-v2/users-api/users/teammates/
            return []

    return reading.known(f"teammates {viewer.account_id} {viewer.person.id}", ask)


def _managed(reading: Reading, viewer: Viewer) -> list[int]:
    """Return the ids of the projects that a manager manages; of none where Harvest does not tell them, or the copy.

    It is not documented whether Harvest lists others to them, whose time they see in part.
    """

    def ask() -> list[int]:
        condition = _in_account(viewer.account_id) & (pc.field("user_id") == viewer.person.id)
        try:
            found = reading.rows("user_assignments", ["project_id", "is_active", "is_project_manager"], condition)
        except (*_REFUSALS, MirrorError):
            # They are for managers with teammates or projects:
            # https://help.getharvest.com/api-v2/projects-api/projects/user-assignments/
            return []
        return [each["project_id"] for each in found if each["is_active"] and each["is_project_manager"]]

    return reading.known(f"managed projects {viewer.account_id} {viewer.person.id}", ask)


def _readable_projects(reading: Reading) -> pa.Table:
    """Return the projects of those accounts in which the user may read projects."""
    viewers = _viewers(reading)
    may = [viewer.account_id for viewer in viewers if viewer.reads_projects]
    parts = [None] if len(may) == len(viewers) else [_in_account(account) for account in may]
    rows = [row for part in parts for row in reading.rows("projects", _PROJECT, part)]
    return pa.Table.from_pylist(rows, schema=_PROJECTS)


def _days_off(reading: Reading, from_date: str, to_date: str, read_holidays: str, read_time_off: str) -> pa.Table:
    found: list[days_off.Row] = []
    first, last = date.fromisoformat(from_date), date.fromisoformat(to_date)
    for account in _accounts(reading) if "true" in (read_holidays, read_time_off) else ():
        if read_time_off == "true":
            period = (pc.field("start_date") <= last) & (pc.field("end_date") >= first)
            approved = (pc.field("status") == days_off.APPROVED) & period
            found += days_off.time_off(_time_off_of(reading, "pto_requests", _REQUEST, account, approved), first, last)
        if read_holidays == "true":
            assigned = _time_off_of(reading, "pto_assignments", _ASSIGNED, account)
            if assigned or not reading.session.asks_harvest:
                calendars = _time_off_of(reading, "pto_holiday_calendars", _CALENDAR, account)
                found += days_off.holidays(assigned, calendars, first, last)
    return days_off.table(found)


def _accounts(reading: Reading) -> list[int | None]:
    """Return the accounts to read one by one, None for the only one: another may have no paid time off."""
    named = reading.settings.require_accounts()
    if named is not None and len(named) == 1:
        return [None]
    return [viewer.account_id for viewer in _viewers(reading)] or [None]


def _time_off_of(
    reading: Reading,
    table: str,
    columns: Sequence[str],
    account: int | None,
    condition: pc.Expression | None = None,
) -> list[dict[str, Any]]:
    """Return rows about paid time off, none where the account has no such table for the user; that is kept as known."""
    narrowed = condition
    if account is not None:
        narrowed = _in_account(account) if condition is None else _in_account(account) & condition
    what = f"no {table} {account}"
    if reading.is_known(what):
        return []
    try:
        return reading.rows(table, columns, narrowed)
    except _REFUSALS:
        reading.keep(what)
    except MirrorError:
        if not reading.is_left_out(table):
            raise
    return []


def _in_account(account: int | None) -> pc.Expression:
    """Return the condition that a row is of an account."""
    return pc.field("account_id").is_null() if account is None else pc.field("account_id") == account
