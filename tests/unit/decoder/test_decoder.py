"""Pages of JSON as rows: every value as its column says, or an error that says which one is wrong and where."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.run_size import share
from support.strategies import DATES, TIMESTAMPS, Record, body_of, least_record, records, sql_rows, to_json

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.model import BOOLEAN, DATE, Origin, Table
from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder import exact_reader
from harvest_duck.decoder.day_counts import calendar
from harvest_duck.decoder.decoder import Decoder, Page
from harvest_duck.errors import DecodeError, HarvestDuckError, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

ORIGINS_OUTSIDE = {Origin.PATH, Origin.INPUT, Origin.ACCOUNT}
WHERE = "time_entries page 3"

each_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
each_list = pytest.mark.parametrize(
    "table", [table for table in TABLES.values() if table.body_key is not None], ids=lambda table: table.name
)
each_reading = pytest.mark.parametrize("hours", [Decimal("1.5"), Decimal("1.00005")], ids=["fast", "exact"])
some = settings(deadline=None, max_examples=share(12), suppress_health_check=[HealthCheck.too_slow])


def fixed(table: Table) -> dict[str, Any]:
    """What the request fixes for each column that the body does not hold."""
    return {
        column.name: True if column.type is BOOLEAN else date(2024, 1, 31) if column.type is DATE else 7
        for column in table.columns
        if column.origin in ORIGINS_OUTSIDE
    }


def decoded(table: Table | str, body: bytes, names: list[str] | None = None, *, single: bool = False) -> Page:
    """The page in a body, in all columns unless said otherwise."""
    chosen = TABLES[table] if isinstance(table, str) else table
    columns = [column.name for column in chosen.columns] if names is None else names
    return Decoder(chosen, columns).decode(body, values=fixed(chosen), where=WHERE, single=single)


def entries(**members: object) -> bytes:
    """A page of time entries with one of them."""
    return to_json({"time_entries": [{"id": 5, **members}], "links": {"next": None}}).encode()


def placed(column: str, value: object) -> dict[str, Any]:
    """The member of a time entry with the value of a column."""
    head, *rest = TABLES["time_entries"].column(column).path
    return {head: value if not rest else {rest[0]: value}}


def value_of(column: str, body: bytes, table: str = "time_entries") -> Any:
    """The value of a column in the one row of a page."""
    (row,) = decoded(table, body, [column]).batch.to_pylist()
    return row[column]


def at(record: Record, path: tuple[str, ...]) -> Any:
    """The value that a path leads to, None where it ends early."""
    value: Any = record
    for name in path:
        value = None if value is None else value.get(name)
    return value


def known_of(page: Page) -> tuple[object, ...]:
    """What a page tells about its records beside its rows."""
    arrays = (page.ids, page.updated_at, page.owners)
    return (*(None if array is None else array.to_pylist() for array in arrays), page.days and calendar(page.days))


def known_in(table: Table, written: list[Record]) -> tuple[object, ...]:
    """The same, taken from the records: the oracle."""
    identity, updates, day, items = table.identity, table.updates, table.day, table.items
    return (
        identity and [at(record, identity.path) for record in written],
        updates and [TIMESTAMPS.get(at(record, updates.path)) for record in written],
        items and [position for position, record in enumerate(written) for _ in record.get(items) or []],
        day and Counter(DATES.get(at(record, day.path)) for record in written),
    )


# Records of every table


@each_table
@some
@given(data=st.data())
def test_records_decode_to_what_the_catalogue_says(table: Table, data: st.DataObject) -> None:
    """Any columns of them in any order, decimals rounded half to even."""
    written = data.draw(records(table, long=data.draw(st.booleans())))
    if table.body_key is None:
        written = (written or [least_record(table)])[:1]
    names = data.draw(st.lists(st.sampled_from([column.name for column in table.columns]), min_size=1, unique=True))
    page = decoded(table, body_of(table, written), names)
    expected = [{name: row[name] for name in names} for row in sql_rows(table, written, fixed(table))]
    assert page.batch.to_pylist() == expected
    assert page.batch.schema == pa.schema([schema_of(table).field(name) for name in names])
    assert page.records == len(written)
    assert known_of(page) == known_in(table, written)


def in_arrow_only(decoder: Decoder, body: bytes, values: Mapping[str, Any], *, single: bool = False) -> Page:
    """The page as Arrow's reader alone takes it in."""
    return decoder._assembled(*decoder._read(body, single=single), values)


