"""The chapter about paid time off; an account without it answers 403 to all of it.

Harvest's public pages do not have it. The paths, parameters and fields are those of a client with tests
(https://github.com/joefitzgerald/harvest, pto.go). These are assumptions: users who are no administrators see their own
time off alone; `from` and `to` find the requests that have a day between them; a list has the envelope of all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harvest_duck.sandbox.api.filters import Filter, Kind, parse_date, parse_integer, single_value
from harvest_duck.sandbox.api.resources import Resource
from harvest_duck.sandbox.api.routing import require
from harvest_duck.sandbox.data.time_off_allowances import balance, balance_days
from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from harvest_duck.sandbox.api.permissions import Viewer
    from harvest_duck.sandbox.api.routing import Answer, RequestContext

#: The tables of which users who are no administrators see the records about themselves.
OWN_ALONE = frozenset({"pto_requests", "pto_assignments", "pto_allocations"})

_YEARS = range(1900, 10_000)


def with_time_off(viewer: Viewer) -> bool:
    """Allow every user of an account that has paid time off."""
    return viewer.account.profile.time_off


def _resource(table: str, *filters: Filter, path: str = "", owner: str | None = None) -> Resource:
    return Resource(
        f"pto_{table}",
        path or f"/pto/{table}",
        f"pto_{table}",
        with_time_off,
        filters,
        by_cursor=False,
        one=False,
        owner=owner,
        owners=None if owner is None else "pto_holiday_calendars",
    )


_ACTIVE = Filter("is_active", Kind.BOOLEAN, "is_active")
_SINCE = Filter("updated_since", Kind.SINCE, "updated_at")
_USER = Filter("user_id", Kind.INTEGER, "user.id")

TIME_OFF = (
    _resource("types", _ACTIVE, _SINCE),
    _resource(
        "requests",
        _USER,
        Filter("status", Kind.TEXT, "status"),
        Filter("pto_type_id", Kind.INTEGER, "pto_type.id"),
        Filter("from", Kind.NOT_BEFORE, "end_date"),
        Filter("to", Kind.NOT_AFTER, "start_date"),
        _SINCE,
    ),
    _resource("work_schedules", _ACTIVE),
    _resource("holiday_calendars"),
    _resource(
        "holiday_calendar_entries",
        path="/pto/holiday_calendars/{pto_holiday_calendar_id}/entries",
        owner="pto_holiday_calendar_id",
    ),
    _resource("assignments", _USER),
    _resource(
        "allocations",
        Filter("year", Kind.INTEGER, "year"),
        Filter("user_ids", Kind.INTEGER, "user.id"),
        Filter("pto_type_ids", Kind.INTEGER, "pto_type.id"),
    ),
)


def balances_of_user(context: RequestContext) -> Answer:
    """Return the balances of the user in `user_id`, by default the one who asks."""
    require(with_time_off, context.viewer)
    number = single_value(context.query, "user_id")
    user_id = context.viewer.user_id if number is None else parse_integer("user_id", number)
    if user_id != context.viewer.user_id:
        require(lambda viewer: viewer.administrates, context.viewer)
    user = context.account.index("users").by_id.get(user_id)
    if user is None:
        raise Refusal(404, "Not Found")
    text, day = single_value(context.query, "year"), single_value(context.query, "as_of")
    year = None if text is None else parse_integer("year", text)
    if year is not None and year not in _YEARS:
        raise Refusal(422, "year is invalid")
    as_of = None if day is None else parse_date("as_of", day)
    tables = {name: context.account.records(name) for name in ("pto_types", "pto_requests", "pto_allocations")}
    return balance(tables, user, *balance_days(context.account.profile.today, year, as_of))
