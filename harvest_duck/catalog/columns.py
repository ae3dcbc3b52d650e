"""Builders of columns and parameters, one for each kind, and the columns that many tables share.

Only `catalog.tables` uses them. A builder sets type and unit; a table adds name and meaning.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict, Unpack

from harvest_duck.catalog.model import (
    BIGINT,
    BOOLEAN,
    DATE,
    DECIMAL,
    TIME,
    TIMESTAMP,
    VARCHAR,
    Column,
    ListOf,
    Match,
    Origin,
    Param,
    Right,
    Type,
)

#: The states of approval of time entries and expenses.
APPROVAL_STATUSES = ("unsubmitted", "submitted", "approved")

#: The units in which the budget of a project is counted.
BUDGET_METHODS = ("project", "project_cost", "task", "task_fees", "person", "none")


class Details(TypedDict, total=False):
    """The optional properties of a column, see `Column`."""

    at: str
    origin: Origin
    key: bool
    references: str
    values: tuple[str, ...]
    deprecated: bool
    documented: bool
    right: Right


def integer(name: str, description: str, **details: Unpack[Details]) -> Column:
    """A whole number: an id, or a count."""
    return Column(name=name, type=BIGINT, description=description, **details)


def seconds(name: str, description: str, **details: Unpack[Details]) -> Column:
    """A duration in whole seconds."""
    return Column(name=name, type=BIGINT, unit="seconds", description=description, **details)


def text(name: str, description: str, **details: Unpack[Details]) -> Column:
    """Text of any length."""
    return Column(name=name, type=VARCHAR, description=description, **details)


def boolean(name: str, description: str, **details: Unpack[Details]) -> Column:
    """True or false."""
    return Column(name=name, type=BOOLEAN, description=description, **details)


def date(name: str, description: str, **details: Unpack[Details]) -> Column:
    """A calendar day, without a zone."""
    return Column(name=name, type=DATE, description=description, **details)


def time_of_day(name: str, description: str, **details: Unpack[Details]) -> Column:
    """A time on the wall clock, without a zone."""
    return Column(name=name, type=TIME, description=description, **details)


def timestamp(name: str, description: str, **details: Unpack[Details]) -> Column:
    """An instant."""
    return Column(name=name, type=TIMESTAMP, description=description, **details)


def hours(name: str, description: str, **details: Unpack[Details]) -> Column:
    """A duration in hours."""
    return Column(name=name, type=DECIMAL, unit="hours", description=description, **details)


def money(name: str, description: str, **details: Unpack[Details]) -> Column:
    """An amount in the currency of the row."""
    return Column(name=name, type=DECIMAL, unit="money", description=description, **details)


def rate(name: str, description: str, **details: Unpack[Details]) -> Column:
    """Money per hour."""
    return Column(name=name, type=DECIMAL, unit="rate", description=description, **details)


def percent(name: str, description: str, **details: Unpack[Details]) -> Column:
    """A percentage: 10 is ten percent."""
    return Column(name=name, type=DECIMAL, unit="percent", description=description, **details)


def days(name: str, description: str, **details: Unpack[Details]) -> Column:
    """A duration in days, halves of a day among them."""
    return Column(name=name, type=DECIMAL, unit="days", description=description, **details)


def quantity(name: str, description: str, **details: Unpack[Details]) -> Column:
    """A count of units that may be fractional."""
    return Column(name=name, type=DECIMAL, unit="quantity", description=description, **details)


def budget(name: str, description: str, **details: Unpack[Details]) -> Column:
    """Hours or money, as `budget_by` of the project says."""
    return Column(name=name, type=DECIMAL, unit="budget", description=description, **details)


def array(name: str, item: Type, description: str, **details: Unpack[Details]) -> Column:
    """A list of `item`."""
    return Column(name=name, type=ListOf(item), description=description, **details)


def identity(thing: str) -> Column:
    """The `id` of a record."""
    return integer("id", f"Number that identifies the {thing} within Harvest", key=True)


def timestamps(thing: str) -> tuple[Column, Column]:
    """The columns `created_at` and `updated_at`."""
    return (
        timestamp("created_at", f"When the {thing} was created, in UTC"),
        timestamp("updated_at", f"When the {thing} last changed, in UTC"),
    )


def nested(thing: str, *columns: Column) -> tuple[Column, ...]:
    """The columns of an object within the record, named after that object: `client_id` is read at `client.id`."""
    return tuple(
        replace(column, name=f"{thing}_{column.name}", at=f"{thing}.{'.'.join(column.path)}") for column in columns
    )


def enclosing(thing: str, *columns: Column) -> tuple[Column, ...]:
    """The columns of the record around an embedded array, named after that record: `invoice_id` is read at its `id`."""
    return tuple(
        replace(column, name=f"{thing}_{column.name}", at=".".join(column.path), origin=Origin.ENCLOSING)
        for column in columns
    )


CLIENT = nested(
    "client",
    integer("id", "Client the row belongs to", references="clients.id"),
    text("name", "Name of the client at the time of reading"),
)

PROJECT = nested(
    "project",
    integer("id", "Project the row belongs to", references="projects.id"),
    text("name", "Name of the project at the time of reading"),
    text("code", "Short code of the project, NULL or empty where none is used"),
)

TASK = nested(
    "task",
    integer("id", "Task the row is about", references="tasks.id"),
    text("name", "Name of the task at the time of reading"),
)

USER = nested(
    "user",
    integer("id", "User the row is about", references="users.id"),
    text("name", "First and last name of the user"),
)

USER_ASSIGNMENT = nested(
    "user_assignment",
    integer("id", "Assignment that puts the user on the project", references="user_assignments.id"),
    boolean("is_project_manager", "Whether the user manages the project"),
    boolean("is_active", "Whether the user is still on the project"),
    boolean(
        "use_default_rates",
        "Whether the user's own default rate applies on the project; often absent, then NULL",
        documented=False,
    ),
    budget("budget", "Hours budgeted for the user on the project; NULL unless it is budgeted per person"),
    rate("hourly_rate", "Rate of the user on the project, per hour; NULL when unset or hidden", right=Right.RATES),
    timestamp("created_at", "When the user was put on the project, in UTC"),
    timestamp("updated_at", "When the user's assignment last changed, in UTC"),
)


def equal(name: str, *, column: str = "", exact: bool = True, values: tuple[str, ...] = ()) -> Param:
    """The parameter for one value of a column, which has the same name unless `column` is given."""
    return Param(name=name, column=column or name, match=Match.EQUAL, exact=exact, values=values)


def between(column: str, *, until: str = "", exact: bool = True) -> tuple[Param, Param]:
    """The parameters `from` and `to`, both days included where they are `exact`; `to` is about `until` if given."""
    return (
        Param(name="from", column=column, match=Match.FROM, exact=exact),
        Param(name="to", column=until or column, match=Match.TO, exact=exact),
    )


def since(column: str) -> Param:
    """The parameter `updated_since`, on the column with the instant of the last change."""
    return Param(name="updated_since", column=column, match=Match.SINCE, exact=False)


UPDATED_SINCE = since("updated_at")
