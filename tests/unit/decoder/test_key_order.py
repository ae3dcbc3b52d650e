"""The order of the keys in a page, and types in that order."""

from __future__ import annotations

import json
from itertools import islice, permutations
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.decoder.key_order import in_order, keys_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def shape(keys: object) -> object:
    """Keys as pairs, whose order counts."""
    return [(key, shape(within)) for key, within in keys.items()] if isinstance(keys, dict) else keys


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ('{"b": 1, "a": [{"z": {"y": 1}, "x": "]{"}, {"w": null, "z": {"q": []}}], "c": {}}', None),
        ('{"a": [1, [2], {"b": 1}], "c": "\\"d\\": {"}', {"a": {"b": {}}, "c": {}}),
        ("", {}),
        ("[]", {}),
        ('}]{"a": 1', {"a": {}}),
    ],
)
def test_keys_come_in_the_order_in_which_each_is_first(body: str, keys: object) -> None:
    wanted = keys if keys is not None else {"b": {}, "a": {"z": {"y": {}, "q": {}}, "x": {}, "w": {}}, "c": {}}
    assert shape(keys_of(body.encode())) == shape(wanted)


def test_members_follow_the_keys_and_what_is_not_there_comes_last() -> None:
    inner = pa.struct([("p", pa.int64()), ("q", pa.string())])
    kind = pa.struct([("a", pa.int64()), ("b", inner), ("c", pa.list_(inner)), ("d", pa.bool_())])
    found = in_order(kind, keys_of(b'{"d": 1, "c": [{"q": 1, "p": 2}], "x": 3, "b": {"q": 1}}'))
    turned = pa.struct([("q", pa.string()), ("p", pa.int64())])
    assert found == pa.struct([("d", pa.bool_()), ("c", pa.list_(inner)), ("b", turned), ("a", pa.int64())])
    many = keys_of(b'{"d": 1, "b": {"q": 1}, "x": 1, "y": 1, "z": 1}')
    assert in_order(kind, many) == pa.struct([("a", pa.int64()), ("b", turned), *list(kind)[2:]])


@pytest.mark.parametrize("table", ["time_entries", "invoices", "invoice_line_items", "company"])
def test_any_order_of_keys_gives_the_same_rows(table: str) -> None:
    """Whatever the first page of a scan looks like."""
    chosen = TABLES[table]
    names = [column.name for column in chosen.columns]
    line = {"id": 8, "kind": "Service", "quantity": 1.5, "project": {"id": 3, "name": "p", "code": None}}
    user = {"id": 4, "name": "u"}
    record = {"id": 7, "name": "x", "hours": 1.25, "amount": 2.5, "user": user, "line_items": [line], "notes": "n"}

    def page(order: Sequence[str]) -> bytes:
        turned = {name: record[name] for name in order} | {"line_items": [dict(reversed(line.items()))]}
        return json.dumps(turned if chosen.body_key is None else {chosen.body_key: [turned] * 3}).encode()

    decoder = Decoder(chosen, names)
    empty = json.dumps({} if chosen.body_key is None else {chosen.body_key: []}).encode()
    pages = [empty, *map(page, islice(permutations(record), 0, 40_000, 9_999))]
    values = dict.fromkeys(names)
    for body in pages:
        found = decoder.quick(body, values=values, where="here")
        assert found is not None
        assert found.batch.equals(decoder.thorough(body, values=values, where="here").batch)
