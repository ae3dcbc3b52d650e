"""The rows of `harvest_access()` as values: the access of one person to a table, concluded from Harvest's answer.

`access` sends the requests; this module chooses the columns of a sample and decides what the answer means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest_duck.catalog.model import Right, Table
from harvest_duck.catalog.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.decoder.decoder import Page

#: The columns of `harvest_access()`.
ACCESS = pa.schema(
    [
        ("account_id", pa.int64()),
        ("account_name", pa.string()),
        ("user_id", pa.int64()),
        ("user_name", pa.string()),
        ("role", pa.string()),
        ("access_roles", pa.list_(pa.string())),
        ("table_name", pa.string()),
        ("access", pa.string()),
        ("records", pa.int64()),
        ("empty_columns", pa.list_(pa.string())),
        ("reason", pa.string()),
    ]
)

# https://help.getharvest.com/api-v2/users-api/users/users/
_BASIC = ("administrator", "manager", "member")
#: The columns that describe a person, and those with the names of accounts.
_DESCRIBING = {"me": ("id", "first_name", "last_name", "access_roles"), "accounts": ("id", "name")}
_NARROWED = "only administrators get all rows; to be read by: {}"
_UNDOCUMENTED = "there may be rows that only administrators get; {}"


@dataclass(frozen=True, slots=True)
class Person:
    """The user of an account to whom the token belongs; `roles` are their access roles, in Harvest's order."""

    id: int | None
    name: str
    roles: tuple[str, ...]

    @classmethod
    def of(cls, page: Page) -> Person:
        """The person on the page of the table `me`."""
        (me,) = page.batch.to_pylist()
        name = " ".join(filter(None, (me["first_name"], me["last_name"])))
        return cls(me["id"], name, tuple(me["access_roles"] or ()))

    @property
    def role(self) -> str | None:
        """The basic role; None where Harvest names an unknown one."""
        return next((role for role in self.roles if role in _BASIC), None)

    @property
    def administrates(self) -> bool:
        """Whether the person is an administrator of the account."""
        return "administrator" in self.roles

    def may_see(self, right: Right) -> bool:
        """Whether the access roles grant the right."""
        granted = right is Right.RATES and {"manager", "billable_rates_manager"} <= set(self.roles)
        return self.administrates or granted


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for a table: a page of it, or the `reason` for none; `refused` says that the user may not read it."""

    page: Page | None = field(default=None, repr=False)
    reason: str | None = None
    refused: bool = False


def sampled(table: Table) -> list[str]:
    """The columns of a sample: those that need a right, those that describe a person, and those that name parents."""
    wanted = {column.name for column in table.columns if column.right} | set(_DESCRIBING.get(table.name, ()))
    for child in TABLES.values():
        if child.parent is not None and child.parent.table == table.name:
            wanted.update(child.parent.read)
    return [column.name for column in table.columns if column.name in wanted]


def account_names(outcome: Outcome) -> Mapping[int, str]:
    """The names of the accounts in the answer for the table `accounts`, by id."""
    listed = [] if outcome.page is None else outcome.page.batch.to_pylist()
    return {account["id"]: account["name"] for account in listed if account["name"]}


def parent_in(table: Table, outcome: Outcome) -> int | None:
    """The id of the first record in the answer for its parents that can have rows of `table`; None where none can."""
    parent = table.parent
    if parent is None or outcome.page is None:
        return None
    records = outcome.page.batch.to_pylist()
    return next((record[parent.column] for record in records if parent.has_children(record)), None)


def without_parent(table: Table, outcome: Outcome) -> Outcome:
    """The outcome for `table` where `parent_in` finds no parent: a scan asks for the parents first, and ends there."""
    parent = table.parent
    if parent is None or outcome.refused:
        return outcome
    which = "" if parent.only is None else f" whose {parent.only[0]} has {parent.only[1]}"
    among = "" if parent.only is None else f" among the first {0 if outcome.page is None else outcome.page.records}"
    return Outcome(
        reason=f"not asked: Harvest lists it by {parent.param}, and there is no row of {parent.table}{which}{among}"
    )


def row(
    account_id: int | None, account_name: str | None, person: Person, table: Table, outcome: Outcome
) -> dict[str, Any]:
    """The row of `ACCESS` for a table of an account.

    A column that the person has no right to see counts as empty, unless the sample holds a value of it.
    """
    narrowed = table.narrowed and not person.administrates
    page = outcome.page
    return {
        "account_id": account_id,
        "account_name": account_name,
        "user_id": person.id,
        "user_name": person.name,
        "role": person.role,
        "access_roles": list(person.roles),
        "table_name": table.name,
        "access": _access(outcome, narrowed=narrowed),
        "records": None if page is None or table.parent or table.items else page.total_entries,
        "empty_columns": None if page is None else _empty(table, person, page.batch),
        "reason": _narrowed(table) if narrowed and page is not None else outcome.reason,
    }


def _narrowed(table: Table) -> str:
    documented = any(column.documented for column in table.own_columns)
    return (_NARROWED if documented else _UNDOCUMENTED).format(table.permission)


def _access(outcome: Outcome, *, narrowed: bool) -> str:
    if outcome.page is None:
        return "forbidden" if outcome.refused else "unknown"
    return "narrowed" if narrowed else "readable"


def _empty(table: Table, person: Person, sample: pa.RecordBatch) -> list[str]:
    return [
        column.name
        for column in table.columns
        if column.right is not None
        and not person.may_see(column.right)
        and sample.column(column.name).null_count == sample.num_rows
    ]
