"""The records of one account at one moment: its tables as Harvest would serve them, and those derived from others.

Most tables are lists of records. Embedded records (line items), project assignments by user, and the user of the token
(`me`) are derived on demand. A state never changes: a change makes the next one, so that each answer is about one
moment.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Self

from harvest_duck.sandbox.data.holiday_calendars import calendar_entries
from harvest_duck.sandbox.data.table_index import Selection, TableIndex
from harvest_duck.sandbox.data.time_off import request_days
from harvest_duck.sandbox.data.time_off_allowances import balances
from harvest_duck.sandbox.wire import BodyCache

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from harvest_duck.sandbox.data.profile import AccountProfile
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


class AccountState:
    """The `tables` of an account: the server uses `index`, `children`, `embedded` and `select`.

    `token_users` are the users of the tokens, in the order of their roles.
    """

    def __init__(self, profile: AccountProfile, tables: dict[str, list[Record]], token_users: list[Record]) -> None:
        self.profile = profile
        self.token_users = token_users
        self.body_cache = BodyCache()
        self.tables = tables
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
            "pto_balances": lambda: list(balances(self.tables, self.records("users"), profile.today)),
            "me": lambda: [self.user(self.token_users[0]["id"])],
        }

    def after(self, changed: Mapping[str, list[Record]]) -> Self:
        """Return the state in which the tables of `changed` replace the old ones."""
        state = type(self)(self.profile, {**self.tables, **changed}, self.token_users)
        # The server may add to both meanwhile, on its own thread.
        indexes, children = self._indexes.copy(), self._children.copy()
        state._indexes = {name: kept for name, kept in indexes.items() if self._stays(name, changed)}  # noqa: SLF001
        state._children = {key: kept for key, kept in children.items() if self._stays(key[0], changed)}  # noqa: SLF001
        return state

    def _stays(self, table: str, changed: Mapping[str, list[Record]]) -> bool:
        """Return whether a table is the same after a change; what is derived from others may not be."""
        return table in self.tables and table not in changed

    def records(self, table: str) -> list[Record]:
        """Return the records of `table` as they are served."""
        return self.index(table).records

    def index(self, table: str) -> TableIndex:
        """Return the records of `table` with their order; LookupError if there is no such table."""
        if table not in self._indexes:
            derive = self._derivations.get(table)
            if table in self.tables:
                records = self.tables[table]
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
