"""The slow and exact reader of a page: it checks every value against its column, and names what is wrong.

`decoder` uses it only for pages that the fast readers refuse. Decimals are taken from the JSON text and rounded half to
even at the fourth digit; nothing else is changed. The result is the same tree of values that the fast readers give.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.model import (
    BIGINT,
    BOOLEAN,
    DATE,
    DECIMAL,
    TIME,
    TIMESTAMP,
    VARCHAR,
    ListOf,
    Origin,
    Scalar,
    StructOf,
    Type,
)
from harvest_duck.errors import DecodeError, ProtocolError
from harvest_duck.protocol.page import ENVELOPE, Envelope
from harvest_duck.protocol.time_of_day import parse_time
from harvest_duck.text import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harvest_duck.decoder.layout import Layout

_STEP = Decimal("0.0001")
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6))
_TOO_LARGE = Decimal(10) ** 14
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,5})?")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_DEEPEST = 100
#: The most characters of a value that stand in an error.
_QUOTED = 60
_INT64 = range(-(2**63), 2**63)


class _Misfit(ValueError):
    """A value that does not fit, before its record is known; `path` leads to it."""

    def __init__(self, wanted: str, value: object, path: tuple[str, ...] = ()) -> None:
        super().__init__(wanted)
        self.wanted, self.value, self.path = wanted, value, path


def read(body: bytes, layout: Layout, *, where: str, single: bool = False) -> tuple[list[dict[str, Any]], Envelope]:
    """Return the records of a page by the layout, and its envelope; the body is the one record if `single`.

    Raises `ProtocolError` when the body is no page of records, and `DecodeError` for a value that does not fit.
    """
    whole = _object(body, where)
    key = layout.table.body_key
    if single or key is None:
        return [_record(whole, layout, where, 0, single=single)], Envelope()
    records = whole.get(key)
    if not isinstance(records, list):
        raise ProtocolError(f'{where}: the answer has no list "{key}"; check BaseURL, it may not be Harvest\'s API')
    envelope = _envelope(whole, where)
    return [_record(record, layout, where, index) for index, record in enumerate(records)], envelope


def rounded(text: str) -> Decimal:
    """Return the decimal of a JSON number's text, half-even at four digits; raise ValueError if it needs over 18."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("no number")
    try:
        value = Decimal(text, _CONTEXT).quantize(_STEP, context=_CONTEXT)
    except InvalidOperation:
        raise ValueError("too large") from None
    if abs(value) >= _TOO_LARGE:
        raise ValueError("too large")
    return value


@dataclass(frozen=True, slots=True)
class _Number:
    """A JSON number with a point or an exponent, as its text."""

    text: str