def in_python_only(decoder: Decoder, body: bytes, values: Mapping[str, Any], *, single: bool = False) -> Page:
    """The page as the exact reading alone takes it in."""
    found, envelope = exact_reader.read(body, decoder._layout, where=WHERE, single=single)
    return decoder._assembled(pa.array(found, decoder._record), envelope, values)


@each_table
@some
@given(data=st.data())
def test_both_readings_agree_and_ordinary_pages_need_only_the_fast_one(table: Table, data: st.DataObject) -> None:
    written = data.draw(records(table, long=False))
    if table.body_key is None:
        written = (written or [least_record(table)])[:1]
    envelope = data.draw(st.sampled_from(ENVELOPES))
    body = body_of(table, written, **envelope)
    decoder = Decoder(table, [column.name for column in table.columns])
    fast = in_arrow_only(decoder, body, fixed(table))
    slow = in_python_only(decoder, body, fixed(table))
    assert fast.batch.equals(slow.batch)
    assert fast.batch.to_pylist() == sql_rows(table, written, fixed(table))
    assert (fast.records, fast.next_link, fast.next_page) == (slow.records, slow.next_link, slow.next_page)
    assert (fast.total_pages, fast.total_entries) == (slow.total_pages, slow.total_entries)
    assert known_of(fast) == known_of(slow) == known_in(table, written)


@each_list
@some
@given(data=st.data())
def test_one_record_of_a_list_is_decoded_like_a_page_of_it_alone(table: Table, data: st.DataObject) -> None:
    """In both readings; it says nothing about pages, whatever it holds."""
    written = (data.draw(records(table, long=data.draw(st.booleans()))) or [least_record(table)])[:1]
    body = to_json(written[0] | {"links": {"next": LINK}, "next_page": 2, "total_pages": "x"}).encode()
    names = data.draw(st.lists(st.sampled_from([column.name for column in table.columns]), min_size=1, unique=True))
    page = decoded(table, body, names, single=True)
    assert page == replace(decoded(table, body_of(table, written), names), total_pages=None)
    assert page.batch.to_pylist() == [
        {name: row[name] for name in names} for row in sql_rows(table, written, fixed(table))
    ]
    slow = in_python_only(Decoder(table, names), body, fixed(table), single=True)
    assert slow == page


@each_table
def test_a_page_without_records_has_the_columns_of_the_table(table: Table) -> None:
    names = [column.name for column in table.columns]
    empty = Decoder(table, names).empty()
    assert empty.batch.schema == schema_of(table)
    assert (empty.batch.num_rows, empty.records, empty.next_link, empty.next_page) == (0, 0, None, None)
    assert known_of(empty) == (None, None, None, None)
    if table.body_key is not None:
        page = decoded(table, body_of(table, []))
        assert known_of(page) == known_in(table, [])
        assert replace(page, ids=None, updated_at=None, owners=None, days=None) == empty


@each_table
def test_a_page_without_columns_still_counts_its_rows(table: Table) -> None:
    record = least_record(table) | ({table.items: [{"id": 1}, {"id": 2}]} if table.items else {})
    assert decoded(table, body_of(table, [record]), []).batch.num_rows == (2 if table.items else 1)


def test_a_record_without_embedded_ones_has_no_rows_and_is_counted() -> None:
    body = to_json({"invoices": [{"id": 1, "line_items": []}, {"id": 2, "line_items": None}, {"id": 3}]}).encode()
    page = decoded("invoice_line_items", body)
    assert (page.batch.num_rows, page.records) == (0, 3)


def test_each_embedded_record_carries_the_values_around_it() -> None:
    written = [
        {"id": 1, "state": "open", "client": {"id": 8}, "line_items": [{"id": 11}, {"id": 12}]},
        {"id": 2, "state": None, "client": None, "line_items": []},
        {"id": 3, "line_items": [{"id": 13, "project": {"id": 4}}]},
    ]
    names = ["id", "invoice_id", "invoice_state", "invoice_client_id", "project_id"]
    rows = decoded("invoice_line_items", to_json({"invoices": written}).encode(), names).batch.to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (11, 1, "open", 8, None),
        (12, 1, "open", 8, None),
        (13, 3, None, None, 4),
    ]


