"""The records of an endpoint that the catalog does not know, wherever its answer has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harvest_duck.catalog.endpoint import endpoint
from harvest_duck.decoder.endpoint_decoder import EndpointDecoder, _shape, decoder_for
from harvest_duck.errors import ProtocolError

if TYPE_CHECKING:
    from harvest_duck.decoder.decoder import Page

PAGES = {"total_entries": 1, "links": {"next": None}}
MOMENT = "2026-01-02T03:04:05Z"


def read(*bodies: object) -> Page:
    """The last of the pages of an endpoint."""
    decoder = decoder_for(endpoint("/pto/types"), ["account_id", "record"])
    assert isinstance(decoder, EndpointDecoder)
    for body in bodies:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        page = decoder.decode(text, values={"account_id": 5}, where="/pto/types page 1")
    return page


def records(page: Page) -> list[Any]:
    assert set(page.batch["account_id"].to_pylist()) <= {5}
    return [json.loads(text) for text in page.batch["record"].to_pylist()]


LISTS: dict[str, tuple[dict[str, object], list[object]]] = {
    "with pages": ({"types": [{"id": 1}, {"id": 2}], **PAGES}, [{"id": 1}, {"id": 2}]),
    "beside other members": ({"types": [{"a": 1}], "as_of": "2026", "days": ["x"], **PAGES}, [{"a": 1}]),
    "alone": ({"types": [{"a": [{"b": 1}]}]}, [{"a": [{"b": 1}]}]),
    "with links": ({"types": [{"a": 1}], "links": {"next": None}}, [{"a": 1}]),
    "empty": ({"types": []}, []),
    "empty with pages": ({"types": [], **PAGES, "total_entries": 0}, []),
}


@pytest.mark.parametrize("name", LISTS)
def test_the_one_list_has_the_records(name: str) -> None:
    body, expected = LISTS[name]
    page = read(body)
    assert records(page) == expected
    assert page.records == len(expected)
    assert page.total_entries == body.get("total_entries")


@pytest.mark.parametrize(
    "body",
    [
        {"id": 1, "line_items": [{"id": 2}]},
        {"id": 1, "line_items": []},
        {"access_roles": ["member"]},
        {"user": {"id": 1}, "accounts": [{"id": 2}]},
        {"id": 1, "page": 3},
        {},
    ],
    ids=json.dumps,
)
def test_any_other_object_is_one_record(body: dict[str, object]) -> None:
    """Also where a part of it is a list: an invoice has line items, or none."""
    page = read(body)
    assert records(page) == [body]
    assert (page.records, page.ids, page.total_entries) == (1, None, None)


REFUSED = {
    "several lists": ({"a": [{}], "b": [{}]}, "lists records under a and b"),
    "several lists with pages": ({"a": [{}], "b\n": [], **PAGES}, "lists records under a and b"),
    "pages of no records": ({"days": ["2026-01-01"], **PAGES}, "has pages, and no list of records"),
    "a name that is no text": (
        b'{"a\\ud800": [{}], "page": 1}',
        r'lists records under "a\\ud800", which is no plain name',
    ),
    "a name with quotes": ({'a"b': [{}]}, r'lists records under "a\\"b", which is no plain name'),
    "no object": ([{"id": 1}], "is a JSON array, not an object"),
    "another server": (b"<html>", "is an HTML page"),
    "no JSON": (b'{"a": [{}', "is not valid JSON"),
    "not UTF-8": (b'{"a": [{"n": "\xff"}]}', "is not valid JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_answer_without_one_list_is_refused(name: str) -> None:
    body, says = REFUSED[name]
    with pytest.raises(ProtocolError, match=f"^/pto/types page 1: the answer {says}") as caught:
        read(body)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("after", "says"), [({"kinds": []}, 'a list "kinds"'), ({"id": 1}, "one record")])
def test_all_pages_have_the_same_list(after: dict[str, object], says: str) -> None:
    assert records(read({"types": []}, {"types": [{"a": 1}], **PAGES})) == [{"a": 1}]
    with pytest.raises(ProtocolError, match=f'the answer has {says}, and the first one had a list "types"; run'):
        read({"types": [{"a": 1}], **PAGES}, after)


def test_ids_and_changes_are_known_where_every_record_has_them() -> None:
    page = read({"types": [{"id": 1, "updated_at": MOMENT}, {"id": 2, "updated_at": MOMENT}]})
    assert page.ids is not None
    assert page.ids.to_pylist() == [1, 2]
    assert page.updated_at is not None
    assert len(page.updated_at) == 2


@pytest.mark.parametrize("other", ['"x"', "null", "1.5", "true", str(2**63), None])
def test_records_without_whole_numbers_as_ids_are_counted_alone(other: str | None) -> None:
    record = "{}" if other is None else f'{{"id":{other}}}'
    page = read(f'{{"types":[{{"id":1}},{record}],"total_entries":2}}'.encode())
    assert page.ids is None
    assert page.batch["record"].to_pylist() == ['{"id":1}', record]


@pytest.mark.parametrize("moment", ["null", '"yesterday"', "5", '"2026-01-02"'])
def test_a_change_that_is_no_moment_is_not_used(moment: str) -> None:
    page = read(f'{{"types":[{{"id":1,"updated_at":{moment}}}]}}'.encode())
    assert page.updated_at is None
    assert page.ids is not None


def test_depth_hides_neither_the_list_nor_the_ids() -> None:
    record = f'{{"id":7,"x":{"[" * 20_000}{"]" * 20_000}}}'
    shape = _shape(f'{{"types":[{record}],"total_entries":1}}'.encode(), "here")
    assert (shape.key, [column.name for column in shape.columns]) == ("types", ["id"])


def test_a_number_of_thousands_of_digits_hides_neither_the_list_nor_the_ids() -> None:
    """Python makes no number of it, and the whole body is no record."""
    texts = [f'{{"id":7,"n":{"9" * 5000}}}', '{"id":8}']
    page = read(f'{{"types":[{",".join(texts)}],"total_entries":2}}'.encode())
    assert page.batch["record"].to_pylist() == texts
    assert page.ids is not None
    assert page.ids.to_pylist() == [7, 8]


def test_half_a_character_hides_neither_the_list_nor_the_ids() -> None:
    page = read(b'{"types":[{"id":7, "n":"\\ud800"}],"total_entries":1}')
    assert page.batch["record"].to_pylist() == ['{"id":7, "n":"\\ud800"}']
    assert page.ids is not None
    assert page.ids.to_pylist() == [7]