def _object(body: bytes, where: str) -> dict[str, Any]:
    try:
        _refuse_depth(body)
        whole = json.loads(body.decode("utf-8-sig"), parse_float=_Number, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else f"not valid JSON ({_brief(error)})"
        raise ProtocolError(f"{where}: the answer is {kind}; check BaseURL, or try again") from error
    if not isinstance(whole, dict):
        raise ProtocolError(f"{where}: the answer is a JSON {type(whole).__name__}, not an object; check BaseURL")
    return whole


def _refuse_depth(body: bytes) -> None:
    """Raise ValueError if brackets nest deeper than in any of Harvest's answers.

    `json` counts the depth too, but from Python 3.12 on it allows more than the stack of a thread may hold.
    """
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > _DEEPEST:
            raise ValueError("nested too deep")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _brief(error: BaseException) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else " ".join(str(error).split())[:120]


def _envelope(whole: Mapping[str, Any], where: str) -> Envelope:
    try:
        said = _struct(whole, ENVELOPE)
    except _Misfit as misfit:
        fault = f"{'.'.join(misfit.path)} is {_shown(misfit.value)}, not {misfit.wanted}"
        raise ProtocolError(f"{where}: {fault}") from misfit
    return Envelope.of(said)


def _record(record: object, layout: Layout, where: str, index: int, *, single: bool = False) -> dict[str, Any]:
    record_id = record.get("id") if isinstance(record, dict) else None
    try:
        found = _members(record, layout)
        if not single:
            _require_identity(found, layout)
    except _Misfit as misfit:
        name = _column_name(layout, misfit.path)
        whose = f"record {_shown(record_id)}" if record_id is not None else f"record number {index + 1}"
        message = f"{where}, {whose}: {name} is {_shown(misfit.value)}, not {misfit.wanted}"
        raise DecodeError(message, table=layout.table.name, column=name, record_id=record_id, page=where) from misfit
    return found


def _require_identity(found: Mapping[str, Any], layout: Layout) -> None:
    """Raise `_Misfit` if a record of a list has no id, since it could not be distinguished from others."""
    value: Any = found
    for name in layout.identity or ():
        value = None if value is None else value[name]
    if value is None and layout.identity is not None:
        raise _Misfit("a whole number of 64 bits", None, layout.identity)


def _members(record: object, layout: Layout) -> dict[str, Any]:
    found = _struct(record, layout.record)
    items = layout.table.items
    if items is not None and None in (found[items] or ()):
        raise _Misfit("an object", None, (items,))
    return found


def _column_name(layout: Layout, path: tuple[str, ...]) -> str:
    """Return the column of the value at `path` of a record; the path itself where there is none."""
    items = layout.table.items
    embedded = items is not None and path[:1] == (items,)
    origin = Origin.RECORD if items is None or embedded else Origin.ENCLOSING
    inside = path[1:] if embedded else path
    for column in layout.table.columns:
        if column.origin is origin and column.path == inside[: len(column.path)]:
            return column.name
    return ".".join(path) or "the record"


def _shown(value: object) -> str:
    try:
        text = value.text if isinstance(value, _Number) else json.dumps(value, default=repr)
    except RecursionError:
        text = "nested too deep"
    return shortened(printable(text), _QUOTED)


def _value(value: object, wanted: Type) -> Any:  # noqa: ANN401 - a value of any column
    if value is None:
        return None
    match wanted:
        case StructOf():
            return _struct(value, wanted)
        case ListOf(item):
            if not isinstance(value, list):
                raise _Misfit("an array", value)
            return [_value(element, item) for element in value]
        case Scalar():
            return _SCALARS[wanted](value)


def _struct(value: object, wanted: StructOf) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Misfit("an object", value)
    found = {}
    for name, member in wanted.fields:
        try:
            found[name] = _value(value.get(name), member)
        except _Misfit as misfit:
            raise _Misfit(misfit.wanted, misfit.value, (name, *misfit.path)) from None
    return found


def _bigint(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value in _INT64:
        return value
    raise _Misfit("a whole number of 64 bits", value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _Misfit("true or false", value)


def _decimal(value: object) -> Decimal:
    # Harvest documents the price of an expense category as text as well as a number, and both occur.
    # https://help.getharvest.com/api-v2/expenses-api/expenses/expenses/
    if isinstance(value, bool) or not isinstance(value, int | _Number | str):
        raise _Misfit("a number", value)
    try:
        return rounded(str(value.text if isinstance(value, _Number) else value))
    except ValueError as error:
        wanted = (
            "a number below 10^14, the largest that DECIMAL(18,4) holds" if str(error) == "too large" else "a number"
        )
        raise _Misfit(wanted, value) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Misfit("text", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Misfit("text of whole characters", value) from None
    return value


def _timestamp(value: object) -> datetime:
    # Harvest writes every instant in UTC, so one without a zone can only mean that.
    # https://help.getharvest.com/api-v2/introduction/overview/general/
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Misfit("an ISO 8601 timestamp", value) from None


def _checked(check: Callable[[str], object], wanted: str) -> Callable[[object], str]:
    def checked(value: object) -> str:
        try:
            check(value if isinstance(value, str) else "")
        except ValueError:
            raise _Misfit(wanted, value) from None
        return str(value)

    return checked


def _iso_date(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text)


_SCALARS: Mapping[Scalar, Callable[[object], Any]] = {
    BIGINT: _bigint,
    BOOLEAN: _boolean,
    DATE: _checked(_iso_date, "a date like 2026-01-31"),
    DECIMAL: _decimal,
    TIME: _checked(parse_time, "a time of day like 2:59pm or 14:59"),
    TIMESTAMP: _timestamp,
    VARCHAR: _text,
}