def test_records_are_known_though_no_column_is_asked_for() -> None:
    written = [
        {"id": 3, "updated_at": "2024-03-01T01:30:00+02:00", "spent_date": "2024-02-29"},
        {"id": 5},
        {"id": 4, "updated_at": None, "spent_date": "2024-02-29"},
    ]
    page = decoded("time_entries", body_of(TABLES["time_entries"], written), [])
    assert known_of(page) == (
        [3, 5, 4],
        [datetime(2024, 2, 29, 23, 30, tzinfo=UTC), None, None],
        None,
        {date(2024, 2, 29): 2, None: 1},
    )


def test_rows_of_embedded_records_say_which_record_they_are_in() -> None:
    written = [
        {"id": 8, "issue_date": "2024-02-29", "line_items": [{"id": 11}, {"id": 12}]},
        {"id": 9, "issue_date": "2024-02-29", "line_items": []},
        {"id": 7, "line_items": [{"id": 13}]},
    ]
    page = decoded("invoice_line_items", to_json({"invoices": written}).encode(), ["id"])
    assert known_of(page) == ([8, 9, 7], [None] * 3, [0, 0, 2], {date(2024, 2, 29): 2, None: 1})


@each_reading
@pytest.mark.parametrize("text", ["never", "2024-02-30", "2024-2-9"])
def test_a_day_that_is_none_is_no_error_where_it_is_not_asked_for(text: str, hours: Decimal) -> None:
    """Then nothing is told about days at all, rather than something wrong."""
    body = to_json({"time_entries": [{"id": 5, "hours": hours, "spent_date": text}, {"id": 6}]}).encode()
    page = decoded("time_entries", body, ["id", "hours"])
    assert page.batch.column("id").to_pylist() == [5, 6]
    assert page.days is None
    with pytest.raises(DecodeError, match=r"record 5: spent_date is "):
        decoded("time_entries", body, ["id", "hours", "spent_date"])


@each_reading
def test_an_instant_of_the_last_change_that_is_none_is_an_error_though_it_is_not_asked_for(hours: Decimal) -> None:
    """Whether a list is complete is told by it."""
    with pytest.raises(DecodeError) as refused:
        decoded("time_entries", entries(hours=hours, updated_at="yesterday"), ["id", "hours"])
    assert str(refused.value) == f'{WHERE}, record 5: updated_at is "yesterday", not an ISO 8601 timestamp'
    assert refused.value.column == "updated_at"


# What a page says about the next one

LINK = "https://api.harvestapp.com/v2/clients?cursor=x"
ENVELOPES: list[dict[str, Any]] = [
    {},
    {"links": {"next": LINK, "first": "f"}, "next_page": 2, "total_pages": 3, "total_entries": 5},
    {"links": {"next": None}, "next_page": None, "total_pages": 1, "total_entries": 0},
    {"links": {}, "next_page": 2},
    {"links": None, "next_page": 2, "total_pages": 2},
    {"next_page": None, "page": "one"},
]


@pytest.mark.parametrize(
    ("envelope", "expected"),
    list(
        zip(
            ENVELOPES,
            [
                (None, False, None, None, None),
                (LINK, True, 2, 3, 5),
                (None, True, None, 1, 0),
                (None, True, 2, None, None),
                (None, False, 2, 2, None),
                (None, False, None, None, None),
            ],
            strict=True,
        )
    ),
)
@pytest.mark.parametrize("hours", [Decimal("1.5"), Decimal("1.00005")], ids=["fast", "exact"])
def test_a_page_says_what_comes_next(envelope: dict[str, Any], expected: tuple[object, ...], hours: Decimal) -> None:
    """By a link, a number, or both, and whether it has links at all."""
    page = decoded("time_entries", body_of(TABLES["time_entries"], [{"id": 1, "hours": hours}], **envelope))
    found = (page.next_link, page.linked, page.next_page, page.total_pages, page.total_entries)
    assert found == expected


