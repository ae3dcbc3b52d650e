"""The query parameters that filter a list: their valid values, and the records that they match.

A value that does not parse is refused with 422, and so is a parameter given twice or as an array (`user_id[]=`), which
Harvest does not document. Unknown parameters are ignored. Null and missing values match no filter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from harvest_duck.sandbox.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from multidict import MultiMapping

    from harvest_duck.sandbox.wire import Record

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
_CANONICAL_LENGTH = len("2026-11-20T00:00:00Z")
UNPROCESSABLE = 422


class Kind(Enum):
    """The type of a parameter, and how records are compared with it."""

    BOOLEAN = auto()
    INTEGER = auto()
    TEXT = auto()
    #: The record's instant is the value or later.
    SINCE = auto()
    #: The record's day is the value or later.
    FROM = auto()
    #: The record's day is the value or earlier.
    TO = auto()
    #: As the two before, about a day by which the list is not sorted.
    NOT_BEFORE = auto()
    NOT_AFTER = auto()
    #: An integer that one of the record's line items has as its project.
    PROJECT_OF_ITEMS = auto()


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter, the field it filters (dots lead into embedded objects), and the only valid values, if listed."""

    param: str
    kind: Kind
    at: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListFilters:
    """The filters of one request: a test for each, the bounds of the day, and the parameters that links repeat."""

    tests: tuple[Callable[[Record], bool], ...]
    low: str | None
    high: str | None
    link_params: tuple[tuple[str, str], ...]


def single_value(query: MultiMapping[str], name: str) -> str | None:
    """Return the value of parameter `name`, None if it is absent; refuse several values and arrays."""
    if f"{name}[]" in query or len(values := query.getall(name, [])) > 1:
        raise Refusal(UNPROCESSABLE, f"{name} must be a single value")
    return values[0] if values else None


def parse_boolean(name: str, text: str) -> bool:
    """Return the value of `true` or `false`."""
    if text not in ("true", "false"):
        raise Refusal(UNPROCESSABLE, f"{name} must be true or false")
    return text == "true"


def parse_integer(name: str, text: str) -> int:
    """Return a whole number without sign."""
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise Refusal(UNPROCESSABLE, f"{name} must be an integer")
    return int(text)


def parse_date(name: str, text: str) -> date:
    """Return a day, written 2026-11-20 or 20261120."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d|\d{8}", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise Refusal(UNPROCESSABLE, f"{name} must be a date")


def parse_instant(name: str, text: str) -> str:
    """Return the first whole second not before the instant `text`, as records write it.

    A day means its midnight in UTC, and so does a time without zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(UNPROCESSABLE, f"{name} must be an ISO 8601 date and time") from None
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    return moment.strftime(_INSTANT).zfill(_CANONICAL_LENGTH)


def read_filters(filters: tuple[Filter, ...], query: MultiMapping[str]) -> ListFilters:
    """Return the filters that the parameters of `query` set."""
    tests: list[Callable[[Record], bool]] = []
    low = high = None
    link_params = []
    for each in filters:
        text = single_value(query, each.param)
        if text is None:
            continue
        link_params.append((each.param, text))
        if each.kind is Kind.FROM:
            low = parse_date(each.param, text).isoformat()
        elif each.kind is Kind.TO:
            high = parse_date(each.param, text).isoformat()
        else:
            tests.append(_test(each, text))
    return ListFilters(tuple(tests), low, high, tuple(link_params))


def _test(each: Filter, text: str) -> Callable[[Record], bool]:
    """Return the test of one filter."""
    if each.choices and text not in each.choices:
        raise Refusal(UNPROCESSABLE, f"{each.param} must be one of {', '.join(each.choices)}")
    match each.kind:
        case Kind.SINCE:
            return _since(each.at, parse_instant(each.param, text))
        case Kind.PROJECT_OF_ITEMS:
            return _of_items(parse_integer(each.param, text))
        case Kind.NOT_BEFORE:
            first = parse_date(each.param, text).isoformat()
            return lambda record: (record.get(each.at) or "") >= first
        case Kind.NOT_AFTER:
            last = parse_date(each.param, text).isoformat()
            return lambda record: "" < (record.get(each.at) or "") <= last
        case Kind.BOOLEAN:
            return _equals(each.at, parse_boolean(each.param, text))
        case Kind.INTEGER:
            return _equals(each.at, parse_integer(each.param, text))
        case _:
            return _equals(each.at, text)


def _equals(at: str, wanted: object) -> Callable[[Record], bool]:
    outer, _, inner = at.partition(".")
    if not inner:
        return lambda record: record.get(outer) == wanted
    return lambda record: (record.get(outer) or {}).get(inner) == wanted


def _since(at: str, bound: str) -> Callable[[Record], bool]:
    def late_enough(record: Record) -> bool:
        value = record.get(at)
        if value is None:
            return False
        if len(value) != _CANONICAL_LENGTH:
            value = parse_instant(at, value)
        return bool(value >= bound)

    return late_enough


def _of_items(project_id: int) -> Callable[[Record], bool]:
    def touches(record: Record) -> bool:
        return any((item.get("project") or {}).get("id") == project_id for item in record.get("line_items") or ())

    return touches
