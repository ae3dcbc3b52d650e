"""How much paid time off each user has: their working week and holidays, their days of a year, and what is left.

The sources are those of `time_off`.
"""

from __future__ import annotations

from harvest_duck.catalog import columns as col
from harvest_duck.catalog.model import Column, Origin, Paging, Parent, Table
from harvest_duck.catalog.tables.time_off import DOCS, MODULE, PERMISSION, PTO_TYPE, accrual, undocumented


def _year(description: str, *, key: bool = False) -> Column:
    return col.integer("year", description, origin=Origin.INPUT, at="year", key=key)


PTO_ASSIGNMENTS = Table(
    name="pto_assignments",
    description="The working week and the holidays of a user; Harvest's public pages do not document it",
    path="/pto/assignments",
    body_key="pto_assignments",
    body_key_guessed=True,
    paging=Paging.PAGE,
    own_columns=undocumented(
        *col.nested(
            "user",
            col.integer("id", "User the row is about", key=True, references="users.id"),
            col.text("name", "First and last name of the user"),
        ),
        *col.nested(
            "holiday_calendar",
            col.integer("id", "Calendar of the user's holidays", references="pto_holiday_calendars.id"),
            col.text("name", "Name of the calendar of the user's holidays"),
        ),
        *col.nested(
            "work_schedule",
            col.integer("id", "Work schedule of the user; NULL for the default", references="pto_work_schedules.id"),
            col.text("name", "Name of the user's work schedule; NULL for the default"),
        ),
        *col.nested(
            "effective_work_schedule",
            col.text("name", "Name of the work schedule that applies, the default one included"),
            col.hours("weekly_hours", "Hours of a week by the work schedule that applies"),
        ),
    ),
    params=(col.equal("user_id", exact=False),),
    narrowed=True,
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)

PTO_ALLOCATIONS = Table(
    name="pto_allocations",
    description="The days off of one type that a user has in a year; Harvest's public pages do not document it",
    path="/pto/allocations",
    body_key="pto_allocations",
    paging=Paging.PAGE,
    own_columns=undocumented(
        col.identity("allocation"),
        _year("Year of the days off; Harvest chooses unless the query does"),
        *col.USER,
        *PTO_TYPE,
        *accrual(),
        col.days("days_per_year", "Days of the year for this user; NULL where those of the type apply"),
        col.days("carryover_days", "Days taken over from the year before"),
        col.boolean("requires_approval", "Whether requests of this user need approval; NULL where the type decides"),
        col.days("effective_days_per_year", "Days of the year that apply, those of the type included"),
        col.text("effective_accrual_type", "How time off comes together for this user, the type included"),
        col.text("effective_accrual_schedule", "How often time off is added for this user, the type included"),
        col.boolean("effective_requires_approval", "Whether requests of this user need approval, the type included"),
        *col.timestamps("allocation"),
    ),
    params=(
        col.equal("year", exact=False),
        col.equal("user_ids", column="user_id", exact=False),
        col.equal("pto_type_ids", column="pto_type_id", exact=False),
    ),
    narrowed=True,
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)

PTO_BALANCES = Table(
    name="pto_balances",
    description="The time off of one type that a user has left; Harvest's public pages do not document it",
    path="/pto/balances?user_id={user_id}",
    body_key=None,
    items="balances",
    paging=Paging.NONE,
    # As for the entries of holiday calendars, a 404 may mean the module.
    parent=Parent(table="users", column="id", param="user_id", absent_on=frozenset()),
    own_columns=undocumented(
        col.integer(
            "user_id", "User the row is about", origin=Origin.PATH, at="user.id", key=True, references="users.id"
        ),
        *col.enclosing("user", col.text("name", "First and last name of the user", at="user.name")),
        _year("Year of the balance; Harvest takes the present one unless the query chooses", key=True),
        col.date(
            "as_of",
            "Day of the balance; Harvest takes the present one unless the query chooses",
            origin=Origin.INPUT,
            at="as_of",
            key=True,
        ),
        col.integer("pto_type_id", "Type of the time off", at="pto_type.id", key=True, references="pto_types.id"),
        col.text("pto_type_name", "Name of the type at the time of reading", at="pto_type.name"),
        col.integer("balance_year", "Year that Harvest answered for", at="year"),
        col.date("balance_as_of", "Day that Harvest answered for", at="as_of"),
        col.boolean("is_requestable", "Whether the user can ask for time off of the type"),
        col.boolean("is_unlimited", "Whether the user may take as much as they like"),
        col.boolean("requires_approval", "Whether somebody has to approve requests of the type"),
        col.text("effective_accrual_type", "How time off comes together for the user"),
        col.text("accrual_schedule", "How often time off is added; NULL where it is not added bit by bit"),
        col.days("accrued_days", "Days that came together so far"),
        col.days("carryover_days", "Days taken over from the year before"),
        col.days("available_days", "Days accrued and carried over, together"),
        col.days("used_days", "Days taken"),
        col.days("pending_days", "Days that wait for approval"),
        col.days("remaining_days", "Days that are left"),
        col.hours("used_hours", "Hours taken"),
        col.hours("pending_hours", "Hours that wait for approval"),
        col.quantity("used_fraction", "Part of the available days that was taken"),
        col.quantity("pending_fraction", "Part of the available days that waits for approval"),
    ),
    params=(col.equal("year", exact=False), col.equal("as_of", exact=False)),
    narrowed=True,
    module=MODULE,
    permission=PERMISSION,
    docs=DOCS,
)
