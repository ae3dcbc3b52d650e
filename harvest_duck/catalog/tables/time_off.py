"""Paid time off: its types, the requests for it, working weeks and public holidays.

Harvest's public pages do not have this chapter. The endpoints are those of a list of the documentation's pages as of
2026-09 (https://github.com/m2avc/harvest-mcp, docs/API_V2_GAP_MATRIX.md), the fields those of a client with tests
(https://github.com/joefitzgerald/harvest, pto.go). So no column is `documented`, and each may be NULL but the id.
"""

from __future__ import annotations

from dataclasses import replace

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import (
    BIGINT,
    DATE,
    DECIMAL,
    TIMESTAMP,
    VARCHAR,
    Column,
    Origin,
    Paging,
    Parent,
    StructOf,
    Table,
)

#: What an account may lack.
MODULE = "Paid Time Off"
PERMISSION = "not documented by Harvest; the account needs Paid Time Off"
DOCS = "https://help.getharvest.com/api-v2/introduction/overview/general/"


def undocumented(*columns: Column) -> tuple[Column, ...]:
    """The columns, marked as those that no page of Harvest's documents."""
    return tuple(replace(column, documented=False) for column in columns)


def accrual() -> tuple[Column, ...]:
    """The columns that say how time off of one type comes together."""
    return (
        col.text("accrual_type", "How time off comes together, such as all at once or by hours worked"),
        col.text("accrual_schedule", "How often time off is added; NULL where it is not added bit by bit"),
        col.date("accrual_first_payday", "First day on which time off is added; NULL where it follows no paydays"),
        col.hours("accrual_leave_hours", "Hours of time off that are added for each accrual_worked_hours"),
        col.hours("accrual_worked_hours", "Hours of work for which accrual_leave_hours are added"),
        col.hours("accrual_max_hours_per_year", "Most hours of time off that can come together in a year"),
    )


_PTO_TYPE = (
    col.integer("id", "Type of the time off", references="pto_types.id"),
    col.text("name", "Name of the type at the time of reading"),
)
#: The columns of the object `pto_type` within a record.
PTO_TYPE = col.nested("pto_type", *_PTO_TYPE)

PTO_TYPES = Table(
    name="pto_types",
    description="A kind of paid time off, such as vacation; Harvest's public pages do not document it",
    path="/pto/types",
    body_key="pto_types",
    paging=Paging.PAGE,
    own_columns=undocumented(
        col.identity("type of time off"),
        col.text("name", "Name of the type, such as Vacation"),
        col.text("color", "Colour in which the type is shown"),
        col.text("icon", "Picture with which the type is shown"),
        *accrual(),
        col.days("default_days_per_year", "Days of a year for everyone without an allocation of their own"),
        col.days("max_carryover_days", "Most days that may be taken into the next year; NULL where there is no limit"),
        col.boolean("requires_approval", "Whether somebody has to approve requests of the type"),
        col.boolean("visible_to_all", "Whether everyone sees who is away for the type"),
        col.boolean("is_active", "Whether time off of the type can be requested; false once archived"),
        *col.timestamps("type of time off"),
    ),
    params=(col.equal("is_active", exact=False), col.UPDATED_SINCE),
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)

#: The days of `from` and `to`: whether they are about the first or the last day of a request, it is among these.
_DAYS = ("start_date", "end_date")
_STATUS = "How far the request has come, such as pending, approved or denied"

PTO_REQUESTS = Table(
    name="pto_requests",
    description="A request of a user for time off; Harvest's public pages do not document it",
    path="/pto/requests",
    body_key="pto_requests",
    paging=Paging.PAGE,
    own_columns=undocumented(
        col.identity("request"),
        *col.nested(
            "user",
            col.integer("id", "User who wants to be away", references="users.id"),
            col.text("name", "First and last name of the user who wants to be away"),
        ),
        *col.nested(
            "pto_type",
            *_PTO_TYPE,
            col.text("color", "Colour in which the type is shown"),
            col.text("icon", "Picture with which the type is shown"),
        ),
        col.text("status", _STATUS),
        col.date("start_date", "First day away"),
        col.date("end_date", "Last day away"),
        col.days("days", "How many days of time off the request takes"),
        col.days("business_days_at_submission", "Working days among them when the request was made"),
        col.integer("start_time_minutes", "Minute of the day at which the time off begins; NULL for whole days"),
        col.integer("end_time_minutes", "Minute of the day at which the time off ends; NULL for whole days"),
        col.text("notes", "What the user wrote about the request; NULL when left out"),
        *col.nested(
            "reviewer",
            col.integer("id", "User who approved or denied it; NULL until then", references="users.id"),
            col.text("name", "First and last name of the user who approved or denied it"),
        ),
        col.text("review_reason", "Why it was approved or denied; NULL where nobody said"),
        col.timestamp("reviewed_at", "When it was approved or denied, in UTC; NULL until then"),
        *col.timestamps("request"),
        col.array(
            "request_days",
            StructOf(
                (
                    ("id", BIGINT),
                    ("date", DATE),
                    ("hours", DECIMAL),
                    ("day_fraction", DECIMAL),
                    ("created_at", TIMESTAMP),
                    ("updated_at", TIMESTAMP),
                )
            ),
            "The single days of the request; pto_request_days has them as rows",
        ),
    ),
    params=(
        col.equal("user_id", exact=False),
        col.equal("status", exact=False),
        col.equal("pto_type_id", exact=False),
        *col.between(_DAYS[0], until=_DAYS[1], exact=False),
        col.UPDATED_SINCE,
    ),
    # Taken for granted, since nothing says that everyone sees the time off of all.
    narrowed=True,
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)

