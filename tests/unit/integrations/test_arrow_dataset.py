from __future__ import annotations

import gc
import os
import pickle
from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from support import dataset_methods, program
from support.asked import asked
from support.paths import TESTS

import harvest_duck
from harvest_duck.errors import ConnectionStringError, QueryError, UnknownTable
from harvest_duck.integrations.arrow_dataset import HarvestDataset

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

LATE = pc.field("spent_date") >= date(2026, 11, 1)


@pytest.fixture
def entries(connection: str) -> HarvestDataset:
    return harvest_duck.dataset("time_entries", connection)


def test_every_method_gives_what_it_gives_of_rows_in_memory(connection: str) -> None:
    """In a process of its own, since C++ may end it."""
    assert dataset_methods.OF_DATASETS.keys() >= dataset_methods.public(ds.Dataset)
    assert dataset_methods.OF_FRAGMENTS.keys() >= dataset_methods.public(ds.Fragment)
    assert dataset_methods.OF_SCANNERS.keys() >= dataset_methods.public(ds.Scanner)
    code = f"import sys; sys.path.insert(0, {str(TESTS)!r})\nfrom support import dataset_methods as m; m.tried()"
    ended = program.run(code, connection=connection)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    came = dict(line.split(": ", 1) for line in ended.stdout.splitlines())
    refused = {name: came.pop(name).partition(", ")[0] for name in dataset_methods.REFUSED}
    assert set(refused.values()) == {"QueryError"}, refused
    of_cpp = {name: came.pop(name) for name in dataset_methods.OF_CPP}
    assert all("clients of Harvest, which Arrow cannot read" in text for text in of_cpp.values()), of_cpp
    assert {name: what for name, what in came.items() if what != "same"} == {}


def test_columns_and_a_filter_are_one_request(entries: HarvestDataset, sandbox: Sandbox) -> None:
    found = entries.to_table(columns=["spent_date", "hours"], filter=LATE)
    assert asked(sandbox) == ["/time_entries?from=2026-11-01"]
    assert found.schema.names == ["spent_date", "hours"]
    assert found.num_rows
    assert min(found.column("spent_date").to_pylist()) >= date(2026, 11, 1)


def test_nothing_is_sent_before_rows_are_read(entries: HarvestDataset, sandbox: Sandbox) -> None:
    entries.filter(LATE).scanner(columns=["id"]).to_reader()
    list(entries.get_fragments())
    repr(entries)
    assert asked(sandbox) == []


def test_the_filters_of_a_dataset_and_of_a_scan_both_narrow_the_requests(
    entries: HarvestDataset, sandbox: Sandbox
) -> None:
    (fragment,) = entries.filter(LATE).get_fragments()
    fragment.to_table(columns=["id"], filter=pc.field("is_billed") & (pc.field("hours") > 2))
    assert asked(sandbox) == ["/time_entries?is_billed=true&from=2026-11-01"]


