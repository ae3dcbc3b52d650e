"""The assignments to which a person can book time or expenses in a month, ready to embed in records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.people import Person, rate_on
from harvest_duck.sandbox.data.words import MEETINGS, TIME_OFF

if TYPE_CHECKING:
    from decimal import Decimal

    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.projects import Engagement
    from harvest_duck.sandbox.wire import Record

# Entries of the last weeks wait for approval.
SUBMITTED_AFTER_DAYS = 14
APPROVED_AFTER_DAYS = 42
#: Why a record is locked that nobody has to approve.
LOCKED = "Item Locked for this Time Period"


@dataclass(slots=True)
class Booking:
    """A person on a project, with the objects that records embed: each task with its assignment."""

    person: Person
    engagement: Engagement
    user: Record
    client: Record
    project: Record
    user_assignment: Record
    tasks: list[tuple[Record, Record]]
    meeting: tuple[Record, Record]
    absences: dict[str, tuple[Record, Record]]

    def billable_rate(self, task_assignment: Record, day: date) -> Decimal | None:
        """Return the rate of a billable hour on `day`, by the project's `bill_by`; None if it has none."""
        match self.engagement.project["bill_by"]:
            case "Project":
                rate: Decimal | None = self.engagement.project["hourly_rate"]
            case "Tasks":
                rate = task_assignment["hourly_rate"]
            case "People" if self.user_assignment["use_default_rates"]:
                rate = rate_on(self.person.billable_rates, day)
            case "People":
                rate = self.user_assignment["hourly_rate"]
            case _:
                rate = None
        return rate


class BookingCalendar:
    """The bookings of every person, by month."""

    def __init__(self, profile: AccountProfile, engagements: list[Engagement]) -> None:
        self._profile = profile
        self._bookings: dict[int, list[Booking]] = {}
        self._months: dict[tuple[int, int, int], list[Booking]] = {}
        self._engagements = engagements
        for engagement in engagements:
            tasks = _bookable_tasks(engagement)
            work = [each for name, each in tasks.items() if name not in (MEETINGS, *TIME_OFF)]
            absences = {name: each for name, each in tasks.items() if name in TIME_OFF}
            client = short_client(engagement.client, currency=not profile.european)
            project = _without(engagement.short, "code") if profile.european else engagement.short
            for person, assignment in zip(engagement.members, engagement.user_assignments, strict=True):
                embedded = _without(assignment, "project", "user")
                booking = Booking(
                    person, engagement, person.short, client, project, embedded, work, tasks[MEETINGS], absences
                )
                self._bookings.setdefault(person.record["id"], []).append(booking)

    def open_to(self, person: Person, day: date) -> list[Booking]:
        """Return the bookings open to `person` in the month of `day`: the internal project comes first."""
        key = (person.record["id"], day.year, day.month)
        if key not in self._months:
            first = max(day.replace(day=1), self._profile.since)
            last = min(
                (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1), self._profile.today
            )
            self._months[key] = [
                booking
                for booking in self._bookings[person.record["id"]]
                if booking.engagement.start <= first and booking.engagement.end >= last
            ]
        return self._months[key]

    def embed_budgets(self) -> None:
        """Copy the budgets of assignments, once they are planned, to the assignments that records embed."""
        budgets = {
            each["id"]: each["budget"]
            for engagement in self._engagements
            for each in (*engagement.task_assignments, *engagement.user_assignments)
        }
        for booking in chain.from_iterable(self._bookings.values()):
            tasks = (*booking.tasks, booking.meeting, *booking.absences.values())
            for assignment in (booking.user_assignment, *(own for _, own in tasks)):
                assignment["budget"] = budgets[assignment["id"]]


def _bookable_tasks(engagement: Engagement) -> dict[str, tuple[Record, Record]]:
    """Return each task of the project by name, with its assignment as time entries embed it."""
    return {
        each["task"]["name"]: (each["task"], _without(each, "project", "task")) for each in engagement.task_assignments
    }


def _without(record: Record, *keys: str) -> Record:
    """Return `record` without some of its keys."""
    return {key: value for key, value in record.items() if key not in keys}


def approval(profile: AccountProfile, day: date, *, locked: bool) -> tuple[str, bool, str | None]:
    """Return approval status, whether it is locked, and why, of a record of `day`.

    Without approvals in the account `locked` decides.
    """
    age = (profile.today - day).days
    if not profile.approval:
        return "unsubmitted", locked, LOCKED if locked else None
    if age > APPROVED_AFTER_DAYS:
        return "approved", True, "Item Approved and Locked for this Time Period"
    return ("submitted" if age > SUBMITTED_AFTER_DAYS else "unsubmitted"), False, None