@pytest.mark.parametrize(
    ("envelope", "fault"),
    [
        ({"links": []}, "links is [], not an object"),
        ({"links": {"next": 5}}, "links.next is 5, not text"),
        ({"links": {"next": "\ud800"}}, 'links.next is "\\ud800", not text of whole characters'),
        ({"next_page": "two"}, 'next_page is "two", not a whole number of 64 bits'),
        ({"total_entries": "-2"}, 'total_entries is "-2", not a whole number of 64 bits'),
        ({"next_page": Decimal("1.5")}, "next_page is 1.5, not a whole number of 64 bits"),
        ({"total_pages": "x" * 500}, f'total_pages is "{"x" * 59}…, not a whole number of 64 bits'),
    ],
)
def test_a_page_that_cannot_be_followed_is_refused(envelope: dict[str, Any], fault: str) -> None:
    body = json.dumps({"time_entries": [], **envelope}, default=float).encode()
    with pytest.raises(ProtocolError) as refused:
        decoded("time_entries", body)
    assert str(refused.value) == f"{WHERE}: {fault}"


@pytest.mark.parametrize(("said", "wanted"), [("8", 8), (Decimal("8.0"), 8), ("", None), ("0", 0)])
def test_a_count_may_stand_in_quotes(said: object, wanted: int | None) -> None:
    body = body_of(TABLES["time_entries"], [{"id": 1}], total_entries=said, total_pages=said, next_page=said)
    page = decoded("time_entries", body)
    assert (page.total_entries, page.total_pages, page.next_page) == (wanted, wanted, wanted)


# Values


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("0.00005", "0.0000"),
        ("0.00015", "0.0002"),
        ("0.00025", "0.0002"),
        ("-0.00005", "0.0000"),
        ("-0.00015", "-0.0002"),
        ("0.000050000000000000000000000000000000000001", "0.0001"),
        ("1.99995", "2.0000"),
        ("1.23456789", "1.2346"),
        ("1e2", "100.0000"),
        ("1.5E-3", "0.0015"),
        ("1E-400", "0.0000"),
        ("10e-416", "0.0000"),
        ("1000000e-416", "0.0000"),
        ("0." + "0" * 405 + "1000000", "0.0000"),
        ("1e-10000000", "0.0000"),
        ("-1e-999999999", "0.0000"),
        ("0e-999999999", "0.0000"),
        ("0e999999999", "0.0000"),
        ("99999999999.9999", "99999999999.9999"),
        ("100000000000.0001", "100000000000.0001"),
        ("12345678901234.5678", "12345678901234.5678"),
        ('"1e-999999999"', "0.0000"),
        ('"1\\u0065-99999999"', "0.0000"),
        ("100", "100.0000"),
        ("-0.0", "0.0000"),
        ("99999999999999.99994", "99999999999999.9999"),
        ('"0.555"', "0.5550"),
        ('"12"', "12.0000"),
    ],
)
def test_a_decimal_is_rounded_half_to_even_and_never_cut(number: str, value: str) -> None:
    found = value_of("hours", f'{{"time_entries": [{{"id": 1, "hours": {number}}}]}}'.encode())
    assert found == Decimal(value)
    assert found.as_tuple().exponent == -4


