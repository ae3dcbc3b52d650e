"""The slow and exact reader of a page: it checks every value against its column, and names what is wrong.

`decoder` uses it only for pages that the fast readers refuse. Decimals are taken from the JSON text and rounded half to
even at the fourth digit, and instants are cut off behind the microsecond; nothing else is changed. The
result is the same tree of values that the fast readers give.
"""

from __future__ import annotations

import json
import re
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from harvest_duck.catalog.model import BIGINT, VARCHAR, ListOf, Origin, Scalar, StructOf, Type
from harvest_duck.decoder.depth import shallow
from harvest_duck.decoder.exact_values import Misfit, Number, identifier, scalar_value, whole_number
from harvest_duck.errors import DecodeError, ProtocolError
from harvest_duck.protocol.page import ENVELOPE, Envelope
from harvest_duck.text import printable, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harvest_duck.decoder.layout import Layout

#: The most characters of a value that stand in an error.
_QUOTED = 60
#: The numbers of an envelope, which some answers write as text.
_COUNTS = tuple(name for name, kind in ENVELOPE.fields if kind is BIGINT)
#: What JSON calls the values that Python reads, apart from objects.
_KINDS = {list: "array", str: "string", bool: "boolean", int: "number", Number: "number", type(None): "null"}
_DIGITS = re.compile(r"[0-9]{1,18}")


def read(body: bytes, layout: Layout, *, where: str, single: bool = False) -> tuple[list[dict[str, Any]], Envelope]:
    """Return the records of a page by the layout, and its envelope; the body is the one record if `single`.

    Raises `ProtocolError` when the body is no page of records, and `DecodeError` for a value that does not fit.
    """
    whole = members_of(body, where)
    key = layout.table.body_key
    if single or key is None:
        return [_record(whole, layout, where, 0, single=single)], Envelope()
    records = whole.get(key)
    if not isinstance(records, list):
        raise ProtocolError(f'{where}: the answer has no list "{key}"; check BaseURL, it may not be Harvest\'s API')
    envelope = _envelope(whole, where)
    return [_record(record, layout, where, index) for index, record in enumerate(records)], envelope


def members_of(body: bytes, where: str) -> dict[str, Any]:
    """Return the members of a body, exact as far as any column needs; raise `ProtocolError` where it is no object."""
    try:
        whole = json.loads(
            shallow(body).decode("utf-8-sig"),
            parse_float=Number,
            parse_int=whole_number,
            parse_constant=_no_constant,
        )
    except ValueError as error:
        kind = "an HTML page" if body.lstrip()[:1] == b"<" else f"not valid JSON ({_brief(error)})"
        raise ProtocolError(f"{where}: the answer is {kind}; check BaseURL, or try again") from error
    if not isinstance(whole, dict):
        raise ProtocolError(f"{where}: the answer is a JSON {_KINDS[type(whole)]}, not an object; check BaseURL")
    return whole


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]


def _envelope(whole: Mapping[str, Any], where: str) -> Envelope:
    try:
        said = _struct({name: _counted(value, name) for name, value in whole.items()}, ENVELOPE)
    except Misfit as misfit:
        fault = f"{'.'.join(misfit.path)} is {_shown(misfit.value)}, not {misfit.wanted}"
        raise ProtocolError(f"{where}: {fault}") from misfit
    return Envelope.of(said)


def _counted(value: object, name: str) -> object:
    """Return a member of the body; a number that stands in quotes is one."""
    return int(value) if name in _COUNTS and isinstance(value, str) and _DIGITS.fullmatch(value) else value


def _record(record: object, layout: Layout, where: str, index: int, *, single: bool = False) -> dict[str, Any]:
    record_id = record.get("id") if isinstance(record, dict) else None
    try:
        found = _members(record, layout)
        if not single:
            _require_identity(found, layout)
    except Misfit as misfit:
        name = _column_name(layout, misfit.path)
        whose = f"record {_shown(record_id)}" if record_id is not None else f"record number {index + 1}"
        message = f"{where}, {whose}: {name} is {_shown(misfit.value)}, not {misfit.wanted}"
        raise DecodeError(message, table=layout.table.name, column=name, record_id=record_id, page=where) from misfit
    return found


def _require_identity(found: Mapping[str, Any], layout: Layout) -> None:
    """Raise `Misfit` if a record of a list has no id, since it could not be distinguished from others."""
    value: Any = found
    for name in layout.identity or ():
        value = None if value is None else value[name]
    if value is None and layout.identity is not None:
        raise Misfit("a whole number of 64 bits", None, layout.identity)


def _members(record: object, layout: Layout) -> dict[str, Any]:
    found = _struct(record, layout.record)
    items = layout.table.items
    if items is not None and None in (found[items] or ()):
        raise Misfit("an object", None, (items,))
    if items is not None and found[items] is None and layout.table.body_key is None:
        raise Misfit("an array", None, (items,))
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
    text = value.text if isinstance(value, Number) else json.dumps(value, default=attrgetter("text"))
    return shortened(printable(text), _QUOTED)


def _value(value: object, wanted: Type) -> Any:  # noqa: ANN401 - a value of any column
    if value is None:
        return None
    match wanted:
        case StructOf():
            return _struct(value, wanted)
        case ListOf(item):
            if not isinstance(value, list):
                raise Misfit("an array", value)
            return [_value(element, item) for element in value]
        case Scalar():
            return scalar_value(value, wanted)


def _struct(value: object, wanted: StructOf) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Misfit("an object", value)
    found = {}
    for name, member in wanted.fields:
        try:
            found[name] = _member(value.get(name), member, name)
        except Misfit as misfit:
            raise Misfit(misfit.wanted, misfit.value, (name, *misfit.path)) from None
    return found


def _member(value: object, wanted: Type, name: str) -> Any:  # noqa: ANN401 - a value of any column
    # Trackers of issues number their records; such an id is text to Harvest, and may come as a bare number.
    # https://help.getharvest.com/api-v2/timesheets-api/timesheets/time-entries/
    if wanted is VARCHAR and value is not None and (name == "id" or name.endswith("_id")):
        return identifier(value)
    return _value(value, wanted)
