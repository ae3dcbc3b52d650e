"""Exports: what lies at the target, what is in it, and what was asked of Harvest for it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from support.asked import asked
from support.clocks import PATIENCE_S
from support.command import run, start
from support.held import held

import harvest_duck
from harvest_duck import errors
from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import table
from harvest_duck.cli import failures
from harvest_duck.exports import export, source
from harvest_duck.exports.arguments import Arguments, order
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harvest_duck.exports.model import Exported
    from harvest_duck.sandbox import Sandbox

LATE = "spent_date >= '2026-11-01'"
MONTHS = "month(spent_date)"


@pytest.fixture(scope="module")
def source_con(agency: Sandbox) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of exports with the agency, which all tests share: making it takes most of a second."""
    with source.opened(agency.connection_string() + ";RateLimit=off;ReportsRateLimit=off") as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


@pytest.fixture
def write(source_con: duckdb.DuckDBPyConnection, sandbox: Sandbox) -> Callable[..., list[Exported]]:
    """Exports as `harvest_duck.export` does, without a connection of its own."""

    def written(target: Path | str, *tables: str, **options: Any) -> list[Exported]:
        return export.exported(source_con, order(Arguments(target=target, tables=tables or None, **options)))

    return written


def files(folder: Path) -> list[str]:
    """The files below a folder, hidden ones too."""
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def ids(folder: Path) -> list[int]:
    """The ids of the rows in a folder of Parquet files, as a reader of folders finds them."""
    return sorted(ds.dataset(folder, partitioning="hive").to_table(columns=["id"])["id"].to_pylist())


