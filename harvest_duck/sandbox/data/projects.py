"""Projects in every way of billing and budgeting, with their task and user assignments.

The forms cycle through all values of `bill_by` and `budget_by`, fixed fees, monthly budgets and unbilled work, so that
every account has each of them. `budgets` sets budgets and fees when the work is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.clients import short_client
from harvest_duck.sandbox.data.numbers import instant, number
from harvest_duck.sandbox.data.words import MEETINGS, PROJECT_KINDS, RETAINER

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.people import Person
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.data.random_source import Ids, RandomSource
    from harvest_duck.sandbox.wire import Record


@dataclass(frozen=True, slots=True)
class Form:
    """How a project is billed and budgeted."""

    bill_by: str
    budget_by: str
    fixed_fee: bool = False
    monthly: bool = False
    billable: bool = True


FORMS = (
    Form("Project", "project"),
    Form("Tasks", "task"),
    Form("People", "person"),
    Form("People", "project_cost"),
    Form("none", "none", fixed_fee=True),
    Form("Tasks", "task_fees"),
    Form("Project", "project", monthly=True),
    Form("none", "none", billable=False),
    Form("People", "project", fixed_fee=True),
    Form("Project", "none"),
    Form("Tasks", "project_cost", monthly=True),
    Form("People", "none"),
)

# The form of the internal project, which is not billed.
_INTERNAL = 7
# Of every six projects, the position of the one without a code.
UNCODED = 5


@dataclass(slots=True)
class Engagement:
    """A project with its assignments and the days on which people work on it; `end` is today if it runs."""

    project: Record
    client: Record
    form: Form
    start: date
    end: date
    task_assignments: list[Record]
    user_assignments: list[Record]
    members: list[Person]

    @property
    def short(self) -> Record:
        """The project as other records embed it."""
        return {key: self.project[key] for key in ("id", "name", "code")}


@dataclass(slots=True)
class _ProjectContext:
    """The inputs of every project."""

    profile: AccountProfile
    rng: RandomSource
    projects: Ids
    task_assignments: Ids
    user_assignments: Ids
    tasks: list[Record]
    staff: list[Person]
    #: By the id of a person the last day of a project that was to keep them busy.
    booked: dict[int, date] = field(default_factory=dict)


def generate_engagements(
    profile: AccountProfile, clients: list[Record], tasks: list[Record], staff: list[Person]
) -> list[Engagement]:
    """Return the projects, oldest first; the first is internal, not billable, always open, with all people."""
    rng = profile.rng("projects")
    context = _ProjectContext(
        profile,
        rng,
        profile.ids("projects", 14_307_000),
        profile.ids("task assignments", 155_502_000),
        profile.ids("user assignments", 125_063_000),
        tasks,
        staff,
    )
    days = (profile.today - profile.since).days
    # No divisor of the number of clients, so that all of them have projects.
    step = 5 if len(clients) % 7 == 1 else 7
    engagements = [_engagement(context, 0, clients[0], FORMS[_INTERNAL], start=profile.since, planned=None)]
    for position in range(1, profile.projects):
        start = profile.since + timedelta(days=int((days - 60) * position / profile.projects))
        planned = start + timedelta(days=rng.between(150, 900))
        client = clients[1 + (position * step + position // 11) % (len(clients) - 1)]
        engagements.append(
            _engagement(context, position, client, FORMS[position % len(FORMS)], start=start, planned=planned)
        )
    return engagements


def _engagement(
    context: _ProjectContext, position: int, client: Record, form: Form, *, start: date, planned: date | None
) -> Engagement:
    """Return one project with its assignments; `planned` is its last day, None for the internal project."""
    today = context.profile.today
    project = _project(context, position, client, form, start=start, planned=planned)
    end = today if planned is None else min(today, planned)
    engagement = Engagement(project, client, form, start, end, [], [], [])
    _assign_tasks(context, engagement, form, internal=planned is None)
    _assign_people(context, engagement, form, everyone=planned is None)
    return engagement


def _project(
    context: _ProjectContext, position: int, client: Record, form: Form, *, start: date, planned: date | None
) -> Record:
    """Return the project as `/projects` gives it, without its budget and fee."""
    rng, today = context.rng, context.profile.today
    active = planned is None or planned >= today
    closed = today - timedelta(days=rng.between(0, min(300, (today - start).days))) if active else planned
    budgeted = form.budget_by != "none"
    made = max(context.profile.since, start - timedelta(days=rng.between(0, 20)))
    return {
        "id": context.projects.next(),
        "name": _name(form, position, start),
        "code": _code(client, position),
        "is_active": active,
        "is_billable": form.billable,
        "is_fixed_fee": form.fixed_fee,
        "bill_by": form.bill_by,
        "hourly_rate": number(Decimal(rng.between(16, 32) * 5)) if form.bill_by == "Project" else None,
        "budget": None,
        "budget_by": form.budget_by,
        "budget_is_monthly": form.monthly,
        "notify_when_over_budget": budgeted and rng.chance(0.7),
        "over_budget_notification_percentage": number(rng.pick((75, 80, 80))),
        "over_budget_notification_date": None,
        "show_budget_to_all": rng.chance(0.4),
        "created_at": instant(made, rng.between(30000, 60000)),
        "updated_at": instant(closed or today, rng.between(61000, 80000)),
        "starts_on": start.isoformat() if rng.chance(0.8) else None,
        "ends_on": planned and planned.isoformat(),
        "notes": rng.pick(("", "Scope as agreed in the offer.", "Ask before overtime!", None)),
        "cost_budget": None,
        "cost_budget_include_expenses": form.budget_by == "project_cost" and rng.chance(0.5),
        "fee": None,
        "client": short_client(client, currency=True),
    }


def _name(form: Form, position: int, start: date) -> str:
    """Return a name by the kind and the year of the project."""
    if position == 0:
        return "Internal"
    return f"{RETAINER if form.monthly else PROJECT_KINDS[position % 11]} {start.year}"


def _code(client: Record, position: int) -> str | None:
    """Return a project code such as AMB-07; every sixth project has none, which is null or empty."""
    if position % 6 == UNCODED:
        return None if position % 4 == 1 else ""
    letters = "".join(letter for letter in client["name"].upper() if letter.isascii() and letter.isalpha())
    return f"{letters[:3]}-{position:02}"


def _assign_tasks(context: _ProjectContext, engagement: Engagement, form: Form, *, internal: bool) -> None:
    """Add the task assignments of the project."""
    paid = [task for task in context.tasks if task["billable_by_default"]]
    unpaid = [task for task in context.tasks if not task["billable_by_default"]]
    meetings = [task for task in unpaid if task["name"] == MEETINGS]
    chosen = unpaid if internal else [*context.rng.some(paid, context.rng.between(3, 6)), *meetings]
    for task in chosen:
        rate = task["default_hourly_rate"] if form.bill_by == "Tasks" else None
        made = engagement.project["created_at"]
        changed = engagement.start + (engagement.end - engagement.start) * context.rng.random() / 3
        engagement.task_assignments.append(
            {
                "id": context.task_assignments.next(),
                "billable": task["billable_by_default"] and form.billable,
                "is_active": task["is_active"],
                "created_at": made,
                "updated_at": max(made, instant(changed, context.rng.between(30000, 60000))),
                "hourly_rate": rate,
                "budget": None,
                "project": engagement.short,
                "task": {"id": task["id"], "name": task["name"]},
            },
        )


def _assign_people(context: _ProjectContext, engagement: Engagement, form: Form, *, everyone: bool) -> None:
    """Add the user assignments; the manager of the tokens leads every third project, the first member the others."""
    employed = [
        person
        for person in context.staff
        if person.hired <= engagement.end and (person.left is None or person.left >= engagement.start)
    ]
    count = len(employed) if everyone else context.rng.between(3, max(3, len(employed) // 2))
    chosen = context.rng.some(employed, count)
    leader = context.staff[1] if engagement.project["id"] % 3 == 0 else chosen[0]
    idle = [] if everyone or not form.billable else _idle(context, engagement, employed)
    chosen += [person for person in dict.fromkeys((leader, *idle)) if person not in chosen]
    engagement.members.extend(chosen)
    for person in chosen:
        engagement.user_assignments.append(_user_assignment(context, engagement, form, person, leads=person is leader))


def _idle(context: _ProjectContext, engagement: Engagement, employed: list[Person]) -> list[Person]:
    """Return the people who would have no work for clients before one of the next projects starts."""
    profile, start = context.profile, engagement.start
    soon = start + timedelta(days=62) + 2 * (profile.today - profile.since) / profile.projects
    found = [person for person in employed if context.booked.get(person.record["id"], start) <= soon]
    context.booked |= {person.record["id"]: engagement.end for person in found}
    return found


def _user_assignment(
    context: _ProjectContext, engagement: Engagement, form: Form, person: Person, *, leads: bool
) -> Record:
    """Return one person on one project; half of those billed by people have a rate of their own."""
    own_rate = form.bill_by == "People" and context.rng.chance(0.5)
    rate = number(Decimal(context.rng.between(60, 160)) + Decimal("0.5")) if own_rate else None
    made = max(engagement.project["created_at"], person.record["created_at"])
    return {
        "id": context.user_assignments.next(),
        "is_project_manager": leads,
        "is_active": person.record["is_active"] and context.rng.chance(0.95),
        "use_default_rates": not own_rate,
        "budget": None,
        "created_at": made,
        "updated_at": max(made, engagement.project["updated_at"]) if context.rng.chance(0.5) else made,
        "hourly_rate": rate if own_rate else person.record["default_hourly_rate"],
        "project": engagement.short,
        "user": person.short,
    }
