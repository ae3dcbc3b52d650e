"""The days on which people do not work, from the paid time off of an account: holidays and approved time off.

Harvest's public pages do not document paid time off; `catalog.tables.time_off` says where its fields are known from.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal

#: The columns of `_internal.days_off`; `hours` is NULL for a whole day.
DAYS_OFF = pa.schema(
    [
        ("account_id", pa.int64()),
        ("user_id", pa.int64()),
        ("day", pa.date32()),
        ("hours", pa.decimal128(18, 4)),
        ("kind", pa.string()),
        ("name", pa.string()),
    ]
)
#: The status of a request that somebody has agreed to, or that needs no approval.
APPROVED = "approved"
_HOLIDAY, _TIME_OFF = "holiday", "time_off"

Row = dict[str, Any]


def holidays(
    assignments: Iterable[Mapping[str, Any]], calendars: Iterable[Mapping[str, Any]], first: date, last: date
) -> Iterator[Row]:
    """Yield a row for each user and each day from `first` to `last` that a holiday of their calendar falls on.

    Two holidays of one day are one row. The arguments are rows of `pto_assignments` and `pto_holiday_calendars`.
    """
    days: dict[tuple[int, int], dict[date, list[str]]] = {}
    for calendar in calendars:
        of_calendar = days.setdefault((calendar["account_id"], calendar["id"]), {})
        for entry in calendar["entries"] or ():
            if entry["date"] is not None and first <= entry["date"] <= last:
                of_calendar.setdefault(entry["date"], []).append(entry["name"] or "")
    for each in assignments:
        key = each["account_id"], each["holiday_calendar_id"]
        for day, names in days.get(key, {}).items():
            yield _row(each, day, None, _HOLIDAY, ", ".join(filter(None, names)))


def time_off(requests: Iterable[Mapping[str, Any]], first: date, last: date) -> Iterator[Row]:
    """Yield a row for each day of each approved request from `first` to `last`: rows of `pto_requests`.

    A day without hours is a whole day, and so is each day of a request that does not name its days.
    """
    for request in requests:
        if request["status"] != APPROVED:
            continue
        for day, hours in _days(request):
            if first <= day <= last:
                yield _row(request, day, hours, _TIME_OFF, request["pto_type_name"])


def table(rows: Iterable[Row]) -> pa.Table:
    """Return the rows as a table of `DAYS_OFF`."""
    return pa.Table.from_pylist(list(rows), schema=DAYS_OFF)


def _days(request: Mapping[str, Any]) -> Iterator[tuple[date, Decimal | None]]:
    if request["request_days"] is not None:
        yield from ((day["date"], day["hours"]) for day in request["request_days"] if day["date"] is not None)
    elif request["start_date"] is not None and request["end_date"] is not None:
        length = (request["end_date"] - request["start_date"]).days + 1
        yield from ((request["start_date"] + timedelta(days=n), None) for n in range(length))


def _row(of: Mapping[str, Any], day: date, hours: Decimal | None, kind: str, name: str | None) -> Row:
    """Return the row of a day; `of` is what names the account and the user."""
    account_id, user_id = of["account_id"], of["user_id"]
    return {
        "account_id": account_id,
        "user_id": user_id,
        "day": day,
        "hours": hours,
        "kind": kind,
        "name": name or None,
    }
