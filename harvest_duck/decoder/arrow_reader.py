"""The fast reader of pages for any columns: Arrow's JSON reader, with what it would change or not survive kept from it.

It reads a page in one pass without a Python object per value, and skips what no column needs at any depth. Numbers with
a point are doubles, which `decimals` makes exact. For a value that does not fit, `exact_reader` reads the page again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from harvest_duck.catalog.arrow_types import json_type
from harvest_duck.decoder.decimals import with_doubles
from harvest_duck.decoder.key_order import in_order, keys_of
from harvest_duck.protocol.page import ENVELOPE, Envelope

if TYPE_CHECKING:
    from harvest_duck.decoder.layout import Layout

_ENVELOPE = [name for name, _ in ENVELOPE.fields]


class ArrowReader:
    """Reads the pages of a layout."""

    def __init__(self, layout: Layout) -> None:
        self._key = layout.table.body_key
        self._record = with_doubles(json_type(layout.record))
        self._ordered = False

    def read(self, body: bytes, *, single: bool = False) -> tuple[pa.StructArray, Envelope]:
        """Return the records of a page, with doubles for decimals, and its envelope; the body is a record if `single`.

        Raises `pyarrow.ArrowInvalid` where a value does not fit.
        """
        key = None if single else self._key
        self._order(body, key)
        whole = _object(body, self._record if key is None else _page(key, self._record))
        if key is None:
            return whole, Envelope()
        listed = pc.struct_field(whole, key)
        records = listed.flatten()
        if listed.null_count or records.null_count:
            raise pa.ArrowInvalid("records are missing")
        (said,) = pa.StructArray.from_arrays(
            [pc.struct_field(whole, name) for name in _ENVELOPE], _ENVELOPE
        ).to_pylist()
        return records, Envelope.of(said)

    def _order(self, body: bytes, key: str | None) -> None:
        """Take over the order of the keys in the first page that has records."""
        if not self._ordered:
            keys = keys_of(body)
            within = keys if key is None else keys.get(key, {})
            self._record, self._ordered = in_order(self._record, within), bool(within)


def _page(key: str, record: pa.DataType) -> pa.DataType:
    return pa.struct([(key, pa.list_(record)), *json_type(ENVELOPE)])


def _object(body: bytes, kind: pa.DataType) -> pa.StructArray:
    """Return the one object that a body is, as the members of a type."""
    if body.lstrip()[:1] != b"{":
        # On the body "null" Arrow's reader ends the whole process (pyarrow 18 to 26).
        raise pa.ArrowInvalid("the body is no JSON object")
    read = pj.read_json(
        pa.BufferReader(body),
        # The whole body as one block and one row.
        read_options=pj.ReadOptions(use_threads=False, block_size=len(body) + 1),
        parse_options=pj.ParseOptions(
            explicit_schema=pa.schema(list(kind)),
            unexpected_field_behavior="ignore",
            newlines_in_values=True,
        ),
    )
    if read.num_rows != 1:
        raise pa.ArrowInvalid("the body is not one JSON object")
    (whole,) = read.to_struct_array().chunks
    return whole