@pytest.mark.parametrize(
    "number",
    ["100000000000000", "99999999999999.99995", "-1e14", "1e400", "1e99999", "1e999999999", '"1e99999"', "9" * 4000],
)
def test_a_decimal_that_does_not_fit_is_an_error(number: str) -> None:
    with pytest.raises(DecodeError, match=r"hours is .*, not a number"):
        value_of("hours", f'{{"time_entries": [{{"id": 1, "hours": {number}}}]}}'.encode())


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("timer_started_at", "2024-02-29T12:30:15Z", datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)),
        ("timer_started_at", "2024-02-29T12:30:15+02:00", datetime(2024, 2, 29, 10, 30, 15, tzinfo=UTC)),
        ("timer_started_at", "2024-02-29T12:30:15", datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)),
        ("timer_started_at", "2024-02-29T12:30:15.123456Z", datetime(2024, 2, 29, 12, 30, 15, 123456, UTC)),
        ("timer_started_at", "2024-02-29 12:30", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        ("spent_date", "2024-02-29", date(2024, 2, 29)),
        ("spent_date", "0001-01-01", date(1, 1, 1)),
        ("started_time", "12:05am", time(0, 5)),
        ("started_time", "14:59", time(14, 59)),
        ("notes", "a\nb\t\u2028\U0001f986\u0000", "a\nb\t\u2028\U0001f986\u0000"),
        ("notes", "", ""),
        ("timer_started_at", "2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("timer_started_at", "2017-01-01T01:59:60.5+02:00", datetime(2017, 1, 1, 0, 0, 0, 500_000, UTC)),
        ("timer_started_at", "2024-02-29T24:00:00Z", datetime(2024, 3, 1, tzinfo=UTC)),
        ("timer_started_at", "2024-02-29 24:00", datetime(2024, 3, 1, tzinfo=UTC)),
        ("timer_started_at", "2024-02-29T24:00:00.000+01:00", datetime(2024, 2, 29, 23, tzinfo=UTC)),
        ("timer_started_at", "", None),
        ("spent_date", "", None),
        ("started_time", "", None),
        ("started_time", "8am", time(8)),
        ("started_time", "8 pm", time(20)),
        ("started_time", "12am", time(0)),
        ("user_id", "", None),
        ("billable_rate", "", None),
        ("external_reference_id", 4711, "4711"),
        ("external_reference_id", Decimal("1.50"), "1.50"),
        ("external_reference_id", 10**30, "1" + "0" * 30),
        ("external_reference_id", "x", "x"),
        ("user_id", Decimal("126000.0"), 126_000),
        ("user_id", Decimal("1.26E+5"), 126_000),
        ("user_id", Decimal("-4711.000"), -4711),
        ("user_id", Decimal("9223372036854775807.0"), 2**63 - 1),
        ("user_id", Decimal("0E+999999"), 0),
    ],
)
@pytest.mark.parametrize("hours", [Decimal("1.5"), Decimal("1.00005")], ids=["fast", "exact"])
def test_values_that_are_written_in_one_way_or_another(
    column: str, text: object, value: object, hours: Decimal
) -> None:
    for names in ([column, "hours"], [each.name for each in TABLES["time_entries"].columns]):
        (row,) = decoded("time_entries", entries(hours=hours, **placed(column, text)), names).batch.to_pylist()
        assert row[column] == value


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("id", Decimal("1.5"), "a whole number of 64 bits"),
        ("id", 2**63, "a whole number of 64 bits"),
        ("id", "5", "a whole number of 64 bits"),
        ("id", True, "a whole number of 64 bits"),
        ("user_id", [1], "a whole number of 64 bits"),
        ("user_id", Decimal("126000.5"), "a whole number of 64 bits"),
        ("user_id", Decimal("9223372036854775808.0"), "a whole number of 64 bits"),
        ("user_id", Decimal("1E-999999999"), "a whole number of 64 bits"),
        ("user_id", Decimal("1E+999999999"), "a whole number of 64 bits"),
        ("external_reference_id", True, "text"),
        ("external_reference_id", [], "text"),
        ("notes", 5, "text"),
        ("notes", {"a": 1}, "text"),
        ("notes", False, "text"),
        ("hours", "1.5h", "a number"),
        ("hours", "NaN", "a number"),
        ("hours", True, "a number"),
        ("hours", [], "a number"),
        ("is_billed", 1, "true or false"),
        ("is_billed", "true", "true or false"),
        ("spent_date", "2024-02-30", "a date like 2026-01-31"),
        ("spent_date", "20240229", "a date like 2026-01-31"),
        ("spent_date", "2024-2-9", "a date like 2026-01-31"),
        ("spent_date", "2024-02-29T00:00:00Z", "a date like 2026-01-31"),
        ("spent_date", "0000-00-00", "a date like 2026-01-31"),
        ("spent_date", 20240229, "a date like 2026-01-31"),
        ("started_time", "13:00pm", "a time of day like 2:59pm or 14:59"),
        ("started_time", "24:00", "a time of day like 2:59pm or 14:59"),
        ("started_time", "8", "a time of day like 2:59pm or 14:59"),
        ("started_time", "13pm", "a time of day like 2:59pm or 14:59"),
        ("started_time", "23:59:60", "a time of day like 2:59pm or 14:59"),
        ("started_time", 9, "a time of day like 2:59pm or 14:59"),
        ("updated_at", "yesterday", "an ISO 8601 timestamp"),
        ("updated_at", "2024-02-29T12:30:60Z", "an ISO 8601 timestamp"),
        ("updated_at", "2024-02-29T24:30:00Z", "an ISO 8601 timestamp"),
        ("updated_at", "9999-12-31T24:00:00Z", "an ISO 8601 timestamp"),
        ("updated_at", "2024-02-30T00:00:00Z", "an ISO 8601 timestamp"),
        ("updated_at", 1709209815, "an ISO 8601 timestamp"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named_with_its_column_record_and_page(
    column: str, value: object, wanted: str
) -> None:
    record: Record = {"id": 5} | placed(column, value)
    with pytest.raises(DecodeError) as refused:
        decoded("time_entries", to_json({"time_entries": [{"id": 4}, record]}).encode())
    error = refused.value
    shown = to_json(record["id"])
    assert str(error) == f"{WHERE}, record {shown}: {column} is {to_json(value)}, not {wanted}"
    assert (error.table, error.column, error.record_id, error.page) == ("time_entries", column, error.record_id, WHERE)
    assert column == "id" or error.record_id == 5


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        pytest.param("null", "record number 2: the record is null, not an object", id="null record"),
        pytest.param("7", "record number 2: the record is 7, not an object", id="number as a record"),
        pytest.param('{"user": 7}', "record number 2: user is 7, not an object", id="number as an object"),
        pytest.param('{"id": 5, "user": {"id": "x"}}', 'record 5: user_id is "x", not a whole number', id="below"),
        pytest.param(
            '{"id": 5, "notes": "\\ud800"}',
            'record 5: notes is "\\ud800", not text of whole characters',
            id="surrogate",
        ),
    ],
)
def test_a_record_that_is_none_is_named_by_its_number(record: str, fault: str) -> None:
    with pytest.raises(DecodeError) as refused:
        decoded("time_entries", f'{{"time_entries": [{{"id": 4}}, {record}]}}'.encode())
    assert str(refused.value).startswith(f"{WHERE}, {fault}")