def test_parquet_has_exact_types_descriptions_and_the_moment(write: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "te.parquet"
    (done,) = write(target, "time_entries", where=LATE)
    assert set(asked(sandbox)) == {"/time_entries?from=2026-11-01"}
    schema, file = pq.read_schema(target), pq.ParquetFile(target)
    entries = table("time_entries")
    wanted = sorted(
        each["id"] for each in sandbox.records(MAIN_ID, "time_entries") if each["spent_date"] >= "2026-11-01"
    )
    assert schema.remove_metadata() == schema_of(entries).remove_metadata()
    assert sorted(pq.read_table(target)["id"].to_pylist()) == wanted
    assert (done.rows, done.bytes, done.files) == (len(wanted), target.stat().st_size, 1)
    assert {field.name: field.metadata[b"description"].decode() for field in schema} == {
        column.name: column.description for column in entries.columns
    }
    metadata = {key.decode(): value.decode() for key, value in file.metadata.metadata.items()}
    assert metadata["description"] == entries.description
    assert json.loads(metadata["harvest_duck.columns"])["hours"] == entries.column("hours").description
    assert metadata["harvest_duck.version"] == harvest_duck.__version__
    assert metadata["harvest_duck.read_at"].endswith("+00:00")
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_duckdb_reads_the_types_of_the_catalog(write: Any, tmp_path: Path) -> None:
    names = ["time_entries", "invoice_line_items", "estimates", "pto_requests"]
    write(tmp_path, *names)
    for name in names:
        described = duckdb.sql(f"DESCRIBE FROM '{tmp_path / name}.parquet'").fetchall()
        kinds = {column: kind for column, kind, *_ in described}
        if int(pa.__version__.partition(".")[0]) < 22:
            kinds = {column: kind.replace("TIME WITH TIME ZONE", "TIME") for column, kind in kinds.items()}
        # DuckDB quotes the field that is called as one of its functions.
        assert {column: kind.replace('"', "") for column, kind in kinds.items()} == {
            column.name: column.type.sql for column in table(name).columns
        }


def test_a_time_of_day_can_be_text(write: Any, tmp_path: Path) -> None:
    for name, as_text in (("times", False), ("texts", True)):
        write(tmp_path / f"{name}.parquet", "time_entries", where=LATE, time_as_text=as_text)
    times, texts = (pq.read_table(tmp_path / f"{name}.parquet")["started_time"] for name in ("times", "texts"))
    assert texts.to_pylist() == [time and time.isoformat() for time in times.to_pylist()]
    assert any(texts.to_pylist())


def test_a_folder_has_a_file_for_each_table(write: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    done = write(f"{folder}/", "clients", "tasks", "clients", format="csv")
    assert files(folder) == ["clients.csv", "tasks.csv"]
    assert [(each.table, each.rows) for each in done] == [
        (name, len(sandbox.records(MAIN_ID, name))) for name in ("clients", "tasks")
    ]
    write(folder, "roles")
    assert files(folder) == ["clients.csv", "roles.parquet", "tasks.csv"]


@pytest.mark.parametrize("mode", [{}, {"append": True}, {"replace_partitions": True}])
def test_partitions_hold_what_their_mode_says(
    mode: dict[str, bool], write: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    before = [each for each in sandbox.records(MAIN_ID, "time_entries") if each["spent_date"] >= "2026-08-01"]
    late = [each["id"] for each in before if each["spent_date"] >= "2026-11-01"]
    write(tmp_path, "time_entries", where="spent_date >= '2026-08-01'", partition_by=MONTHS)
    months = {f"time_entries/month={each['spent_date'][:7]}/time_entries.parquet" for each in before}
    assert set(files(tmp_path)) == months
    (done,) = write(tmp_path, "time_entries", where=LATE, partition_by=MONTHS, **mode)
    assert (done.rows, done.files) == (len(late), 1)
    added = set(files(tmp_path)) - months
    everything = [each["id"] for each in before]
    if mode == {"append": True}:
        assert len(added) == 1
        assert ids(tmp_path / "time_entries") == sorted([*everything, *late])
        # What was added goes with the partition that it is in.
        write(tmp_path, "time_entries", where=LATE, partition_by=MONTHS, replace_partitions=True)
        assert set(files(tmp_path)) == months
    else:
        assert added == set()
        assert ids(tmp_path / "time_entries") == sorted(everything if mode else late)


def test_partitions_read_back_as_the_rows_in_arrow_and_duckdb(write: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    write(tmp_path, "time_entries", where=LATE, partition_by=["year(spent_date), client_id"])
    sql = f"FROM read_parquet('{tmp_path}/time_entries/**/*.parquet', hive_partitioning = true)"
    records = [each for each in sandbox.records(MAIN_ID, "time_entries") if each["spent_date"] >= "2026-11-01"]
    wanted = sorted((each["id"], 2026, each["client"]["id"]) for each in records)
    assert duckdb.sql(f"SELECT id, year, client_id {sql} ORDER BY id").fetchall() == wanted
    found = ds.dataset(tmp_path / "time_entries", partitioning="hive").to_table()
    assert sorted(zip(*(found[name].to_pylist() for name in ("id", "year", "client_id")), strict=True)) == wanted


def test_files_of_others_stay_where_a_table_is_replaced(write: Any, tmp_path: Path) -> None:
    others = ["expenses/month=2026-11/mine.parquet", "expenses/notes/expenses.parquet", "expenses/expenses-old.parquet"]
    for name in others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    write(tmp_path, "expenses", partition_by="year(spent_date)")
    write(tmp_path, "expenses", partition_by="month(spent_date)", where="spent_date >= '2026-10-01'")
    months = {name for name in files(tmp_path) if name not in others}
    assert months
    assert all(name.startswith("expenses/month=2026-1") for name in months)
    assert {*others} <= {*files(tmp_path)}


def test_a_table_without_partitions_takes_added_files(write: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    for _ in range(2):
        write(tmp_path, "tasks", append=True)
    write(tmp_path, "tasks", append=True, where="id < 0")
    assert len(files(tmp_path)) == 2
    assert ids(tmp_path / "tasks") == sorted(2 * [each["id"] for each in sandbox.records(MAIN_ID, "tasks")])


def test_no_files_are_added_beside_those_of_other_partitions(write: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    write(tmp_path, "expenses", where=LATE, partition_by=MONTHS)
    before = files(tmp_path)
    sandbox.clear_log()
    for mode in ({"append": True}, {"append": True, "partition_by": "user_id"}):
        with pytest.raises(errors.QueryError, match=r"expenses has files by month, and not .*: choose the same"):
            write(tmp_path, "expenses", where=LATE, **mode)
    with pytest.raises(errors.QueryError, match="by month, and not by year:"):
        write(tmp_path, "expenses", where=LATE, partition_by="year(spent_date)", replace_partitions=True)
    assert files(tmp_path) == before
    assert not sandbox.requests


def test_a_database_has_tables_with_comments_for_duckdb_from_1_4_on(write: Any, tmp_path: Path) -> None:
    target = tmp_path / "acme.duckdb"
    tables = [table(name) for name in ("me", "time_entries", "invoices", "estimates")]
    done = write(target, *(each.name for each in tables))
    assert files(tmp_path) == ["acme.duckdb"]
    with duckdb.connect(str(target), read_only=True) as con:
        comments = dict(con.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall())
        rows = {name: con.table(name).count("*").fetchall()[0][0] for name in comments}
        columns = con.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        (version,) = con.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path IS NOT NULL"
        ).fetchone()
    assert comments == {each.name: each.description for each in tables}
    assert rows == {each.table: each.rows for each in done}
    wanted = [(each, column) for each in tables for column in each.columns]
    found = [(of, name, kind.replace('"', ""), comment) for of, name, kind, comment in columns]
    assert sorted(found) == sorted((of.name, each.name, each.type.sql, each.description) for of, each in wanted)
    assert version.startswith("v1.4")


def test_a_copy_is_not_replaced_by_an_export(write: Any, tmp_path: Path, sandbox: Sandbox) -> None:
    copy, log = tmp_path / "copy.duckdb", tmp_path / "other.duckdb"
    with duckdb.connect(str(copy)) as con:
        con.execute("CREATE SCHEMA mirror; CREATE TABLE mirror.source (a INTEGER)")
    with pytest.raises(errors.QueryError, match=r"copy.duckdb is a copy that harvest-duck sync keeps: name another"):
        write(copy, "tasks")
    log.with_name("other.duckdb.wal").write_text("")
    with pytest.raises(errors.QueryError, match=r"other.duckdb.wal belongs to the file before: open that in DuckDB"):
        write(log, "tasks")
    assert sandbox.requests == []


def test_texts_are_no_formulas_for_a_spreadsheet(agency: Sandbox, write: Any, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    openpyxl = pytest.importorskip("openpyxl")
    texts = ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1"]
    clients = [{"id": number, "name": text} for number, text in enumerate(texts)]
    page = json.dumps({"clients": clients, "total_entries": len(texts), "links": {"next": None}}).encode()
    agency.respond_next("/v2/clients", times=2, status=200, body=page)
    write(tmp_path / "c.xlsx", "clients")
    write(tmp_path / "c.csv", "clients", spreadsheet_safe=True)
    cells = [row[1] for row in openpyxl.load_workbook(tmp_path / "c.xlsx").active.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * len(texts)
    assert [cell.value for cell in cells] == [text.replace("\r", "_x000D_") for text in texts]
    found = duckdb.read_csv(str(tmp_path / "c.csv"), all_varchar=True).project("name").fetchall()
    assert found == [(f"'{text}",) for text in texts]


def test_all_tables_leave_out_what_the_user_may_not_read(sandbox: Sandbox, tmp_path: Path) -> None:
    member = sandbox.connection_string(role="member") + ";RateLimit=off"
    ended = run("export", "--all", "-o", str(tmp_path / "all.duckdb"), connection=member)
    assert ended.returncode == 0
    *_, total, left_out, first = ended.stderr.splitlines()
    assert total.startswith("547 rows of 12 tables written to ")
    assert left_out.startswith("25 tables left out: company, clients, ")
    assert first.startswith("the first of them: company page 1: Harvest answered 403: ")
    with duckdb.connect(str(tmp_path / "all.duckdb"), read_only=True) as con:
        assert len(con.execute("SHOW TABLES").fetchall()) == 12


def test_the_command_tells_tables_rows_files_and_sizes(connection: str, tmp_path: Path) -> None:
    lake = str(tmp_path / "lake")
    ended = run("export", "expenses", "tasks", "-o", lake, "--append", connection=connection)
    assert (ended.returncode, ended.stdout) == (0, "")
    head, rule, first, second, total = ended.stderr.splitlines()
    assert head.split() == ["table", "rows", "files", "size"]
    assert set(rule) == {"─"}
    assert [line.split()[:3] for line in (first, second)] == [["expenses", "126", "1"], ["tasks", "15", "1"]]
    assert total.startswith(f"141 rows of 2 tables written to {lake}, ")


def test_python_exports_and_says_what_it_wrote(connection: str, tmp_path: Path) -> None:
    target = tmp_path / "tasks.json"
    (done,) = harvest_duck.export(connection, target, tables="tasks", where="is_active")
    assert (done.table, done.path, done.bytes) == ("tasks", target, target.stat().st_size)
    assert len(json.loads(target.read_text())) == done.rows


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"append": True, "replace_partitions": True}, "choose one"),
        ({"replace_partitions": True}, "add partition-by, as in month"),
        ({"append": True, "format": "csv"}, "partitions and added files are of Parquet, and not of csv"),
        ({"target": "a.parquet.gz", "format": "parquet"}, "leave out .gz"),
        ({"target": "a.txt"}, "choose --format"),
        ({"spreadsheet_safe": True}, "spreadsheet-safe is for csv and tsv"),
        ({"time_as_text": True, "format": "csv"}, "time-as-text is for parquet"),
        ({"target": None, "tables": None}, "an export needs a place"),
        ({"tables": "tme_entries"}, 'did you mean "time_entries"'),
        ({"format": "table"}, "table is no format of files: choose csv, "),
        ({"target": "-", "tables": ["tasks", "roles"]}, "^- is no folder, as several tables, "),
        ({"target": "/dev/null", "append": True}, "^/dev/null is no folder, as "),
    ],
)
def test_arguments_that_do_not_go_together_are_told(options: dict[str, Any], says: str) -> None:
    with pytest.raises(errors.HarvestDuckError, match=says):
        order(Arguments(**{"target": "a.parquet", "tables": "tasks", **options}))


def test_a_condition_is_one_condition(write: Any, tmp_path: Path) -> None:
    with pytest.raises(errors.QueryError, match="one condition of SQL"):
        write(tmp_path / "a.parquet", "tasks", where="true; SELECT 1")
    assert [*tmp_path.iterdir()] == []


@contextlib.contextmanager
def no_room(size: int) -> Iterator[None]:
    """A context in which no file of this process grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.xlsx", "t.duckdb", "lake"])
def test_a_full_disk_leaves_what_was_there(name: str, write: Any, tmp_path: Path) -> None:
    if name == "t.xlsx":
        pytest.importorskip("xlsxwriter")
    options = {"partition_by": "year(spent_date)"} if name == "lake" else {}
    write(tmp_path / name, "time_entries", where=LATE, **options)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    with pytest.raises((OSError, duckdb.Error)) as raised, no_room(5_000):
        write(tmp_path / name, "time_entries", where="spent_date >= '2026-10-15'", **options)
    # What is written beside the target is of no interest to anybody.
    assert f"{tmp_path / name}" in failures.sentence(raised.value)
    assert ".staged" not in str(raised.value)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_ended_leaves_the_old_files(
    number: signal.Signals, sandbox: Sandbox, connection: str, tmp_path: Path, write: Any
) -> None:
    write(tmp_path, "time_entries", where=LATE, partition_by=MONTHS)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    command = ("export", "time_entries", "-o", str(tmp_path), "--partition-by", MONTHS)
    with held(sandbox, page=2) as hold, start(*command, connection=connection) as process:
        assert hold.arrived.wait(PATIENCE_S)
        process.send_signal(number)
        process.wait(PATIENCE_S)
        assert hold.all_gone()
    if number is signal.SIGTERM:
        assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before
        assert not [*tmp_path.glob(".*")]
    write(tmp_path, "tasks")
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path) if name != "tasks.parquet"} == before
    assert not [*tmp_path.glob(".*")]


def test_a_file_takes_the_mode_of_the_umask(write: Any, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "a.duckdb", "tasks")
        write(tmp_path, "tasks", "roles")
        write(tmp_path, "tasks", append=True)
    finally:
        os.umask(before)
    modes = {each.stat().st_mode & 0o777 for each in tmp_path.rglob("*") if each.is_file()}
    assert modes == {0o640}


def test_an_export_that_would_lack_rows_is_refused(connection: str, sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(errors.QueryError, match=r"^MaxRows is 5, and an export has all rows: add MaxRows=-1"):
        harvest_duck.export(f"{connection};MaxRows=5", tmp_path / "tasks.parquet", tables="tasks")
    assert (sandbox.requests, files(tmp_path)) == ([], [])
