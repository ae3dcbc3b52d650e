"""The records of an account of the sandbox as Python values, for oracles that loop over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.agencies import Agency

__all__ = ["ZERO", "Entry", "Expense", "Person", "Project", "Records", "cents", "days", "share", "week_of"]

ZERO = Decimal(0)
CENT = Decimal("0.01")
_FIRST_WEEKDAY = {"Monday": 0, "Saturday": 5, "Sunday": 6}


def decimal(value: object) -> Decimal | None:
    """Return a number of a record as an exact decimal, None for null."""
    return None if value is None else Decimal(str(value))


def day_of(text: str | None) -> date | None:
    """Return the day of a date or an instant in UTC, None for null."""
    return None if text is None else date.fromisoformat(text[:10])


def cents(amount: Decimal) -> Decimal:
    """Return an amount rounded to cents, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def share(part: Decimal | None, whole: Decimal | None) -> float | None:
    """Return a share as the views do, to four decimals; None without a part, or of nothing."""
    if part is None or not whole:
        return None
    return float((part / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP))


def days(first: date, last: date) -> Iterator[date]:
    """Yield the days of a span, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def week_of(day: date, starts: str = "Monday") -> date:
    """Return the first day of the week of a day."""
    return day - timedelta(days=(day.weekday() - _FIRST_WEEKDAY[starts]) % 7)


@dataclass(frozen=True, slots=True)
class Person:
    """A user."""

    id: int
    name: str
    email: str
    is_contractor: bool
    is_active: bool
    weekly_capacity: int | None
    created: date


@dataclass(frozen=True, slots=True)
class Project:
    """A project, with the currency of its client; `type` is as in the views."""

    id: int
    name: str
    client_id: int
    client_name: str
    currency: str | None
    is_active: bool
    is_billable: bool
    is_fixed_fee: bool
    fee: Decimal | None
    created: date
    starts_on: date | None
    ends_on: date | None
    record: dict[str, Any]

    @property
    def type(self) -> str:
        """Whether the project has a fixed fee, is not billable, or is billed by time and materials."""
        if self.is_fixed_fee:
            return "fixed_fee"
        return "time_and_materials" if self.is_billable else "non_billable"


@dataclass(frozen=True, slots=True)
class _Spent:
    """What time entries and expenses have both."""

    id: int
    day: date
    user_id: int
    user_name: str
    client_id: int
    client_name: str
    project_id: int
    project_name: str
    billable: bool
    is_billed: bool
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry(_Spent):
    """A time entry."""

    task_id: int
    task_name: str
    hours: Decimal
    rounded_hours: Decimal
    billable_rate: Decimal | None
    cost_rate: Decimal | None

    def at(self, rate: Decimal | None) -> Decimal | None:
        """Return the rounded hours at a rate, to cents; None without one."""
        return None if rate is None else cents(self.rounded_hours * rate)


@dataclass(frozen=True, slots=True)
class Expense(_Spent):
    """An expense, in the currency of the client."""

    cost: Decimal


class Records:
    """The records of an account."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency
        self.account_id = agency.account_id

    @cached_property
    def people(self) -> dict[int, Person]:
        """The users by id."""
        return {
            each["id"]: Person(
                id=each["id"],
                name=f"{each['first_name']} {each['last_name']}",
                email=each["email"],
                is_contractor=each["is_contractor"],
                is_active=each["is_active"],
                weekly_capacity=each["weekly_capacity"],
                created=date.fromisoformat(each["created_at"][:10]),
            )
            for each in self.agency.records("users")
        }

    @cached_property
    def projects(self) -> dict[int, Project]:
        """The projects by id."""
        return {each["id"]: _project(each) for each in self.agency.records("projects")}

    @cached_property
    def entries(self) -> list[Entry]:
        """All time entries."""
        return [
            Entry(
                **_spent(each),
                task_id=each["task"]["id"],
                task_name=each["task"]["name"],
                hours=Decimal(each["hours"]),
                rounded_hours=Decimal(each["hours"] if each["rounded_hours"] is None else each["rounded_hours"]),
                billable_rate=decimal(each["billable_rate"]),
                cost_rate=decimal(each["cost_rate"]),
            )
            for each in self.agency.records("time_entries")
        ]

    @cached_property
    def expenses(self) -> list[Expense]:
        """All expenses."""
        return [Expense(**_spent(each), cost=Decimal(each["total_cost"])) for each in self.agency.records("expenses")]

    def entries_of(self, first: date, last: date) -> list[Entry]:
        """Return the time entries of a span, both days included."""
        return [each for each in self.entries if first <= each.day <= last]

    def expenses_of(self, first: date, last: date) -> list[Expense]:
        """Return the expenses of a span, both days included."""
        return [each for each in self.expenses if first <= each.day <= last]


def _project(record: dict[str, Any]) -> Project:
    return Project(
        id=record["id"],
        name=record["name"],
        client_id=record["client"]["id"],
        client_name=record["client"]["name"],
        currency=record["client"].get("currency"),
        is_active=record["is_active"],
        is_billable=record["is_billable"],
        is_fixed_fee=record["is_fixed_fee"],
        fee=decimal(record["fee"]),
        created=date.fromisoformat(record["created_at"][:10]),
        starts_on=day_of(record["starts_on"]),
        ends_on=day_of(record["ends_on"]),
        record=record,
    )


def _spent(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": record["id"],
        "day": date.fromisoformat(record["spent_date"]),
        "user_id": record["user"]["id"],
        "user_name": record["user"]["name"],
        "client_id": record["client"]["id"],
        "client_name": record["client"]["name"],
        "project_id": record["project"]["id"],
        "project_name": record["project"]["name"],
        "billable": record["billable"],
        "is_billed": record["is_billed"],
        "record": record,
    }