def test_a_null_among_embedded_records_is_named_with_the_record_around_it() -> None:
    with pytest.raises(DecodeError) as refused:
        decoded("invoice_line_items", b'{"invoices": [{"id": 5, "line_items": [{"id": 1}, null]}]}')
    assert str(refused.value) == f"{WHERE}, record 5: line_items is null, not an object"
    assert refused.value.record_id == 5


def test_a_value_within_an_embedded_record_is_named_by_its_column() -> None:
    with pytest.raises(DecodeError) as refused:
        decoded("invoice_line_items", b'{"invoices": [{"id": 5, "line_items": [{"id": 1, "taxed": 3}]}]}')
    assert str(refused.value) == f"{WHERE}, record 5: taxed is 3, not true or false"


@pytest.mark.parametrize(
    "identity", ['"a\\nb"', '"\\ud800"', '"' + "x" * 5000 + '"', "[[[[1]]]]", '{"a": 1.5}', "1e50", "9" * 5000]
)
def test_an_odd_id_still_makes_one_short_line(identity: str) -> None:
    with pytest.raises(DecodeError) as refused:
        decoded("time_entries", f'{{"time_entries": [{{"id": {identity}}}]}}'.encode())
    message = str(refused.value)
    message.encode()
    assert message.isprintable()
    assert len(message) < 300


def test_columns_that_are_not_asked_for_are_not_checked() -> None:
    body = entries(hours="many", notes=5, spent_date="never", user=7)
    assert decoded("time_entries", body, ["id"]).batch.to_pylist() == [{"id": 5}]


def test_unknown_members_are_ignored_whatever_they_hold() -> None:
    body = entries(surprise={"deep": [1, "x", None, {"id": Decimal("1.5")}]}, another=Decimal("1E+400"))
    assert decoded("time_entries", body, ["id"]).batch.to_pylist() == [{"id": 5}]


