"""The texts of the records on a page: slices of its body, digit for digit as Harvest sent them.

They are read beside the columns of the same page, and joined to them by position. A member that an object has twice is
the last one of that name, as for every reader of the page.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harvest_duck.catalog.model import Table

#: The white space of JSON: https://www.rfc-editor.org/rfc/rfc8259#section-2
_SPACE = " \t\n\r"
#: A text, or a sign between values.
_SIGNS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]', re.DOTALL)


class RawRecords:
    """Reads the text of each row of a table: its record, or its element of the array that `items` names."""

    def __init__(self, table: Table) -> None:
        self._key = table.body_key
        self._items = table.items
        record: Any = msgspec.Raw
        if table.items is not None:
            record = _object("items", table.items, list[msgspec.Raw] | None, None)
        self._record = msgspec.json.Decoder(record)
        self._page = msgspec.json.Decoder(_object("records", table.body_key or "", GenericAlias(list, (record,))))

    def read(self, body: bytes, *, single: bool) -> pa.StringArray:
        """Return the texts of the rows in a body that another reader accepted; the body is one record if `single`.

        Raises `pyarrow.ArrowInvalid` for a body that has no such records.
        """
        text = body.removeprefix(BOM_UTF8).strip(_SPACE.encode())
        alone = single or self._key is None
        try:
            found: Sequence[Any] = self._sliced(text, alone=alone)
        except (msgspec.MsgspecError, RecursionError):
            # msgspec refuses half a surrogate pair, which JSON allows, and what nests a thousand deep:
            # https://www.rfc-editor.org/rfc/rfc8259#section-8.2
            found = _walked(text.decode(), None if alone else self._key, self._items)
        return pa.array(found, pa.string())

    def _sliced(self, text: bytes, *, alone: bool) -> list[bytes]:
        records = [self._record.decode(text)] if alone else self._page.decode(text).records
        if self._items is not None:
            records = [item for record in records for item in record.items or ()]
        return list(map(bytes, records))


def _object(field: str, name: str, kind: Any, *default: object) -> Any:  # noqa: ANN401 - types
    """Return the type of a JSON object of which the member `name` is read, as the attribute `field`."""
    return msgspec.defstruct(field.title(), [(field, kind, *default)], rename={field: name}, gc=False)


def _walked(text: str, key: str | None, items: str | None) -> list[str]:
    """Return the texts of the records in the member `key`, or of the elements in their member `items`."""
    try:
        records = [text] if key is None else [record for _, record in parts(dict(parts(text))[key])]
        if items is None:
            return records
        arrays = [dict(parts(record)).get(items, "[]") for record in records]
        return [item for array in arrays if array != "null" for _, item in parts(array)]
    except (ValueError, LookupError) as error:
        raise pa.ArrowInvalid(f"the text of a record cannot be found: {error}") from error


def parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name, empty in an array, and the text of each part of a JSON object or array, however deep it nests.

    Raises ValueError for a text that begins or ends otherwise; what it has within is not checked.
    """
    depth, start, name = 0, 1, ""
    for found in _SIGNS.finditer(text):
        sign, place = found[0], found.start()
        depth += (sign in "[{") - (sign in "]}")
        if depth == 1 and sign == ":":
            name, start = json.loads(text[start:place]), place + 1
        elif (depth == 1 and sign == ",") or (depth == 0 and sign in "]}"):
            part = text[start:place].strip(_SPACE)
            if part:
                yield name, part
            start = place + 1
        if depth == 0:
            break
    if depth or text[:1] not in ("[", "{") or start != len(text):
        raise ValueError("it is no whole array or object")
