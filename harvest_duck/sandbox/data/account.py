"""One account of the sandbox: its tables as Harvest would serve them, and the tables derived from others.

Most tables are lists of records. Embedded records (line items), project assignments by user, and the user of the token
(`me`) are derived on demand, and again after `replace`.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.holiday_calendars import calendar_entries
from harvest_duck.sandbox.data.silent_changes import locked, rated, renamed, rounded
from harvest_duck.sandbox.data.table_index import Selection, TableIndex
from harvest_duck.sandbox.data.time_off import request_days
from harvest_duck.sandbox.data.time_off_allowances import balances
from harvest_duck.sandbox.wire import BodyCache

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import date
    from decimal import Decimal

    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.time_rounding import TimeRounding
    from harvest_duck.sandbox.wire import Record

_SORTS = {
    "estimates": "issue_date",
    "invoices": "issue_date",
    "expenses": "spent_date",
    "time_entries": "spent_date",
    "billable_rates": "start_date",
    "cost_rates": "start_date",
    "teammates": None,
    "company": None,
    "pto_assignments": None,
    "pto_balances": None,
}
_ASCENDING = frozenset({"billable_rates", "cost_rates"})
#: The children whose records name their owner.
_WITH_OWNER = frozenset({"pto_holiday_calendar_entries"})
_SELECTIONS = 256


class Account:
    """An account: tests use `records` and the methods that change them, the server `index`, `children` and `select`."""

    def __init__(self, profile: AccountProfile, tables: dict[str, list[Record]]) -> None:
        self.profile = profile
        self.token_users = [dict(user) for user in tables["users"]]
        self.body_cache = BodyCache()
        self._tables = tables
        self._indexes: dict[str, TableIndex] = {}
        self._children: dict[tuple[str, str], dict[int, TableIndex]] = {}
        self._selections: OrderedDict[Hashable, Selection] = OrderedDict()
        self._derivations: dict[str, Callable[[], list[Record]]] = {
            "project_assignments": self._project_assignments,
            "my_project_assignments": self._my_project_assignments,
            "project_assignment_task_assignments": self._project_assignment_task_assignments,
            "estimate_line_items": lambda: self._items("estimates", "estimate_id"),
            "invoice_line_items": lambda: self._items("invoices", "invoice_id"),
            "invoice_message_templates": self._message_templates,
            "pto_request_days": lambda: list(request_days(self.records("pto_requests"))),
            "pto_holiday_calendar_entries": lambda: list(calendar_entries(self.records("pto_holiday_calendars"))),
            "pto_balances": lambda: list(balances(self._tables, self.records("users"), profile.today)),
            "me": lambda: [self.user(self.token_users[0]["id"])],
        }

    def records(self, table: str) -> list[Record]:
        """Return the records of `table` as they are served; use `replace` to change them."""
        return self.index(table).records

    @property
    def tables(self) -> frozenset[str]:
        """The tables that are not derived from others."""
        return frozenset(self._tables)

    def replace(self, table: str, records: list[Record]) -> None:
        """Serve `records` as `table` from now on; drop everything derived from the old records.

        ValueError for a table that is embedded in another one, which has to be replaced instead.
        """
        if table not in self._tables and table not in ("project_assignments", "teammates"):
            raise ValueError(f"{table} follows from other tables: replace those")
        self._tables[table] = records
        self.forget()

    def rename(self, table: str, identity: int, name: str) -> None:
        """Give a record of "clients", "projects" or "tasks" another name, everywhere at once, as Harvest does.

        No record gets a new `updated_at`. LookupError if there is no such record.
        """
        self._change(renamed(self._tables, table, identity, name))

    def set_rounding(self, rule: TimeRounding) -> None:
        """Round the hours of all time entries by another rule; neither `updated_at` nor invoices change."""
        self._change(rounded(self._tables, rule))

    def set_rate(self, project_id: int, rate: Decimal) -> None:
        """Give a project another hourly rate, for all time that is not invoiced; no entry gets a new `updated_at`.

        LookupError if there is no such project that is billed by its own rate.
        """
        self._change(rated(self._tables, project_id, rate))

    def lock_until(self, day: date) -> None:
        """Lock the time entries and expenses up to and including `day`; none gets a new `updated_at`."""
        self._change(locked(self._tables, day))

    def _change(self, tables: dict[str, list[Record]]) -> None:
        self._tables |= tables
        self.forget()

    def forget(self) -> None:
        """Drop everything derived from the records, after they changed."""
        # New objects: a response that is being written now is stored with the old ones.
        self._indexes = {}
        self._children = {}
        self._selections = OrderedDict()
        self.body_cache = BodyCache()

    def index(self, table: str) -> TableIndex:
        """Return the records of `table` with their order; LookupError if there is no such table."""
        if table not in self._indexes:
            derive = self._derivations.get(table)
            if table in self._tables:
                records = self._tables[table]
            elif derive is not None:
                records = derive()
            else:
                raise LookupError(f"no table {table!r} in the sandbox; reports are computed: use report()")
            self._indexes[table] = TableIndex(records, _SORTS.get(table, "created_at"), ascending=table in _ASCENDING)
        return self._indexes[table]

    def children(self, table: str, owner: str) -> dict[int, TableIndex]:
        """Return the records of a child table by the id in `owner`, mostly without that key, as the API lists them."""
        if (table, owner) not in self._children:
            grouped: dict[int, list[Record]] = {}
            for record in self.index(table).records:
                own = {key: value for key, value in record.items() if key != owner}
                grouped.setdefault(record[owner], []).append(record if table in _WITH_OWNER else own)
            sort, ascending = _SORTS.get(table, "created_at"), table in _ASCENDING
            self._children[table, owner] = {
                identity: TableIndex(records, sort, ascending=ascending) for identity, records in grouped.items()
            }
        return self._children[table, owner]

    def embedded(self, table: str, key: str) -> dict[int, TableIndex]:
        """Return the records of `table` by the id of the object embedded in them under `key`."""
        if (table, key) not in self._children:
            grouped: dict[int, list[Record]] = {}
            for record in self.index(table).records:
                grouped.setdefault((record.get(key) or {}).get("id", 0), []).append(record)
            self._children[table, key] = {
                identity: TableIndex(records, "created_at") for identity, records in grouped.items()
            }
        return self._children[table, key]

    def select(self, key: Hashable, find: Callable[[], list[Record]]) -> Selection:
        """Return the records that `find` returns; `find` is called once for each `key`."""
        selections = self._selections
        selection = selections.get(key)
        if selection is None:
            selection = selections[key] = Selection(find())
            if len(selections) > _SELECTIONS:
                selections.popitem(last=False)
        return selection

    def user(self, identity: int) -> Record:
        """Return the user of a token: the current record, or the generated one if the users were replaced."""
        has_token = next((user for user in self.token_users if user["id"] == identity), None)
        return self.index("users").by_id.get(identity) or has_token or {"id": identity}

    def _items(self, table: str, owner: str) -> list[Record]:
        """Return the line items of all documents, each with the id of its document."""
        return [{owner: each["id"], **item} for each in self.records(table) for item in each.get("line_items") or ()]

    def _project_assignments(self) -> list[Record]:
        """Return the active assignments of each user, with the project's client and tasks."""
        # https://help.getharvest.com/api-v2/users-api/users/project-assignments/
        projects = self.index("projects").by_id
        tasks: dict[int, list[Record]] = {}
        for each in self.records("task_assignments"):
            own = {key: value for key, value in each.items() if key != "project"}
            tasks.setdefault((each.get("project") or {}).get("id", 0), []).append(own)
        assignments = []
        for each in self.records("user_assignments"):
            project, user = each.get("project") or {}, each.get("user") or {}
            if each.get("is_active") is not True or "id" not in user:
                continue
            client = (projects.get(project.get("id", 0)) or {}).get("client")
            own = {key: value for key, value in each.items() if key not in ("user", "project")}
            assignments.append(
                {"user_id": user["id"]}
                | own
                | {
                    "project": each.get("project"),
                    "client": client and {key: client.get(key) for key in ("id", "name")},
                }
                | {"task_assignments": tasks.get(project.get("id", 0), [])},
            )
        return assignments

    def _my_project_assignments(self) -> list[Record]:
        """Return the assignments of the administrator."""
        own = self.children("project_assignments", "user_id").get(self.token_users[0]["id"])
        return [] if own is None else own.ordered

    def _project_assignment_task_assignments(self) -> list[Record]:
        """Return the tasks of each project assignment, with the ids of the enclosing records."""
        return [
            {"user_id": each["user_id"], "project_assignment_id": each["id"], **item}
            for each in self.records("project_assignments")
            for item in each.get("task_assignments") or ()
        ]

    def _message_templates(self) -> list[Record]:
        """Return the default message template of each invoice."""
        return [message_template(each, thank_you=False, reminder=False) for each in self.records("invoices")]


def message_template(invoice: Record, *, thank_you: bool, reminder: bool) -> Record:
    """Return the text that Harvest proposes for a message about `invoice`."""
    purpose = "Thank you for paying invoice" if thank_you else "Reminder about invoice" if reminder else "Invoice"
    return {
        "invoice_id": invoice["id"],
        "subject": f"{purpose} #{invoice.get('number')}",
        "body": f"---------------\r\nInvoice ID: {invoice.get('number')}\r\nAmount: {invoice.get('amount')}",
        "reminder": reminder,
        "thank_you": thank_you,
    }