def test_whitespace_between_values_does_not_matter() -> None:
    written = json.dumps({"links": {"next": None}, "time_entries": [{"id": 5, "notes": "a\nb"}]}, indent=4)
    body = f"\r\n {written}\n\n".encode()
    decoder = Decoder(TABLES["time_entries"], ["id", "notes"])
    assert in_arrow_only(decoder, body, {}).batch.to_pylist() == [{"id": 5, "notes": "a\nb"}]


@pytest.mark.parametrize("twice", ['{"id": 4, "id": 5}', '{"id": 5, "hours": 1, "hours": 2.00005}'])
def test_of_a_key_that_stands_twice_the_last_one_counts(twice: str) -> None:
    body = f'{{"time_entries": [{twice}]}}'.encode()
    assert value_of("id", body) == 5


# Bodies that are no page

MALFORMED = {
    "empty": b"",
    "blank": b" \n ",
    "HTML": b"<!DOCTYPE html>\n<html><body>Bad Gateway</body></html>",
    "HTML after blanks": b"\n\n  <html></html>",
    "text": b"Bad Gateway",
    "cut": b'{"time_entries": [{"id": 1}, {"id"',
    "cut in a text": b'{"time_entries": [{"notes": "abc',
    "cut in a character": '{"time_entries": [{"notes": "ä"}]}'.encode()[:-6],
    "array": b'[{"id": 1}]',
    "empty array": b"[]",
    "number": b"5",
    "null": b"null",
    "text in quotes": b'"time_entries"',
    "two objects": b'{"time_entries": []}{"time_entries": []}',
    "two nulls": b"null null",
    "null after the object": b'{"time_entries": []} null',
    "two lines": b'{"time_entries": []}\n{"time_entries": []}',
    "rest after the object": b'{"time_entries": []} x',
    "NaN": b'{"time_entries": [{"id": 1, "hours": NaN}]}',
    "Infinity": b'{"time_entries": [{"id": 1, "hours": -Infinity}]}',
    "invalid UTF-8": b'{"time_entries": [{"id": 1, "notes": "\xff"}]}',
    "UTF-8 of a surrogate": b'{"time_entries": [{"id": 1, "notes": "\xed\xa0\x80"}]}',
    "UTF-16": '{"time_entries": []}'.encode("utf-16"),
    "missing key": b'{"links": {"next": null}}',
    "null as the list": b'{"time_entries": null}',
    "object as the list": b'{"time_entries": {"id": 1}}',
    "text as the list": b'{"time_entries": "none"}',
    "other list": b'{"clients": [{"id": 1}]}',
    "no JSON": b"{time_entries: []}",
    "comma too many": b'{"time_entries": [{"id": 1},]}',
    "leading zero": b'{"time_entries": [{"id": 01}]}',
    "zero byte": b"\x00",
    "brackets": b"[" * 100_000,
    "closed brackets": b"[" * 100_000 + b"]" * 100_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=list(MALFORMED))
def test_a_body_that_is_no_page_breaks_the_contract(body: bytes) -> None:
    with pytest.raises(ProtocolError) as refused:
        decoded("time_entries", body)
    message = str(refused.value)
    assert message.startswith(f"{WHERE}: the answer ")
    assert message.isprintable()
    assert len(message) < 300


