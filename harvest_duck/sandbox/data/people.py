"""The people of the agency: users, their roles, their rates over the years, and teammates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from harvest_duck.sandbox.data.numbers import instant, number
from harvest_duck.sandbox.data.random_source import RandomSource, weighted
from harvest_duck.sandbox.data.words import FIRST_NAMES, LAST_NAMES, ROLES

if TYPE_CHECKING:
    from harvest_duck.sandbox.data.profile import AccountProfile
    from harvest_duck.sandbox.wire import Record

_MANAGER_ACCESS = [
    "manager",
    "project_creator",
    "billable_rates_manager",
    "managed_projects_invoice_manager",
    "client_and_task_manager",
    "time_and_expenses_manager",
]
# Tokens stand for the first users, so their access is fixed, by whether the account is European; that of later users is
# random.
_FIRST_ACCESS = {
    False: (["administrator"], _MANAGER_ACCESS, ["member"], ["manager", "managed_projects_invoice_drafter"]),
    True: (["administrator"], ["administrator"], ["member"], ["manager", "estimates_manager"]),
}
_LATER_ACCESS = weighted((["member"], 14), (["manager"], 2), (["administrator"], 1))
_ZONES = ("Eastern Time (US & Canada)", "Berlin", "London", "Mountain Time (US & Canada)", "Istanbul")
# Observed in one captured payload, not documented.
_OBSERVED_CLAIMS = ["expenses:read:own", "timers:read:own", "timers:write:own"]
# Of every six people, the position of the contractor.
FREELANCES = 4


@dataclass(slots=True, eq=False)
class Person:
    """A user with days of employment, and rates by the day they start."""

    record: Record
    hired: date
    left: date | None
    billable_rates: list[tuple[date | None, Decimal]]
    cost_rates: list[tuple[date | None, Decimal]]

    @property
    def short(self) -> Record:
        """The user as other records embed it."""
        return {"id": self.record["id"], "name": f"{self.record['first_name']} {self.record['last_name']}"}

    @property
    def in_office(self) -> bool:
        """Whether the person works in the office rather than for clients."""
        return ROLES[-1] in self.record["roles"]


def rate_on(rates: list[tuple[date | None, Decimal]], day: date) -> Decimal:
    """Return the rate in force on `day`."""
    return next(amount for start, amount in reversed(rates) if start is None or start <= day)


def generate_people(profile: AccountProfile) -> list[Person]:
    """Return everyone who ever worked at the agency, by start; the first ones are those of the tokens."""
    rng = profile.rng("people")
    ids = profile.ids("users", 3_200_000)
    days = (profile.today - profile.since).days
    staff = []
    for position in range(profile.users):
        has_token = position < len(_FIRST_ACCESS[profile.european])
        hired = profile.since + timedelta(days=0 if has_token else int(days * 0.8 * position / profile.users))
        leaves = not has_token and position % 5 == 0
        left = hired + timedelta(days=rng.between(200, 700)) if leaves else None
        left = None if left is None or left >= profile.today else left
        staff.append(_person(profile, rng, ids.next(), position, hired=hired, left=left))
    return staff


def _person(
    profile: AccountProfile, rng: RandomSource, identity: int, position: int, *, hired: date, left: date | None
) -> Person:
    """Return one user with rates that rise every year or two."""
    billable = _rises(rng, Decimal(rng.between(14, 28) * 5), hired, left or profile.today)
    cost = _rises(rng, Decimal(rng.between(70, 130)) / 2, hired, left or profile.today)
    record = _user_record(profile, rng, identity, position, hired=hired, left=left)
    record["default_hourly_rate"] = billable[-1][1]
    record["cost_rate"] = cost[-1][1]
    return Person(record, hired, left, billable, cost)


def _rises(rng: RandomSource, amount: Decimal, hired: date, until: date) -> list[tuple[date | None, Decimal]]:
    """Return a history of rates: the first without start, later ones from the first of a month."""
    rates: list[tuple[date | None, Decimal]] = [(None, number(amount))]
    start = (hired + timedelta(days=rng.between(330, 760))).replace(day=1)
    while start < until:
        amount += Decimal(rng.between(2, 9)) * Decimal("1.25")
        rates.append((start, number(amount)))
        start = (start + timedelta(days=rng.between(380, 800))).replace(day=1)
    return rates


def _user_record(
    profile: AccountProfile, rng: RandomSource, identity: int, position: int, *, hired: date, left: date | None
) -> Record:
    """Return the user as `/users` gives it, without its rates."""
    first_name, last_name = _full_name(profile, position)
    access = _FIRST_ACCESS[profile.european]
    roles = rng.some(ROLES[:-1], 1 + rng.chance(0.2)) if position % 7 else [ROLES[-1]]
    created = instant(hired, 8 * 3600 + rng.between(0, 3600))
    changed = instant(
        left or min(profile.today, hired + timedelta(days=rng.between(1, 900))), rng.between(40000, 60000)
    )
    record = {
        "id": identity,
        "first_name": first_name,
        "last_name": last_name,
        "email": _email(first_name, last_name, position),
        "telephone": f"+1 555 01{position % 100:02}" if rng.chance(0.5) else "",
        "timezone": rng.pick(_ZONES),
        "has_access_to_all_future_projects": position == 0,
        "is_contractor": position % 6 == FREELANCES,
        "is_active": left is None,
        "weekly_capacity": rng.pick(profile.capacities),
        "default_hourly_rate": None,
        "cost_rate": None,
        "roles": roles,
        "access_roles": list(access[position] if position < len(access) else rng.pick(_LATER_ACCESS)),
        "avatar_url": f"https://cache.harvestapp.example/assets/profile_images/initials.png?{identity}",
        "created_at": created,
        "updated_at": max(created, changed),
    }
    if not profile.european and position % 2 == 0:
        record |= {
            "calendar_integration_enabled": position % 4 == 0,
            "calendar_integration_source": "google" if position % 4 == 0 else None,
            "can_create_projects": position == 0,
            "permissions_claims": list(_OBSERVED_CLAIMS),
        }
    return record


def _full_name(profile: AccountProfile, position: int) -> tuple[str, str]:
    """Return the name of the user at `position`; the first users have the names of the persons who can sign in."""
    if profile.european and position <= 1:
        return (("Ada", "Moreau"), ("Dieter", "Brandt"))[position]
    return _cycle(FIRST_NAMES, position), _cycle(LAST_NAMES, position)


def _cycle(words: tuple[str, ...], position: int) -> str:
    """Return the word at `position`; each further round is shifted by one, so that full names rarely repeat."""
    return words[(position + position // len(words)) % len(words)]


def _email(first_name: str, last_name: str, position: int) -> str:
    """Return an address in a domain that nobody can own."""
    plain = f"{first_name}.{last_name}".lower().replace(" ", "").replace("'", "")
    letters = plain.encode("ascii", "ignore").decode()
    return f"{letters}{position if position >= len(FIRST_NAMES) else ''}@harbourvale.example"


def role_records(profile: AccountProfile, staff: list[Person]) -> list[Record]:
    """Return the roles with the ids of their users."""
    ids = profile.ids("roles", 617_000)
    rng = profile.rng("roles")
    records = []
    for name in ROLES:
        created = instant(profile.since, rng.between(30000, 80000))
        holders = [person.record["id"] for person in staff if name in person.record["roles"]]
        changed = instant(profile.since + timedelta(days=rng.between(30, 1700)), rng.between(0, 86399))
        records.append(
            {"id": ids.next(), "name": name, "user_ids": holders, "created_at": created, "updated_at": changed},
        )
    return records


def rate_records(profile: AccountProfile, staff: list[Person], *, cost: bool) -> list[Record]:
    """Return every rate of every user; a rate ends the day before the next one starts, the current one has no end."""
    # https://help.getharvest.com/api-v2/users-api/users/billable-rates/
    ids = profile.ids("cost rates" if cost else "billable rates", 825_000 if cost else 1_836_000)
    records = []
    for person in staff:
        rates = person.cost_rates if cost else person.billable_rates
        starts = [start for start, _ in rates]
        for (start, amount), following in zip(rates, [*starts[1:], None], strict=True):
            made = instant(start or person.hired, 9 * 3600)
            records.append(
                {
                    "user_id": person.record["id"],
                    "id": ids.next(),
                    "amount": amount,
                    "start_date": start and start.isoformat(),
                    "end_date": following and (following - timedelta(days=1)).isoformat(),
                    "created_at": made,
                    "updated_at": instant(following, 9 * 3600) if following else made,
                },
            )
    return records


def teammate_records(profile: AccountProfile, staff: list[Person]) -> list[Record]:
    """Return the users assigned as teammates to each manager."""
    rng = profile.rng("teammates")
    records = []
    for person in staff:
        if "manager" not in person.record["access_roles"]:
            continue
        others = [other for other in staff if other is not person and other.record["is_active"]]
        records += [
            {"user_id": person.record["id"]}
            | {key: other.record[key] for key in ("id", "first_name", "last_name", "email")}
            for other in rng.some(others, max(2, len(others) // 3))
        ]
    return records
