"""The fast reader of pages for few columns: it skips the others without a lookup.

msgspec reads the page into one small object for each record, and Arrow makes arrays of them: 4.5 ms for six values of
2,000 time entries, where Arrow's reader takes 7.1. It holds the GIL meanwhile, so pages of many columns are left to
Arrow, which reads them in threads. It is as strict: for a value that does not fit, `exact_reader` reads the page again.
"""

from __future__ import annotations

from itertools import accumulate
from operator import attrgetter
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pyarrow as pa

from harvest_duck.catalog.arrow_types import json_type
from harvest_duck.catalog.model import BIGINT, BOOLEAN, DECIMAL, Scalar, StructOf
from harvest_duck.protocol.page import Envelope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harvest_duck.catalog.model import Type
    from harvest_duck.decoder.layout import Layout

#: The most values of a record for this reader; benchmarks/profiles/decoders.txt has the measurements.
_MOST = 12

#: Characters of a number that fits DECIMAL(18, 4), and some to spare.
_LONGEST = 30

_NULL = b"null"
_INT64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
#: Numbers with a point are taken as their text, which Arrow makes exact decimals of.
_PYTHON: dict[Scalar, Any] = {BIGINT: _INT64 | None, BOOLEAN: bool | None, DECIMAL: msgspec.Raw}


class _Links(msgspec.Struct, gc=False):
    next: str | None = None


class _Page(msgspec.Struct, gc=False):
    """The members that `page.ENVELOPE` names; the records are in a field of their own."""

    links: _Links | None = None
    next_page: _INT64 | None = None
    total_pages: _INT64 | None = None
    total_entries: _INT64 | None = None


def reader_for(layout: Layout) -> MsgspecReader | None:
    """Return the reader for a layout, None where it has too many values, or arrays among them."""
    key = layout.table.body_key
    if key is None or not 0 < _size(layout.record) <= _MOST:
        return None
    return MsgspecReader(layout, key)


class MsgspecReader:
    """Reads the pages of a layout of few values; `key` is the member of the body that lists the records."""

    def __init__(self, layout: Layout, key: str) -> None:
        self._record = layout.record
        page = msgspec.defstruct(
            "Page",
            [("records", GenericAlias(list, (_object(layout.record),)))],
            bases=(_Page,),
            kw_only=True,
            rename={"records": key},
            gc=False,
        )
        self._decoder = msgspec.json.Decoder(page)

    def read(self, body: bytes) -> tuple[pa.StructArray, Envelope]:
        """Return the records of a page and its envelope, the same that Arrow's reader gives.

        Raises `pyarrow.ArrowInvalid` or OverflowError where a value does not fit, and RecursionError where one nests
        deeper than Python allows, even if it is skipped.
        """
        try:
            page: Any = self._decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise pa.ArrowInvalid(str(error)) from error
        links = page.links
        envelope = Envelope(
            None if links is None else links.next,
            links is not None,
            page.next_page,
            page.total_pages,
            page.total_entries,
        )
        return _struct(page.records, self._record), envelope


def _size(record: Type) -> int:
    """Return how many values a record has, more than the limit where arrays are among them."""
    match record:
        case StructOf(fields):
            return sum(_size(member) for _, member in fields)
        case Scalar():
            return 1
        case _:
            return _MOST + 1


def _object(record: StructOf) -> Any:  # noqa: ANN401 - a class made here
    """Return the class for the objects of a type; its fields are named by their place."""
    fields: list[Any] = []
    names = {}
    for place, (name, member) in enumerate(record.fields):
        field = f"f{place}"
        names[field] = name
        if isinstance(member, StructOf):
            fields.append((field, _object(member) | None, None))
        elif _python(member) is msgspec.Raw:
            fields.append((field, msgspec.Raw, msgspec.Raw(_NULL)))
        else:
            fields.append((field, _python(member), None))
    return msgspec.defstruct("Record", fields, rename=names, gc=False, eq=False)


def _python(member: Type) -> Any:  # noqa: ANN401 - a type
    return _PYTHON.get(member, str | None) if isinstance(member, Scalar) else None


def _struct(objects: Sequence[Any], record: StructOf) -> pa.StructArray:
    """Return objects as an array, null where one is missing."""
    try:
        columns = [list(map(attrgetter(f"f{place}"), objects)) for place in range(len(record.fields))]
    except AttributeError:
        return _spread(objects, record)
    arrays = [_values(column, member) for column, (_, member) in zip(columns, record.fields, strict=True)]
    return pa.StructArray.from_arrays(arrays, fields=list(json_type(record)))


def _spread(objects: Sequence[Any], record: StructOf) -> pa.StructArray:
    """Do the same where some objects are missing."""
    there = [each is not None for each in objects]
    places = zip(there, accumulate(there, initial=0), strict=False)
    found = _struct([each for each in objects if each is not None], record)
    return found.take(pa.array([place if here else None for here, place in places], pa.int64()))


def _values(found: list[Any], member: Type) -> pa.Array:
    if isinstance(member, StructOf):
        return _struct(found, member)
    kind = json_type(member)
    if _python(member) is msgspec.Raw:
        return _numbers(found).cast(kind)
    return pa.array(found, pa.string()).cast(kind) if pa.types.is_timestamp(kind) else pa.array(found, kind)


def _numbers(found: list[msgspec.Raw]) -> pa.StringArray:
    """Return the texts of JSON numbers; a JSON string keeps its quotes, and is no number to Arrow either."""
    together = b"".join(found)
    texts = list(map(bytes, found))
    # Arrow makes another number of some hundred digits, and 0 of a large negative exponent (pyarrow 18 to 26).
    if b"e" in together or b"E" in together or max(map(len, texts), default=0) > _LONGEST:
        raise pa.ArrowInvalid("a number has an exponent, or too many digits")
    return pa.array([None if text == _NULL else text for text in texts] if _NULL in together else texts, pa.string())
