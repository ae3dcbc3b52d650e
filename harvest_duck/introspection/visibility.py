"""Whose records a token sees whole, as values: which views of an account it may ask, and what limits their rows.

The rules are those of https://help.getharvest.com/api-v2/introduction/overview/permissions/: an administrator sees the
account; a manager sees the time and expenses of themselves, of the teammates assigned to them, and of the projects that
they manage; a member sees their own. Reports of Harvest leave the teammates out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.catalog.model import Right
from harvest_duck.errors import QueryError
from harvest_duck.introspection.access_rules import Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    #: The ids of something by account and user.
    Ids = Mapping[tuple[int | None, int | None], Sequence[int]]

#: The columns of `_internal.visible`.
VISIBLE = pa.schema(
    [
        ("account_id", pa.int64()),
        ("user_id", pa.int64()),
        ("user_name", pa.string()),
        ("role", pa.string()),
        ("rates", pa.bool_()),
        ("costs", pa.bool_()),
        ("people", pa.list_(pa.int64())),
        ("projects", pa.list_(pa.int64())),
        ("limited_to", pa.string()),
    ]
)
#: The columns of `me` that tell who asks.
ASKED_OF_ME = ("id", "first_name", "last_name", "access_roles", "account_id")
#: What a view may be about: the whole account, people, projects, or rows each of which is right by itself.
ACCESSES = ("account", "people", "projects", "rows")


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user of an account whose token asks."""

    account_id: int | None
    person: Person

    @classmethod
    def of(cls, me: Mapping[str, Any]) -> Viewer:
        """Return the viewer in a row of the table `me`."""
        name = " ".join(filter(None, (me["first_name"], me["last_name"])))
        return cls(me["account_id"], Person(me["id"], name, tuple(me["access_roles"] or ())))

    @property
    def manages(self) -> bool:
        """Whether the user is a manager, and no administrator."""
        return self.person.role == "manager" and not self.person.administrates

    @property
    def reads_projects(self) -> bool:
        """Whether Harvest shows the user projects, which it refuses to members."""
        return self.person.administrates or self.manages

    def has_teammates_to_ask_for(self, access: str) -> bool:
        """Whether it matters for an access which teammates the user has."""
        return access == "people" and self.manages

    def has_projects_to_ask_for(self, access: str) -> bool:
        """Whether it matters for an access which projects the user manages."""
        return access == "projects" and self.manages


def refuse(view: str, access: str, viewers: Iterable[Viewer]) -> None:
    """Raise `QueryError` where a view may not be asked by one of the users, since its numbers would be wrong."""
    if access not in ACCESSES:
        raise QueryError(f"{view}: no access {access!r}; write one of {', '.join(ACCESSES)}")
    for viewer in viewers:
        person = viewer.person
        if person.administrates or access == "rows" or (access != "account" and viewer.manages):
            continue
        seen = {
            "account": "what the whole account holds",
            "people": "the people of an account",
            "projects": "projects with their budgets",
        }[access]
        by = "administrators" if access == "account" else "administrators and managers"
        role = person.role or "neither administrator nor manager"
        called = f"{person.name or 'the user of the token'}, {role} of account {viewer.account_id}"
        raise QueryError(
            f"{view}: Harvest shows {seen} to {by} alone, and the token is that of {called}: ask with the token of "
            f"{'an administrator' if access == 'account' else 'one of them'}"
        )


def refuse_cut(view: str, access: str, max_rows: int | None) -> None:
    """Raise `QueryError` where a connection cuts off the tables that a view adds up."""
    if max_rows is not None and access != "rows":
        raise QueryError(
            f"{view}: MaxRows={max_rows} of the connection would cut off the tables that it is made of: "
            "leave MaxRows out, and write LIMIT"
        )


def rows(access: str, viewers: Sequence[Viewer], teammates: Ids, managed: Ids) -> pa.Table:
    """Return a row of `VISIBLE` for each user.

    `teammates` are the ids of those assigned, by account and user, and `managed` those of the projects they manage.
    """
    keys = [(each.account_id, each.person.id) for each in viewers]
    return pa.Table.from_pylist(
        [
            _row(access, each, teammates.get(key, ()), managed.get(key, ()))
            for each, key in zip(viewers, keys, strict=True)
        ],
        schema=VISIBLE,
    )


def _row(access: str, viewer: Viewer, teammates: Sequence[int], managed: Sequence[int]) -> dict[str, Any]:
    person, whole = viewer.person, viewer.person.administrates
    others = sorted({*teammates} - {person.id})
    return {
        "account_id": viewer.account_id,
        "user_id": person.id,
        "user_name": person.name,
        "role": person.role,
        "rates": person.may_see(Right.RATES),
        "costs": person.may_see(Right.COSTS),
        "people": None if whole else [person.id, *others],
        "projects": None if whole else sorted(managed),
        "limited_to": None if whole else _limit(access, person.name or str(person.id), len(others)),
    }


def _limit(access: str, name: str, teammates: int) -> str:
    if access == "projects":
        return f"the projects that {name} manages"
    if access == "rows":
        return f"what {name} may read"
    return f"{name} and {teammates} teammate{'' if teammates == 1 else 's'}" if teammates else name
