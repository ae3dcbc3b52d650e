"""An account with the few records that a test writes down, so that its figures can be worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from support.agencies import Agency

from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox

__all__ = ["HandMade"]

_MADE = "2020-01-01T09:00:00Z"
Record = dict[str, Any]


class HandMade:
    """The records of an account, which `serve` puts in the place of those that the sandbox generated.

    Ids are small numbers, in the order in which the records are written down. Every record can be given other fields.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._ids = count(1)
        self.tables: dict[str, list[Record]] = {name: [] for name in sandbox.account(MAIN_ID).tables}
        self.tables["company"] = sandbox.records(MAIN_ID, "company")

    def serve(self) -> Agency:
        """Serve these records and no others, and return the account."""
        for name, records in self.tables.items():
            self._sandbox.replace(MAIN_ID, name, records)
        return Agency(self._sandbox)

    def add(self, table: str, **fields: Any) -> Record:
        """Add a record to a table, and return it."""
        record = {"id": next(self._ids), "created_at": _MADE, "updated_at": _MADE, **fields}
        self.tables[table].append(record)
        return record

    def person(self, name: str, *, hours: str | None = "40", since: str = "2020-01-01", **fields: Any) -> Record:
        """Add a user with so many hours a week."""
        first, _, last = name.partition(" ")
        usual = {
            "first_name": first,
            "last_name": last,
            "email": f"{first.lower()}@agency.example",
            "is_contractor": False,
            "is_active": True,
            "weekly_capacity": None if hours is None else int(Decimal(hours) * 3600),
            "roles": [],
            "access_roles": ["member"],
            "created_at": f"{since}T09:00:00Z",
        }
        return self.add("users", **{**usual, **fields})

    def client(self, name: str, currency: str | None = "EUR", **fields: Any) -> Record:
        """Add a client."""
        return self.add("clients", **{"name": name, "currency": currency, "is_active": True, **fields})

    def project(self, name: str, client: Record, **fields: Any) -> Record:
        """Add a project, which is billed by time and materials and has no budget."""
        usual = {
            "name": name,
            "code": "",
            "client": {key: client[key] for key in ("id", "name", "currency")},
            "is_active": True,
            "is_billable": True,
            "is_fixed_fee": False,
            "bill_by": "Project",
            "budget_by": "none",
            "budget_is_monthly": False,
            "budget": None,
            "cost_budget": None,
            "cost_budget_include_expenses": False,
            "fee": None,
            "hourly_rate": None,
            "starts_on": None,
            "ends_on": None,
        }
        return self.add("projects", **{**usual, **fields})

    def entry(self, person: Record, project: Record, day: str, hours: str, **fields: Any) -> Record:
        """Add a time entry of so many hours; it is billable, and its rate is 100 and its cost 50."""
        usual = {
            "hours": Decimal(hours),
            "rounded_hours": Decimal(hours),
            "task": {"id": 1, "name": fields.pop("task", "Design")},
            "billable_rate": Decimal(100),
            "cost_rate": Decimal(50),
            "is_running": False,
        }
        return self.add("time_entries", **{**self._spent(person, project, day), **usual, **fields})

    def expense(self, person: Record, project: Record, day: str, cost: str, **fields: Any) -> Record:
        """Add a billable expense."""
        usual = {"total_cost": Decimal(cost), "expense_category": {"id": 1, "name": "Travel"}}
        return self.add("expenses", **{**self._spent(person, project, day), **usual, **fields})

    def time_off(self, person: Record, kind: str, *days: tuple[str, str | None], status: str = "approved") -> Record:
        """Add a request for paid time off, of days with so many hours."""
        return self.add(
            "pto_requests",
            user=_named(person),
            pto_type={"id": 1, "name": kind},
            status=status,
            start_date=days[0][0],
            end_date=days[-1][0],
            request_days=[
                {"id": next(self._ids), "date": day, "hours": hours and Decimal(hours), "day_fraction": None}
                for day, hours in days
            ],
        )

    def holidays(self, people: list[Record], **days: str) -> Record:
        """Add a calendar of holidays, days by name, and assign people to it."""
        entries = [{"id": next(self._ids), "name": name, "date": day} for name, day in days.items()]
        calendar = self.add("pto_holiday_calendars", name="Here", entries_count=len(entries), entries=entries)
        self.tables["pto_assignments"] += [
            {"user": _named(person), "holiday_calendar": {"id": calendar["id"], "name": "Here"}} for person in people
        ]
        return calendar

    def _spent(self, person: Record, project: Record, day: str) -> Record:
        return {
            "spent_date": day,
            "user": _named(person),
            "client": project["client"],
            "project": {key: project[key] for key in ("id", "name", "code")},
            "billable": True,
            "is_billed": False,
            "is_closed": False,
            "approval_status": "unsubmitted",
            "invoice": None,
        }


def _named(person: Record) -> Record:
    return {"id": person["id"], "name": f"{person['first_name']} {person['last_name']}".strip()}
