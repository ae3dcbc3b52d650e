"""The exact reading of a page: checks on every value, faults named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.exact_reader import read
from harvest_duck.decoder.layout import Layout
from harvest_duck.errors import DecodeError, ProtocolError
from harvest_duck.protocol.page import Envelope

WHERE = "invoices page 1"


def records(body: str, *names: str, table: str = "invoices") -> list[dict[str, object]]:
    """The records of a page as the columns `names` need them."""
    return read(body.encode(), Layout(TABLES[table], names), where=WHERE)[0]


def test_a_record_holds_just_what_its_columns_need_and_none_for_what_is_missing() -> None:
    body = '{"invoices": [{"id": 1, "client": {"id": 2, "name": "x", "more": 3}, "state": "open"}, {"id": 4}]}'
    assert records(body, "client_id", "issue_date") == [
        {"id": 1, "updated_at": None, "issue_date": None, "client": {"id": 2}},
        {"id": 4, "updated_at": None, "issue_date": None, "client": None},
    ]


def test_nested_lists_are_read_to_the_last_value() -> None:
    body = '{"invoices": [{"id": 1, "line_items": [{"id": 5, "quantity": 0.00015, "project": null}, {}]}]}'
    (record,) = records(body, "line_items")
    first, second = record["line_items"]
    assert first["quantity"] == Decimal("0.0002")
    assert first["project"] is None
    assert set(second.values()) == {None}


def test_a_number_of_five_digits_is_never_a_float_on_its_way() -> None:
    """As a float 1.00005 lies just below the tie, and would go down."""
    assert records('{"invoices": [{"id": 1, "amount": 1.00015}]}', "amount")[0]["amount"] == Decimal("1.0002")
    large = records('{"invoices": [{"id": 1, "amount": 12345678901234.56785}]}', "amount")
    assert large[0]["amount"] == Decimal("12345678901234.5678")


def test_dates_and_times_of_day_stay_text_for_arrow_to_read() -> None:
    body = '{"time_entries": [{"id": 1, "spent_date": "2024-02-29", "started_time": "2:59pm"}]}'
    found = records(body, "spent_date", "started_time", table="time_entries")
    assert found == [{"id": 1, "updated_at": None, "spent_date": "2024-02-29", "started_time": "2:59pm"}]


def test_timestamps_are_in_utc() -> None:
    body = '{"invoices": [{"id": 1, "sent_at": "2024-02-29T12:00:00+02:00", "paid_at": "2024-02-29T12:00:00"}]}'
    found = records(body, "sent_at", "paid_at")[0]
    assert found["sent_at"] == datetime(2024, 2, 29, 10, tzinfo=UTC)
    assert found["paid_at"] == datetime(2024, 2, 29, 12, tzinfo=UTC)


def test_a_single_record_is_the_body() -> None:
    found = read(b'{"name": "x", "clock": "12h"}', Layout(TABLES["company"], ["name"]), where=WHERE)
    assert [record["name"] for record in found[0]] == ["x"]
    assert found[1] == Envelope()


def test_one_record_of_a_list_is_the_body_and_has_no_envelope() -> None:
    """Whatever its members are called."""
    layout = Layout(TABLES["clients"], ["name"])
    body = b'{"id": 1, "name": "x", "links": 5, "next_page": "y", "clients": 7}'
    found = read(body, layout, where="clients 1", single=True)
    assert found == ([{"id": 1, "updated_at": None, "name": "x"}], Envelope())


def test_embedded_records_are_read_in_one_record_of_their_list() -> None:
    layout = Layout(TABLES["invoice_line_items"], ["quantity"])
    body = b'{"id": 1, "line_items": [{"id": 5, "quantity": 0.00015}, {"id": 6}]}'
    (record,), _ = read(body, layout, where="invoice_line_items 1", single=True)
    assert record["id"] == 1
    assert record["line_items"] == [{"id": 5, "quantity": Decimal("0.0002")}, {"id": 6, "quantity": None}]


def test_a_fault_in_one_record_of_a_list_names_it() -> None:
    with pytest.raises(DecodeError) as refused:
        read(b'{"id": 7, "name": 5}', Layout(TABLES["clients"], ["name"]), where="clients 7", single=True)
    assert str(refused.value) == "clients 7, record 7: name is 5, not text"


def test_the_instant_of_the_last_change_is_checked_though_nothing_asks_for_it() -> None:
    with pytest.raises(DecodeError) as refused:
        records('{"invoices": [{"id": 7, "updated_at": "yesterday"}]}', "state")
    assert str(refused.value) == 'invoices page 1, record 7: updated_at is "yesterday", not an ISO 8601 timestamp'


def test_a_fault_knows_table_column_record_and_page() -> None:
    with pytest.raises(DecodeError) as refused:
        records('{"invoices": [{"id": 1}, {"id": 7, "client": {"id": "x"}}]}', "client_id")
    error = refused.value
    assert str(error) == 'invoices page 1, record 7: client_id is "x", not a whole number of 64 bits'
    assert (error.table, error.column, error.record_id, error.page) == ("invoices", "client_id", 7, WHERE)


def test_a_fault_without_an_id_counts_the_record() -> None:
    with pytest.raises(DecodeError) as refused:
        records('{"invoices": [{"id": 1}, {"state": 5}]}', "state")
    assert str(refused.value) == "invoices page 1, record number 2: state is 5, not text"
    assert refused.value.record_id is None


def test_a_fault_within_a_nested_list_names_its_column() -> None:
    with pytest.raises(DecodeError) as refused:
        records('{"invoices": [{"id": 7, "line_items": [{"project": {"id": 1.5}}]}]}', "line_items")
    assert str(refused.value) == "invoices page 1, record 7: line_items is 1.5, not a whole number of 64 bits"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<html>", "the answer is an HTML page; check BaseURL, or try again"),
        ("[]", "the answer is a JSON array, not an object; check BaseURL"),
        ("null", "the answer is a JSON null, not an object; check BaseURL"),
        ("{}", 'the answer has no list "invoices"; check BaseURL, it may not be Harvest\'s API'),
        ('{"invoices": null}', 'the answer has no list "invoices"; check BaseURL, it may not be Harvest\'s API'),
    ],
)
def test_a_body_that_is_no_page_is_refused_in_one_line(body: str, fault: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        records(body, "id")
    assert str(refused.value) == f"{WHERE}: {fault}"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert records('\ufeff{"clients": [{"id": 1}]}', "id", table="clients") == [{"id": 1, "updated_at": None}]


def test_the_envelope_tells_links_from_numbers() -> None:
    said = {"links": None, "next_page": 2, "total_pages": 3, "total_entries": 5}
    assert Envelope.of(said) == Envelope(None, linked=False, next_page=2, total_pages=3, total_entries=5)
    assert Envelope.of({**said, "links": {"next": "there"}}) == Envelope(
        "there", linked=True, next_page=2, total_pages=3, total_entries=5
    )
    assert Envelope.of({**said, "links": {"next": None}}) == Envelope(
        None, linked=True, next_page=2, total_pages=3, total_entries=5
    )


@pytest.mark.parametrize("text", ["[" * 200, "{" * 200, 'a "quoted" [', "a \\", '\\"' + "[" * 200])
def test_brackets_in_text_are_not_depth(text: str) -> None:
    layout = Layout(TABLES["clients"], ["id", "name"])
    body = json.dumps({"clients": [{"id": 1, "name": text}]}).encode()
    assert read(body, layout, where="clients page 1")[0] == [{"id": 1, "updated_at": None, "name": text}]


@pytest.mark.parametrize("depth", [97, 98, 99, 1000, 20_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[["]",{"[": ', "}]]")])
def test_what_nests_deep_is_skipped(depth: int, opening: str, closing: str) -> None:
    deep = f"{opening * depth}1{closing * depth}"
    body = f'{{"clients": [{{"id": 1, "x": {deep}, "name": "a"}}, {{"x": [{deep}, 2], "id": 2}}]}}'
    assert [(each["id"], each["name"]) for each in records(body, "id", "name", table="clients")] == [
        (1, "a"),
        (2, None),
    ]


def test_a_column_that_nests_deep_is_named() -> None:
    with pytest.raises(DecodeError, match=r"record 1: name is \[\[\[.*…, not text"):
        records('{"clients": [{"id": 1, "name": ' + "[" * 200 + "]" * 200 + "}]}", "name", table="clients")


@pytest.mark.parametrize("end", ["", "]" * 101, "}" * 200])
def test_deep_brackets_that_do_not_close_are_no_json(end: str) -> None:
    with pytest.raises(ProtocolError, match="not valid JSON"):
        records('{"clients": ' + "[" * 200 + end, "id", table="clients")
