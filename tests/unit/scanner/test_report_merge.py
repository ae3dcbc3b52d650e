"""Pieces of a report as one report: whatever the pieces, one row for each subject, and every sum exact or an error."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.paths import api_facts
from support.run_size import share

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.model import BIGINT, BOOLEAN, DATE, DECIMAL, VARCHAR, Table, Type
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import DecodeError
from harvest_duck.sandbox import MAIN_ID
from harvest_duck.scanner.report_merge import summed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harvest_duck.sandbox import Sandbox

Row = dict[str, Any]

REPORTS = [table for table in TABLES.values() if table.max_span_days is not None]
CLIENTS = TABLES["report_time_clients"]
NAMES = ("client_name", "client_id", "total_hours", "currency", "billable_amount")
LARGEST = Decimal("99999999999999.9999")
SMALLEST = Decimal("0.0001")

#: Few subjects, so that they meet again; amounts at both ends of what fits.
VALUES: Mapping[Type, Sequence[object]] = {
    BIGINT: (None, 1, 2, 2**63 - 1),
    BOOLEAN: (None, False, True),
    DATE: (None, date(2020, 2, 29), date(2024, 12, 31)),
    DECIMAL: (None, Decimal(0), SMALLEST, -SMALLEST, Decimal("1.25"), Decimal("-33.3333"), LARGEST, -LARGEST),
    VARCHAR: (None, "", "EUR", "eur", "Bäcker \U0001f986", "a\u0308\u0000\n"),
}

each_report = pytest.mark.parametrize("table", REPORTS, ids=lambda table: table.name)
some = settings(deadline=None, max_examples=share(60), suppress_health_check=[HealthCheck.too_slow])


def schema(table: Table, names: Iterable[str]) -> pa.Schema:
    """The columns `names` as a piece of a report has them."""
    return pa.schema([schema_of(table).field(name) for name in names])


def oracle(table: Table, rows: Iterable[Row]) -> list[Row]:
    """The rows added up by subject, with sums of any size."""
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        subject = tuple(row[name] for name in table.subject)
        before = found.get(subject)
        sums = {} if before is None else {name: _sum(before[name], row[name]) for name in row if _added(table, name)}
        found[subject] = row | sums
    return list(found.values())


def _sum(before: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if before is None or more is None else Context(prec=60).add(before, more)


def _added(table: Table, name: str) -> bool:
    return table.column(name).type == DECIMAL


def _several(table: Table, name: str, batch: Sequence[Row]) -> bool:
    """Whether a piece has amounts of one subject in several currencies that it does not name."""
    found = [
        tuple(row[part] for part in table.subject)
        for row in batch
        if row["currency"] is None and table.column(name).unit == "money" and row[name] is not None
    ]
    return len(set(found)) < len(found)


@st.composite
def pieces(draw: st.DrawFn, table: Table) -> tuple[list[str], list[list[Row]]]:
    """Some columns of a table in any order, its subject among them, and batches of rows of those."""
    others = [column.name for column in table.columns if column.name not in table.subject]
    names = draw(st.permutations([*table.subject, *draw(st.lists(st.sampled_from(others), unique=True))]))
    row = st.fixed_dictionaries({name: st.sampled_from(VALUES[table.column(name).type]) for name in names})
    return names, draw(st.lists(st.lists(row, max_size=6), max_size=4))


@each_report
@some
@given(data=st.data())
def test_pieces_add_up_to_what_their_rows_add_up_to(table: Table, data: st.DataObject) -> None:
    names, batches = data.draw(pieces(table))
    wanted = oracle(table, [row for batch in batches for row in batch])
    columns = schema(table, names)
    given_batches = [pa.RecordBatch.from_pylist(batch, schema=columns) for batch in batches]
    mixed = [name for batch in batches for name in names if _several(table, name, batch)]
    if mixed:
        with pytest.raises(DecodeError, match="without a currency") as refused:
            summed(table, columns, given_batches)
        assert refused.value.column == mixed[0]
        return
    too_large = {
        name
        for row in wanted
        for name in names
        if _added(table, name) and row[name] is not None and abs(row[name]) > LARGEST
    }
    if too_large:
        with pytest.raises(DecodeError) as refused:
            summed(table, columns, given_batches)
        assert refused.value.column in too_large
        return
    found = summed(table, columns, given_batches)
    found.validate(full=True)
    assert found.schema.equals(columns)
    assert found.to_pylist() == wanted


def clients(*pieces_of: Sequence[tuple[object, ...]], names: Sequence[str] = NAMES) -> list[tuple[Any, ...]]:
    """The sum of pieces of the report on the hours of clients, each row in the order of `names`."""
    columns = schema(CLIENTS, names)
    batches = [
        pa.RecordBatch.from_pylist([dict(zip(names, row, strict=True)) for row in piece], schema=columns)
        for piece in pieces_of
    ]
    return [tuple(row.values()) for row in summed(CLIENTS, columns, batches).to_pylist()]


@each_report
@pytest.mark.parametrize("count", [0, 1, 3])
def test_no_rows_add_up_to_no_rows(table: Table, count: int) -> None:
    empty = pa.RecordBatch.from_pylist([], schema=schema_of(table))
    assert summed(table, schema_of(table), [empty] * count).equals(empty)


def test_a_single_piece_stays_as_it_is() -> None:
    piece = [
        ("Zoë", 9, Decimal("1.5000"), "EUR", Decimal("10.0000")),
        ("Adam", 3, LARGEST, None, None),
        ("Zoë", 9, None, "USD", Decimal("-0.0001")),
    ]
    assert clients(piece) == piece


def test_subjects_keep_the_order_in_which_they_first_appear() -> None:
    one = Decimal(1)
    first = [("b", 2, one, "EUR", one), ("a", 1, one, "EUR", one)]
    second = [("c", 0, one, "EUR", one), ("a", 1, one, "EUR", one), ("b", 2, one, "EUR", one)]
    assert [row[0] for row in clients(first, second)] == ["b", "a", "c"]


def test_a_subject_has_one_row_for_each_currency() -> None:
    piece = [("a", 1, Decimal(1), code, Decimal(2)) for code in ("EUR", "USD", None)]
    assert clients(piece, piece) == [("a", 1, Decimal(2), code, Decimal(4)) for code in ("EUR", "USD", None)]


def test_rows_without_a_subject_are_one_row() -> None:
    row = (None, None, Decimal(1), None, None)
    assert clients([row], [row, row]) == [(None, None, Decimal(3), None, None)]


def test_rows_without_a_currency_are_one_row_with_all_hours() -> None:
    """A person who may not see money gets one for each currency, and nothing else tells them apart."""
    first, second = ("a", 1, Decimal("1.25"), None, None), ("a", 1, Decimal(4), None, None)
    other = ("b", 2, Decimal(1), None, None)
    assert clients([first, second, other], [second]) == [("a", 1, Decimal("9.25"), None, None), other]


def test_amounts_of_currencies_that_are_not_named_are_not_added_up() -> None:
    amount = ("a", 1, Decimal("1.25"), None, Decimal(5))
    with pytest.raises(DecodeError) as refused:
        clients([amount], [amount, amount])
    assert str(refused.value) == (
        "report_time_clients: a subject has several rows with billable_amount and without a currency, which cannot be "
        "added up over years; ask for a year at most"
    )
    assert clients([amount], [amount]) == [("a", 1, Decimal("2.5"), None, Decimal(10))]


def test_an_amount_that_may_not_be_seen_makes_its_own_sum_unknown() -> None:
    seen, hidden = ("a", 1, Decimal(1), "EUR", Decimal(5)), ("a", 1, Decimal(1), "EUR", None)
    other = ("b", 2, Decimal(1), "EUR", Decimal(5))
    assert clients([seen, other], [hidden, other]) == [
        ("a", 1, Decimal(2), "EUR", None),
        ("b", 2, Decimal(2), "EUR", Decimal(10)),
    ]


@pytest.mark.parametrize("newest", ["Bäcker & Söhne \U0001f986", "", None])
def test_a_subject_has_its_newest_name(newest: str | None) -> None:
    old = [("Baker", 1, Decimal(1), "EUR", None), ("Baker", 2, Decimal(1), "EUR", None)]
    renamed = [(newest, 1, Decimal(1), "EUR", None)]
    assert [row[:2] for row in clients(old, renamed, [])] == [(newest, 1), ("Baker", 2)]


def test_a_project_that_moves_to_another_client_meanwhile_is_still_one_project() -> None:
    table, names = TABLES["report_time_projects"], ("project_id", "client_id", "currency", "total_hours")
    columns = schema(table, names)
    pieces_of = [
        pa.RecordBatch.from_pylist([dict(zip(names, (7, client, "EUR", Decimal(2)), strict=True))], schema=columns)
        for client in (1, 2)
    ]
    (row,) = summed(table, columns, pieces_of).to_pylist()
    assert tuple(row.values()) == (7, 2, "EUR", Decimal(4))


def test_rows_of_one_subject_in_one_piece_are_added_up_too() -> None:
    row = ("a", 1, Decimal("0.0001"), "EUR", Decimal("0.1"))
    assert clients([row, row, row]) == [("a", 1, Decimal("0.0003"), "EUR", Decimal("0.3"))]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_fits_up_to_the_last_digit_and_is_an_error_beyond(sign: int) -> None:
    halves = [[("a", 1, sign * part, "EUR", None)] for part in (LARGEST - SMALLEST, SMALLEST)]
    assert clients(*halves) == [("a", 1, sign * LARGEST, "EUR", None)]
    with pytest.raises(DecodeError) as refused:
        clients(*halves, [("a", 1, sign * SMALLEST, "EUR", None)])
    assert str(refused.value) == (
        "report_time_clients: a sum of total_hours has more digits than DECIMAL(18,4); ask for a shorter period"
    )
    assert (refused.value.table, refused.value.column) == ("report_time_clients", "total_hours")


def test_only_the_whole_sum_has_to_fit() -> None:
    amounts = [LARGEST] * 50 + [-LARGEST] * 50 + [SMALLEST]
    assert clients(*[[("a", 1, amount, "EUR", None)] for amount in amounts]) == [("a", 1, SMALLEST, "EUR", None)]


def test_the_subject_alone_gives_each_subject_once() -> None:
    piece = [("EUR", 1), (None, 1), ("EUR", 1), ("EUR", 2)]
    assert clients(piece, piece, names=("currency", "client_id")) == [("EUR", 1), (None, 1), ("EUR", 2)]


@pytest.mark.parametrize("role", ["administrator", "member"])
@each_report
def test_months_of_a_report_add_up_to_the_report(table: Table, role: str, agency: Sandbox) -> None:
    """The sandbox rounds entry by entry, so that its sums are exact, which Harvest does not document."""
    starts = [date(2025 + month // 12, month % 12 + 1, 1) for month in range(25)]
    ends = [start - timedelta(days=1) for start in starts[1:]]
    reports = [
        agency.report(MAIN_ID, table.name, start, end, include_fixed_fee=False, role=role)
        for start, end in [*zip(starts, ends, strict=False), (starts[0], ends[-1])]
    ]
    batches = [pa.RecordBatch.from_pylist(rows, schema=schema_of(table)) for rows in reports]
    added, whole = (
        sorted(map(repr, summed(table, schema_of(table), batches_of).to_pylist()))
        for batches_of in (batches[:-1], batches[-1:])
    )
    assert added == whole
    assert len(added) == len(reports[-1])
    assert role == "member" or 0 < len(added) < sum(map(len, reports[:-1]))


@each_report
def test_what_tells_the_rows_of_a_report_apart_is_the_documented_key_and_the_currency(table: Table) -> None:
    facts = api_facts()
    (key,) = (fact["primary_key"] for fact in facts["tables"] if fact["name"] == table.name)
    assert len(table.subject) == len(set(table.subject))
    assert set(table.subject) == {*key, "currency"}


def test_only_the_uninvoiced_report_has_amounts_that_no_day_owns() -> None:
    assert {table.name: table.not_summed_with for table in TABLES.values() if table.not_summed_with} == {
        "report_uninvoiced": ("include_fixed_fee",)
    }