@pytest.mark.parametrize("name", ["company", "me"])
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b" null\n", b"5", b"{}{}", b"<html>", b"{", b"[" * 100_000])
def test_a_single_record_has_to_be_an_object(name: str, body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decoded(name, body)


@pytest.mark.parametrize("name", ["clients", "invoice_line_items"])
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'[{"id": 1}]', b"5", b"{}{}", b"<html>", b"{", b"[" * 100_000])
def test_one_record_of_a_list_has_to_be_an_object(name: str, body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decoded(name, body, single=True)


def test_a_null_among_the_embedded_ones_of_one_record_is_named() -> None:
    with pytest.raises(DecodeError) as refused:
        decoded("invoice_line_items", b'{"id": 5, "line_items": [{"id": 1}, null]}', single=True)
    assert str(refused.value) == f"{WHERE}, record 5: line_items is null, not an object"


DEEP = b'{"time_entries": [{"id": 1, "%s": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]}"


@pytest.mark.thorough
@pytest.mark.parametrize("member", [b"surprise", b"notes", b"id", b"hours", b"user"])
def test_deep_nesting_ends_in_an_error_or_is_ignored(member: bytes) -> None:
    """In a process of its own, since the fault to be ruled out is a crash; on a thread, whose stack is smaller."""
    program = (
        "import sys, threading\n"
        "from harvest_duck.decoder.decoder import Decoder\n"
        "from harvest_duck.errors import HarvestDuckError\n"
        "from harvest_duck.catalog.tables import TABLES\n"
        "def run():\n"
        "    try:\n"
        "        decoder = Decoder(TABLES['time_entries'], ['id', 'notes', 'hours', 'user_id'])\n"
        "        decoder.decode(sys.stdin.buffer.read(), values={}, where='page')\n"
        "    except HarvestDuckError as error:\n"
        "        print(type(error).__name__, error)\n"
        "threading.stack_size(512 * 1024)\n"
        "thread = threading.Thread(target=run)\n"
        "thread.start()\n"
        "thread.join()\n"
        "print('alive')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=DEEP % member, capture_output=True, check=False, timeout=60
    )
    assert done.stderr.decode() == ""
    assert done.stdout.decode().splitlines()[-1] == "alive"
    assert done.returncode == 0


@pytest.mark.thorough
def test_nesting_close_to_the_end_of_the_stack_ends_in_an_error() -> None:
    """A value that could just be read may be too deep to be shown."""
    for depth in range(0, 1100, 3):
        with pytest.raises(HarvestDuckError) as refused:
            decoded("time_entries", b'{"time_entries": [{"id": ' + b"[" * depth + b'"x"' + b"]" * depth + b"}]}")
        assert len(str(refused.value)) < 300


@settings(deadline=None, max_examples=share(300))
@given(
    st.sampled_from(["time_entries", "invoice_line_items", "company", "invoices"]),
    st.integers(0, 10**6),
    st.binary(max_size=3),
    st.integers(0, 3),
)
def test_a_damaged_body_is_decoded_or_refused(name: str, place: int, put: bytes, cut: int) -> None:
    table = TABLES[name]
    item = {"id": 1, "amount": Decimal("1.5"), "spent_date": "2024-02-29", "kind": "ä", "taxed": True}
    whole = body_of(
        table, [{**item, "line_items": [item], "name": "x", "hours": 2, "updated_at": "2024-02-29T12:30:15Z"}]
    )
    at = place % len(whole)
    damaged = whole[:at] + put + whole[at + cut :]
    try:
        page = decoded(table, damaged)
    except (DecodeError, ProtocolError) as error:
        assert str(error).isprintable()  # noqa: PT017 - most damage is refused
    else:
        page.batch.validate(full=True)


@settings(deadline=None, max_examples=share(200))
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "hours",
                        "user",
                        "notes",
                        "spent_date",
                        "updated_at",
                        "links",
                        "next",
                        "next_page",
                        "time_entries",
                    ]
                ),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=15,
    )
)
def test_any_json_is_decoded_or_refused(value: object) -> None:
    for body in (value, {"time_entries": value}, {"time_entries": [value]}):
        try:
            decoded("time_entries", json.dumps(body).encode())
        except (DecodeError, ProtocolError) as error:
            assert str(error).isprintable()  # noqa: PT017 - most JSON is refused


@pytest.mark.parametrize("exactly", [False, True])
def test_a_report_with_two_rows_about_the_same_is_refused(exactly: bool) -> None:
    """One of them would be counted twice; the same client in another currency is another row, also if it is hidden."""
    table = TABLES["report_time_clients"]
    hours = "1.00005" if exactly else "1.5"

    def page(*currencies: str | None) -> bytes:
        rows = (f'{{"client_id": 7, "currency": {json.dumps(each)}, "total_hours": {hours}}}' for each in currencies)
        return f'{{"results": [{", ".join(rows)}], "total_entries": 2, "links": {{"next": null}}}}'.encode()

    decoder = Decoder(table, ["total_hours"])
    for apart in (("EUR", "USD"), (None, None), ("EUR", None, None)):
        assert decoder.decode(page(*apart), values={}, where="here").records == len(apart)
    with pytest.raises(ProtocolError, match="here: the report has two rows with the same client_id and currency"):
        decoder.decode(page("EUR", "EUR"), values={}, where="here")