def test_rows_are_counted_by_one_request(
    entries: HarvestDataset, sandbox: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    cases = {"true": None, "spent_date >= '2026-11-01'": LATE, "is_billed = true": pc.field("is_billed")}
    wanted = [
        con.execute(f"SELECT count(*) FROM harvest_scan('time_entries') WHERE {condition}").fetchall()
        for condition in cases
    ]
    sandbox.clear_log()
    assert [[(entries.count_rows(filter=expression),)] for expression in cases.values()] == wanted
    assert asked(sandbox, per_page=True) == [
        "/time_entries?per_page=1",
        "/time_entries?from=2026-11-01&per_page=1",
        "/time_entries?is_billed=true&per_page=1",
    ]


def test_the_first_rows_take_no_more_pages_than_they_need(entries: HarvestDataset, sandbox: Sandbox) -> None:
    assert entries.head(5, columns=["id"]).num_rows == 5
    assert entries.take([7, 7], columns=["id"]).num_rows == 2
    assert asked(sandbox) == ["/time_entries"] * 2


def test_the_rows_come_in_the_order_of_harvest(entries: HarvestDataset, con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("SELECT id FROM harvest_scan('time_entries')").fetchall()
    assert entries.to_table(columns=["id"])["id"].to_pylist() == [number for (number,) in rows]


@pytest.mark.parametrize("left_by", ["closing the batches", "freeing the reader"])
def test_what_is_not_read_on_sends_no_more_requests(left_by: str, connection: str, sandbox: Sandbox) -> None:
    rows = harvest_duck.dataset("time_entries", f"{connection};PageSize=100;MaxConnections=1")
    if left_by == "closing the batches":
        batches = rows.to_batches(columns=["id"])
        next(batches)
        batches.close()
    else:
        reader = rows.scanner(columns=["id"]).to_reader()
        reader.read_next_batch()
        reader.close()
        del reader
        gc.collect()
    sent = len(asked(sandbox))
    assert sent < 5
    rows.count_rows()
    assert len(asked(sandbox)) == sent + 1


def test_a_report_needs_its_days_in_the_filter(connection: str, sandbox: Sandbox) -> None:
    rows = harvest_duck.dataset("report_time_projects", connection)
    with pytest.raises(QueryError, match="the report needs from_date"):
        rows.to_table()
    assert asked(sandbox) == []
    days = (pc.field("from_date") == date(2026, 1, 1)) & (pc.field("to_date") == date(2026, 11, 20))
    assert rows.filter(days).to_table().num_rows
    assert asked(sandbox) == ["/reports/time/projects?from=20260101&to=20261120"]


def test_a_pickle_is_read_in_a_process_that_was_not_forked(entries: HarvestDataset) -> None:
    kept = entries.filter(LATE)
    code = "import os, pickle; print(pickle.loads(bytes.fromhex(os.environ['ROWS'])).count_rows())"
    os.environ["ROWS"] = pickle.dumps(kept).hex()
    try:
        ended = program.run(code)
    finally:
        del os.environ["ROWS"]
    assert ended.stdout == f"{kept.count_rows()}\n", ended.stderr
    fragment = pickle.loads(pickle.dumps(next(kept.get_fragments())))  # noqa: S301 - its own
    assert fragment.count_rows() == kept.count_rows()


def test_a_pickle_holds_the_connection_string_and_what_is_shown_does_not() -> None:
    assert b"DSN=acme" in pickle.dumps(HarvestDataset("clients", "DSN=acme"))
    secret = "APIKey=very-secret;AccountId=1"
    rows = harvest_duck.dataset("clients", secret).filter(pc.field("id") == 1)
    assert secret.encode() in pickle.dumps(rows)
    shown = [*map(repr, (rows, rows.scanner(), next(rows.get_fragments()))), *map(str, rows.children)]
    assert "very-secret" not in " ".join(shown)
    assert shown[0] == "<harvest_duck.dataset('clients'), filter=(id == 1)>"
    assert max(map(len, shown)) < 300


def test_a_list_that_leaves_out_rows_without_a_value_is_refused(entries: HarvestDataset) -> None:
    """Arrow's own is_in is false of NULL, and what Polars and DataFusion mean by the same expression is NULL."""
    notes = entries.to_table(columns=["notes"])["notes"]
    chosen, column = [text for text in notes.unique().to_pylist() if text][:2], pc.field("notes")
    without = notes.null_count
    assert without
    left_out = ~column.isin(chosen)
    for refused in (left_out, left_out | (pc.field("id") < 0), column.isin(chosen).is_null()):
        with pytest.raises(QueryError, match="say which"):
            entries.to_table(columns=["id"], filter=refused)
        with pytest.raises(QueryError, match="say which"):
            entries.count_rows(filter=refused)
    kept = len(notes) - sum(text in chosen for text in notes.to_pylist())
    assert entries.count_rows(filter=left_out | column.is_null()) == kept
    assert entries.count_rows(filter=left_out & column.is_valid()) == kept - without
    assert entries.count_rows(filter=~pc.field("user_id").isin([1, 2])) == len(notes)
    assert entries.count_rows(filter=~column.isin([*chosen, None])) == kept - without


def test_a_list_of_no_values_is_refused_where_it_decides_about_rows(entries: HarvestDataset) -> None:
    """Polars has the constant false for one, of which it says NULL for a row without a value (polars 2.1)."""
    empty, rows, late = pc.scalar(False), entries.count_rows(), pc.field("spent_date") >= date(2026, 11, 1)  # noqa: FBT003
    for refused in (~empty, empty.is_null(), ~(empty & late), ~(empty | late) & ~late):
        with pytest.raises(QueryError, match="leave a list of no values out"):
            entries.to_table(columns=["id"], filter=refused)
    assert entries.count_rows(filter=empty) == 0
    assert entries.count_rows(filter=empty | late) == entries.count_rows(filter=late)
    assert entries.count_rows(filter=~empty & (pc.field("id") < 0)) == 0
    billed = pc.field("is_billed")
    assert entries.count_rows(filter=~(billed == False)) + entries.count_rows(filter=~billed) == rows  # noqa: E712


def test_batches_of_no_column_are_refused(entries: HarvestDataset, sandbox: Sandbox) -> None:
    """Polars makes no row of them, for `scan.with_row_index().select("index")` and the like."""
    for none in ([], {}):
        with pytest.raises(QueryError, match="no column"):
            entries.to_batches(columns=none)
    assert asked(sandbox) == []


def test_duckdb_reads_it_as_it_stands(
    entries: HarvestDataset, sandbox: Sandbox, con: duckdb.DuckDBPyConnection
) -> None:
    condition = "spent_date >= DATE '2026-11-01' AND notes LIKE '%a%'"
    wanted = con.execute(f"SELECT count(*), sum(hours) FROM harvest_scan('time_entries') WHERE {condition}").fetchall()
    sandbox.clear_log()
    with duckdb.connect() as plain:
        assert plain.execute(f"SELECT count(*), sum(hours) FROM entries WHERE {condition}").fetchall() == wanted
        assert asked(sandbox) == ["/time_entries?from=2026-11-01"]
        assert plain.execute("SELECT count(*) FROM entries WHERE user_id IN (1, 2, 3, 4)").fetchall() == [(0,)]
        with pytest.raises(duckdb.Error, match="the report needs from_date"):
            plain.from_arrow(harvest_duck.dataset("report_time_projects", sandbox.connection_string())).fetchall()


def test_other_libraries_take_it_as_a_stream(entries: HarvestDataset, sandbox: Sandbox, tmp_path: Path) -> None:
    found = pa.table(entries.filter(LATE))
    assert found.num_rows == entries.count_rows(filter=LATE)
    ds.write_dataset(entries.scanner(columns=["id"], filter=LATE).to_reader(), tmp_path, format="parquet")
    assert ds.dataset(tmp_path).count_rows() == found.num_rows
    assert set(asked(sandbox)) == {"/time_entries?from=2026-11-01"}


def test_an_error_in_a_stream_is_one_line(sandbox: Sandbox) -> None:
    """What C++ reads can tell the text of an error alone."""
    sandbox.respond_next("/v2/clients", status=403)
    with pytest.raises(pa.ArrowException) as raised:
        pa.table(harvest_duck.dataset("clients", sandbox.connection_string()))
    assert "403" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_decimal_and_a_moment_are_compared_as_they_are_written(entries: HarvestDataset) -> None:
    hours = entries.to_table(columns=["hours"])["hours"].to_pylist()
    assert entries.count_rows(filter=pc.field("hours") >= 7) == sum(number >= 7 for number in hours)
    assert entries.count_rows(filter=pc.field("hours") >= 7.5) == sum(number >= 7.5 for number in hours)
    moments = entries.to_table(columns=["updated_at"])["updated_at"]
    later = pc.max(moments).as_py() - timedelta(days=3)
    counted = pc.sum(pc.greater_equal(moments, pa.scalar(later, moments.type))).as_py()
    assert entries.count_rows(filter=pc.field("updated_at") >= later) == counted


def test_an_unknown_table_connection_or_option_is_refused_at_once() -> None:
    with pytest.raises(UnknownTable):
        harvest_duck.dataset("nope")
    with pytest.raises(ConnectionStringError):
        harvest_duck.dataset("clients", "Nope=1")
    with pytest.raises(TypeError, match="unexpected keyword argument 'limit'"):
        HarvestDataset("clients").scanner(limit=1)
