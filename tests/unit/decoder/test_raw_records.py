"""The texts of records: what stands in the body, by the quick way and by the exact one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.raw_records import RawRecords

if TYPE_CHECKING:
    from harvest_duck.catalog.model import Table

LINE_ITEMS = TABLES["invoice_line_items"]
GAP = st.text(" \t\n\r", max_size=2)
VALUES = st.recursive(
    st.sampled_from(["null", "true", "-0.50", "1E+2", '"\\u00e9"', '"\\ud83d"', '"]}\\\\\\""', "9" * 30, '""', '"é"']),
    lambda inner: st.one_of(
        inner.map(lambda value: f"[ {value},{value} ]"),
        inner.map(lambda value: f'{{"a" : {value},"a":{{}} }}'),
    ),
    max_leaves=4,
)


@st.composite
def bodies(draw: st.DrawFn, key: str) -> tuple[str, list[str]]:
    """A body that lists values under a key, and their texts."""
    texts = draw(st.lists(VALUES, max_size=3))
    parts = ",".join(f"{draw(GAP)}{text}{draw(GAP)}" for text in texts)
    return f'{draw(GAP)}{{"x":{draw(VALUES)},"{key}"{draw(GAP)}:{draw(GAP)}[{parts}], "y" : 1 }}{draw(GAP)}', texts


def read(table: Table, body: str | bytes, *, single: bool = False) -> list[Any]:
    whole = body if isinstance(body, bytes) else body.encode()
    found: list[Any] = RawRecords(table).read(whole, single=single).to_pylist()
    return found


@given(bodies("clients"))
def test_a_record_is_a_slice_of_the_body(body: tuple[str, list[str]]) -> None:
    assert read(TABLES["clients"], body[0]) == body[1]


@given(st.lists(bodies("line_items"), max_size=3))
def test_an_embedded_record_is_a_slice_of_its_record(bodies: list[tuple[str, list[str]]]) -> None:
    records = [*(body.strip() for body, _ in bodies), "{}", '{"line_items":null}']
    assert read(LINE_ITEMS, f'{{"invoices":[{",".join(records)}]}}') == [text for _, texts in bodies for text in texts]


@pytest.mark.parametrize("half", ["", "\\ud800"], ids=["quick", "exact"])
def test_a_single_record_is_the_body_without_the_space_around_it(half: str) -> None:
    record = f'{{"id": 1.0,  "line_items": [{{ "n":"{half}" }} , {{}}]}}'
    body = f"\ufeff \r\n{record}\n".encode()
    assert read(TABLES["company"], body) == read(TABLES["invoices"], body, single=True) == [record]
    assert read(LINE_ITEMS, body, single=True) == [f'{{ "n":"{half}" }}', "{}"]


@pytest.mark.parametrize("half", ["", "\\ud800"], ids=["quick", "exact"])
def test_of_a_member_that_comes_twice_the_last_counts(half: str) -> None:
    body = f'{{"clients":[{{"id":1}}],"clients":[{{"id":2,"id":3,"n":"{half}"}}]}}'
    assert read(TABLES["clients"], body) == [f'{{"id":2,"id":3,"n":"{half}"}}']
    assert json.loads(body)["clients"][0]["id"] == 3


def test_a_record_may_nest_to_any_depth() -> None:
    record = f'{{"id":1, "x":{"[" * 20_000}{{"n":"]"}}{"]" * 20_000}}}'
    assert read(TABLES["clients"], f'{{"clients": [ {record},{{}} ]}}') == [record, "{}"]


@pytest.mark.parametrize(
    "body", ["{}", '{"clients":1}', '{"clients":[{"n":"\\ud800"}', "[", '{"clients":null,"n":"\\ud800"}']
)
def test_a_body_without_records_is_refused(body: str) -> None:
    with pytest.raises(pa.ArrowInvalid, match="the text of a record cannot be found"):
        read(TABLES["clients"], body)
