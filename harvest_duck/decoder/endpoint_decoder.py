"""Pages of an endpoint that the catalog does not know: where its records are is found in each answer.

Then the page is read as that of any table, with the same envelope, errors and texts. The ids of records, and when they
were updated, are read where every record on the page has them, so that the scan can tell records apart.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from harvest_duck.catalog.model import BIGINT, TIMESTAMP, Column, Paging, Table
from harvest_duck.decoder import exact_reader
from harvest_duck.decoder.decoder import Decoder, Page
from harvest_duck.errors import ProtocolError
from harvest_duck.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harvest_duck.pushdown.predicate import Value

#: What a body with pages has beside its records: https://help.getharvest.com/api-v2/introduction/overview/pagination/
_ENVELOPE = frozenset({"per_page", "total_pages", "total_entries", "next_page", "previous_page", "page", "links"})
#: Names that every reader of a page can look for.
_PLAIN = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')
_INT64 = range(-(2**63), 2**63)
_ID = Column(name="id", type=BIGINT, description="", key=True)
_UPDATED_AT = Column(name="updated_at", type=TIMESTAMP, description="")


@dataclass(frozen=True, slots=True)
class _Shape:
    """The member of a body that lists records, None where the body is one record, and the columns that each has."""

    key: str | None
    columns: tuple[Column, ...] = ()


def decoder_for(table: Table, names: Sequence[str]) -> Decoder:
    """Return the decoder of pages of `table` into the columns `names`."""
    return (EndpointDecoder if table.paging is Paging.DISCOVERED else Decoder)(table, names)


class EndpointDecoder(Decoder):
    """Reads the pages of one endpoint into batches of the columns `names`."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        super().__init__(table, names)
        self._names = names
        self._first: _Shape | None = None
        self._decoders: dict[_Shape, Decoder] = {}

    def quick(
        self, body: bytes, *, values: Mapping[str, Value | None], where: str, single: bool = False
    ) -> Page | None:
        """Return the page in `body`, None where the exact reader has to read it."""
        return self._decoder(body, where).quick(body, values=values, where=where, single=single)

    def thorough(self, body: bytes, *, values: Mapping[str, Value | None], where: str, single: bool = False) -> Page:
        """Return what `decode` returns, from the exact reader alone.

        Raises `ProtocolError` also where the body lists its records under another key than the page before.
        """
        return self._decoder(body, where).thorough(body, values=values, where=where, single=single)

    def _decoder(self, body: bytes, where: str) -> Decoder:
        """Return the decoder for the records that are found in a body."""
        shape = _shape(body, where)
        self._first = self._first or shape
        if shape.key != self._first.key:
            raise ProtocolError(
                f"{where}: the answer has {_named(shape.key)}, and the first one had {_named(self._first.key)}; "
                "run the query again"
            )
        if shape not in self._decoders:
            found = replace(self.table, body_key=shape.key, own_columns=shape.columns)
            self._decoders[shape] = Decoder(found, self._names)
        return self._decoders[shape]


def _shape(body: bytes, where: str) -> _Shape:
    whole = _members(body, where)
    members = {name: value for name, value in whole.items() if name not in _ENVELOPE}
    arrays = {name: value for name, value in members.items() if isinstance(value, list)}
    lists = {name: array for name, array in arrays.items() if all(isinstance(each, dict) for each in array)}
    in_pages = not whole.keys() <= {*members, "links", "page"}
    if not in_pages and (len(arrays) < len(members) or not lists):
        # An array beside other members is a part of one record, such as the line items of an invoice.
        return _Shape(None)
    if len(lists) != 1:
        found = f"lists records under {' and '.join(lists)}" if lists else "has pages, and no list of records"
        raise ProtocolError(f"{where}: the answer {one_line(found)}; harvest_get reads answers with one list")
    ((key, records),) = lists.items()
    if not _PLAIN.fullmatch(key):
        raise ProtocolError(
            f"{where}: the answer lists records under {one_line(json.dumps(key))}, which is no plain name"
        )
    return _Shape(key, _columns(records))


def _members(body: bytes, where: str) -> dict[str, Any]:
    """Return the members of a body; raise `ProtocolError` where it is no object."""
    try:
        found = msgspec.json.decode(body.removeprefix(BOM_UTF8))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # Half a surrogate pair, a number of thousands of digits, and any depth are JSON that msgspec refuses.
        return exact_reader.members_of(body, where)
    return found if isinstance(found, dict) else exact_reader.members_of(body, where)


def _columns(records: Sequence[Mapping[str, object]]) -> tuple[Column, ...]:
    """Return those of the columns that the scan can use which every record has."""
    if not records or not all(_is_id(record.get("id")) for record in records):
        return ()
    return (_ID, _UPDATED_AT) if all(_is_moment(record.get("updated_at")) for record in records) else (_ID,)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in _INT64


def _is_moment(text: object) -> bool:
    try:
        return datetime.fromisoformat(text if isinstance(text, str) else "").tzinfo is not None
    except ValueError:
        return False


def _named(key: str | None) -> str:
    return "one record" if key is None else f'a list "{key}"'
