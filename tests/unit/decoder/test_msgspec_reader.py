"""The reading for few columns: the page that Arrow's reader makes, left to the exact one where it is in doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.run_size import share

from harvest_duck.catalog.tables import TABLES
from harvest_duck.decoder.decoder import Decoder
from harvest_duck.decoder.layout import Layout
from harvest_duck.decoder.msgspec_reader import reader_for

ENTRIES = TABLES["time_entries"]
COLUMNS = ["id", "hours", "notes", "billable", "client_name", "user_assignment_id", "started_time", "created_at"]
#: JSON, and the value of a column: of each kind, and some that no column takes as they are.
VALUES = {
    "id": st.sampled_from(["1", "-5", str(2**63 - 1), str(2**63), "1.0", '"7"', "true"]),
    "hours": st.sampled_from(["null", "1.5", "0", "-0.25", "1e2", "0.00001", "9" * 40, '"2.5"', '"x"', "true", "[1]"]),
    "notes": st.sampled_from(["null", '"ä\\u0000\\n"', '"\\ud83d\\ude00"', '"\\ud83d"', "5", '""']),
    "billable": st.sampled_from(["null", "true", "false", "1", '"true"']),
    "client": st.sampled_from(["null", "{}", '{"name": "A"}', '{"name": null}', '{"name": 1}', "[]", '"x"']),
    "user_assignment": st.sampled_from(["null", '{"id": 4}', '{"id": 4.5}', '{"id": 4, "more": [[{"id": 1}]]}']),
    "started_time": st.sampled_from(["null", '"8:00am"', '"17:05"', '"25:00"', "8"]),
    "created_at": st.sampled_from(["null", '"2026-01-02T03:04:05Z"', '"2026-01-02T03:04:05"', '"yesterday"']),
}
RECORD = st.fixed_dictionaries({}, optional=VALUES)


def page(records: list[dict[str, str]]) -> bytes:
    """A page of time entries, which all have the members of the first and perhaps more."""
    texts = ["{" + ", ".join(f'"{name}": {text}' for name, text in record.items()) + "}" for record in records]
    return f'{{"time_entries": [{", ".join(texts)}], "links": {{"next": null}}, "total_entries": 3}}'.encode()


def read(body: bytes, *, by_arrow: bool) -> object:
    """The page by the quick reading, by that of Arrow where it is asked for; None where it is left to the exact one."""
    decoder = Decoder(ENTRIES, COLUMNS)
    assert decoder.holds_gil
    if by_arrow:
        decoder._msgspec = None
    return decoder.quick(body, values={"account_id": 1}, where="a page")


@settings(deadline=None, max_examples=share(300), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORD, max_size=4))
def test_what_is_read_is_what_the_exact_reading_reads(records: list[dict[str, str]]) -> None:
    body = page([{"id": str(place)} | record for place, record in enumerate(records)])
    found = read(body, by_arrow=False)
    if found is not None:
        decoder = Decoder(ENTRIES, COLUMNS)
        assert found == decoder.thorough(body, values={"account_id": 1}, where="a page")


@settings(deadline=None, max_examples=share(100), suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "hours": st.decimals(-99, 99, places=2).map(str) | st.just("null"),
                "notes": st.sampled_from(["null", '"a"', '"ä"']),
                "client": st.sampled_from(["null", "{}", '{"name": "A", "currency": "EUR"}']),
                "created_at": st.sampled_from(["null", '"2026-01-02T03:04:05Z"']),
            }
        ),
        max_size=5,
    )
)
def test_ordinary_pages_are_read_as_arrow_reads_them(records: list[dict[str, str]]) -> None:
    body = page([{"id": str(place)} | record for place, record in enumerate(records)])
    found = read(body, by_arrow=False)
    assert found is not None
    assert found == read(body, by_arrow=True)


@pytest.mark.parametrize("number", ["1e2", "1E-400", "9" * 31, "1." + "0" * 40, "1.00005", '"1.5"'])
def test_a_number_that_arrow_might_change_is_left_to_the_exact_reading(number: str) -> None:
    assert read(page([{"id": "1", "hours": number}]), by_arrow=False) is None


def test_values_of_each_kind() -> None:
    record = {"id": "7", "hours": "1.25", "notes": '"x"', "billable": "true", "client": '{"name": "Acme"}'}
    record |= {"user_assignment": "null", "created_at": '"2026-01-02T03:04:05Z"'}
    found = Decoder(ENTRIES, COLUMNS).quick(page([record]), values={"account_id": 1}, where="a page")
    assert found is not None
    assert found.batch.to_pylist() == [
        {
            "id": 7,
            "hours": Decimal("1.2500"),
            "notes": "x",
            "billable": True,
            "client_name": "Acme",
            "user_assignment_id": None,
            "started_time": None,
            "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        }
    ]
    assert (found.total_entries, found.linked, found.next_link) == (3, True, None)


def test_only_lists_of_few_plain_values_are_read_like_this() -> None:
    assert reader_for(Layout(ENTRIES, ["id", "hours"])) is not None
    assert reader_for(Layout(ENTRIES, [column.name for column in ENTRIES.columns])) is None
    assert reader_for(Layout(TABLES["users"], ["id", "access_roles"])) is None
    assert reader_for(Layout(TABLES["invoice_line_items"], ["id"])) is None
    assert reader_for(Layout(TABLES["company"], ["name"])) is None


def test_a_body_that_is_no_page_is_left_to_the_exact_reading() -> None:
    reader = reader_for(Layout(ENTRIES, ["id"]))
    assert reader is not None
    for body in (b"{}", b'{"time_entries": null}', b'{"time_entries": [null]}', b'{"time_entries": [1]}', b"{", b"[]"):
        with pytest.raises(pa.ArrowInvalid):
            reader.read(body)