PTO_REQUEST_DAYS = Table(
    name="pto_request_days",
    description="One day of a request for time off; Harvest's public pages do not document it",
    path="/pto/requests",
    body_key="pto_requests",
    items="request_days",
    paging=Paging.PAGE,
    own_columns=undocumented(
        *col.enclosing(
            "pto_request",
            col.integer("id", "Request that the day is part of", key=True, references="pto_requests.id"),
        ),
        col.identity("day"),
        col.date("date", "Day on which the user is away"),
        col.hours("hours", "Hours of time off on the day"),
        col.quantity("day_fraction", "Part of a working day that these hours are; 1 is a whole day"),
        *col.timestamps("day"),
        *col.enclosing(
            "pto_request",
            col.integer("user_id", "User who wants to be away", at="user.id", references="users.id"),
            col.text("status", _STATUS),
            col.integer("pto_type_id", "Type of the time off", at="pto_type.id", references="pto_types.id"),
            col.date("start_date", "First day of the request"),
            col.date("end_date", "Last day of the request"),
            col.timestamp("updated_at", "When the request last changed, in UTC"),
        ),
    ),
    params=(
        col.equal("user_id", column="pto_request_user_id", exact=False),
        col.equal("status", column="pto_request_status", exact=False),
        col.equal("pto_type_id", column="pto_request_pto_type_id", exact=False),
        *col.between(f"pto_request_{_DAYS[0]}", until=f"pto_request_{_DAYS[1]}", exact=False),
        col.since("pto_request_updated_at"),
    ),
    narrowed=True,
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)

PTO_WORK_SCHEDULES = Table(
    name="pto_work_schedules",
    description="The hours of a working week, day by day; Harvest's public pages do not document it",
    path="/pto/work_schedules",
    body_key="pto_work_schedules",
    paging=Paging.PAGE,
    own_columns=undocumented(
        col.identity("work schedule"),
        col.text("name", "Name of the work schedule"),
        col.boolean("is_default", "Whether it applies to everyone without another one"),
        col.boolean("is_active", "Whether it can be assigned; false once archived"),
        col.hours("weekly_hours", "Hours of the whole week"),
        *(
            col.hours(f"{day.lower()}_hours", f"Hours of a {day}")
            for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        ),
        *col.timestamps("work schedule"),
    ),
    params=(col.equal("is_active", exact=False),),
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)

PTO_HOLIDAY_CALENDARS = Table(
    name="pto_holiday_calendars",
    description="A calendar of public holidays; Harvest's public pages do not document it",
    path="/pto/holiday_calendars",
    body_key="pto_holiday_calendars",
    paging=Paging.PAGE,
    own_columns=undocumented(
        col.identity("calendar"),
        col.text("name", "Name of the calendar"),
        col.integer("entries_count", "How many holidays the calendar has"),
        col.array(
            "entries",
            StructOf((("id", BIGINT), ("name", VARCHAR), ("date", DATE))),
            "The holidays of the calendar; pto_holiday_calendar_entries has them as rows",
        ),
        *col.timestamps("calendar"),
    ),
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)

PTO_HOLIDAY_CALENDAR_ENTRIES = Table(
    name="pto_holiday_calendar_entries",
    description="A public holiday of a calendar; Harvest's public pages do not document it",
    path="/pto/holiday_calendars/{pto_holiday_calendar_id}/entries",
    body_key="pto_holiday_calendar_entries",
    body_key_guessed=True,
    paging=Paging.PAGE,
    # An account without the module may answer 404 as well, so a 404 is never taken for an empty calendar.
    parent=Parent(table="pto_holiday_calendars", column="id", param="pto_holiday_calendar_id", absent_on=frozenset()),
    own_columns=undocumented(
        col.integer(
            "pto_holiday_calendar_id",
            "Calendar that has the holiday",
            at="pto_holiday_calendar_id",
            origin=Origin.PATH,
            references="pto_holiday_calendars.id",
        ),
        col.identity("holiday"),
        col.text("name", "Name of the holiday"),
        col.date("date", "Day of the holiday"),
        *col.timestamps("holiday"),
    ),
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)
