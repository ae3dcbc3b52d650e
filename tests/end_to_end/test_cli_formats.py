"""The forms of rows: the same on standard output and in a file, and read back as they were.

What holds of any rows is tried over a DuckDB without Harvest, and once with the whole command.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sys
from decimal import Decimal
from importlib.util import find_spec
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.command import run, write, write_from
from support.run_size import usually

from harvest_duck.errors import HarvestDuckError, QueryError
from harvest_duck.formats import BINARY, Format, targets

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox

#: A row of what is hard to write: each type, and texts that look like more than text.
HARD = """
SELECT 9007199254740993 AS id, 2 AS id, 3 AS "ID", '' AS empty, NULL AS nothing, '#x' AS hash, 'x#' AS "x#",
    'a,b' AS "a,b", 'say "ä€😀"' AS quoted, 'two' || chr(10) || 'lines' AS lines, chr(9) || 'tab' AS tab,
    'a|b<c>*`[\\' AS marked,
    1.50::DECIMAL(18,4) AS price, 12345678901234567890123456789012.123456::DECIMAL(38,6) AS long,
    170141183460469231731687303715884105727::HUGEINT AS huge, 0.1::FLOAT AS tenth, 1e300::DOUBLE AS big,
    'nan'::DOUBLE AS nan, '-inf'::FLOAT AS low, true AS yes, DATE '2026-02-28' AS day, TIME '12:34:56' AS clock,
    TIMESTAMP '2026-01-01 12:00:00.123456' AS moment, TIMESTAMPTZ '2026-01-01 12:00:00+00' AS instant,
    INTERVAL 90 MINUTE AS span, uuid '12345678-1234-1234-1234-123456789012' AS uuid, '\\xAA'::BLOB AS blob,
    [1, NULL] AS list, [[0.5::DOUBLE, 'nan'], []] AS lists, {'a': 1.25, 'b': 'x "y"'} AS record,
    MAP {'k': 1.5::DOUBLE} AS pairs, 'x,y'::ENUM('x,y') AS kind, NULL::INT[] AS none, [1, 2]::INT[2] AS fixed
"""


def lines_of(sql: str, form: str) -> str:
    """What `query` prints in a format, which is what it writes into a file."""
    return write(f"SET TimeZone = 'Europe/Berlin'; {sql}", form=form).stdout


def test_csv_is_what_duckdb_writes_and_reads_back(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        target = tmp_path / "oracle.csv"
        con.execute(f"SET TimeZone = 'Europe/Berlin'; COPY ({HARD}) TO '{target}' (FORMAT csv, HEADER)")
        assert lines_of(HARD, "csv") == target.read_bytes().decode()
        con.execute(f"COPY ({HARD}) TO '{target}' (FORMAT csv, HEADER, DELIMITER '\t')")
        assert lines_of(HARD, "tsv") == target.read_bytes().decode()
        texts = "SELECT * FROM (VALUES (1, NULL, ''), (2, 'NULL', ' '), (3, 'a', 'b')) AS t(id, a, b) ORDER BY id"
        target.write_text(lines_of(texts, "csv"))
        assert con.sql(f"FROM read_csv('{target}', allow_quoted_nulls = false)").fetchall() == con.sql(texts).fetchall()
        assert target.read_text() == 'id,a,b\n1,,""\n2,NULL, \n3,a,b\n'
    names, row = csv.reader(io.StringIO(lines_of(HARD, "csv"), newline=""))
    assert names[:3] == ["id", "id_1", "ID_2"]
    assert (row[names.index("lines")], row[names.index("quoted")]) == ("two\nlines", 'say "ä€😀"')


@pytest.mark.parametrize("ending", usually(["csv", "tsv", "json", "ndjson", "md"], every=3))
def test_a_file_has_the_bytes_of_standard_output(ending: str, connection: str, tmp_path: Path) -> None:
    form = {"md": "markdown"}.get(ending, ending)
    sql = f"{HARD} UNION ALL {HARD}"
    packed = [f"out.{ending.upper()}.gz", f"out.{ending}.zst"] if ending == "csv" else []
    for name in (f"out.{ending}", *packed):
        target = tmp_path / name
        # Once with the whole command.
        whole = name.endswith(".gz")
        ended = run("query", sql, "-o", str(target), connection=connection) if whole else write(sql, target)
        assert (ended.returncode, ended.stderr) == (0, f"2 rows written to {target}\n")
    shown = write(sql, form=form)
    assert (tmp_path / f"out.{ending}").read_bytes().decode() == shown.stdout
    for name in packed:
        with pa.input_stream(tmp_path / name, compression=pa.Codec.detect(name).name) as stream:
            assert stream.read().decode() == shown.stdout


def test_json_has_every_digit_and_every_column() -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    text = lines_of(HARD, "json")
    (record,) = json.loads(text, parse_float=Decimal, parse_constant=refuse)
    assert record == json.loads(lines_of(HARD, "ndjson"), parse_float=Decimal)
    assert list(record)[:3] == ["id", "id_1", "ID_2"]
    wanted = {
        "id": 9007199254740993,
        "empty": "",
        "nothing": None,
        "quoted": 'say "ä€😀"',
        "lines": "two\nlines",
        "price": Decimal("1.5"),
        "long": Decimal("12345678901234567890123456789012.123456"),
        "huge": 170141183460469231731687303715884105727,
        "tenth": Decimal("0.1"),
        "nan": "NaN",
        "low": "-Infinity",
        "yes": True,
        "day": "2026-02-28",
        "instant": "2026-01-01 13:00:00+01",
        "list": [1, None],
        "lists": [[Decimal("0.5"), "NaN"], []],
        "record": {"a": Decimal("1.25"), "b": 'x "y"'},
        "pairs": {"k": Decimal("1.5")},
        "none": None,
        "fixed": [1, 2],
    }
    assert {name: record[name] for name in wanted} == wanted
    assert lines_of("SELECT 1 WHERE false", "json") == "[]\n"
    assert lines_of("SELECT 1 WHERE false", "ndjson") == ""


def test_a_decimal_of_fractions_alone_is_a_number_of_json() -> None:
    sql = "SELECT .5::DECIMAL(4, 4) AS a, -.25::DECIMAL(2, 2) AS b, [.5::DECIMAL(2, 2), NULL] AS c"
    (record,) = json.loads(lines_of(sql, "json"), parse_float=Decimal)
    assert record == {"a": Decimal("0.5"), "b": Decimal("-0.25"), "c": [Decimal("0.5"), None]}


def test_parquet_keeps_the_digits_of_a_sum_of_integers(lasting: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    sql = 'SELECT sum(9007199254740993) AS s, sum(1) AS "s", \'x\' AS "a ""b" FROM harvest.roles LIMIT 1'
    write_from(lasting, sql, target)
    (row,) = pq.read_table(target).to_pylist()
    assert row["s"] == Decimal(9007199254740993) * row["s_1"]
    assert list(row) == ["s", "s_1", 'a "b']
    for value, says in (
        ("170141183460469231731687303715884105727", "v: a Parquet file has room for 38 digits"),
        ("(name || 'x')::INT", "Could not convert string"),
    ):
        with pytest.raises((duckdb.Error, HarvestDuckError), match=says):
            write_from(lasting, f"SELECT {value} AS v FROM harvest.roles", target)
    assert pq.read_table(target).num_rows == 1


def test_markdown_shows_each_text_as_it_is() -> None:
    sql = "SELECT 1 AS a_b, 'a|b<c>*`[]\\~_&amp; & co' AS \"_x|y\", 'two' || chr(10) || 'lines' AS t, NULL AS nothing"
    assert lines_of(sql, "markdown").splitlines()[::2] == [
        "| a_b | \\_x\\|y | t | nothing |",
        "| 1 | a\\|b\\<c>\\*\\`\\[\\]\\\\\\~\\_\\&amp; & co | two<br>lines |  |",
    ]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("PIVOT (SELECT 'x' AS k, 1 AS v) ON k USING sum(v)", [(1,)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ("FROM range(2)", [(0,), (1,)]),
        ("SELECT 1 AS id, 2 AS id", [(1, 2)]),
        ("DESCRIBE SELECT 1 AS a", [("a", "INTEGER", "YES", None, None, None)]),
        ("SELECT column_name FROM (SUMMARIZE SELECT 1 AS a)", [("a",)]),
        ("SELECT 1 -- with a comment", [(1,)]),
        ("SET VARIABLE a = 1; SELECT getvariable('a')::INT", [(1,)]),
        ("CREATE TEMP TABLE t(a INT); INSERT INTO t VALUES (7) RETURNING a", [(7,)]),
        ("SET threads = 1; SELECT $a::INT", [(5,)]),
        ('PREPARE p AS SELECT 5::BIGINT AS "Count"; EXECUTE p', [(5,)]),
    ],
)
def test_whatever_has_rows_is_written_to_a_file(sql: str, rows: list[tuple[object, ...]], tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    ended = write(sql, target, **({"a": "5"} if "$a" in sql else {}))
    assert ended.stderr.startswith(f"{len(rows)} row")
    assert [*tmp_path.iterdir()] == [target]
    assert duckdb.sql(f"FROM '{target}'").fetchall() == rows


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.xlsx"])
def test_an_error_after_the_rows_leaves_the_old_file(name: str, tmp_path: Path) -> None:
    if name.endswith("xlsx"):
        pytest.importorskip("xlsxwriter")
    target = tmp_path / name
    target.write_text("precious")
    kept = "CREATE TEMP TABLE t(a INT); INSERT INTO t VALUES (7) RETURNING a;"
    for sql, says in {
        f"{kept} CREATE TABLE u AS SELECT error('a fault')": "statement 3, line 1: a fault",
        f"{kept} INSERT INTO t VALUES (8) RETURNING a": "in a file is for one result",
    }.items():
        with pytest.raises(QueryError, match=says):
            write(sql, target)
        assert target.read_text() == "precious"
        assert [*tmp_path.iterdir()] == [target]


def test_statements_that_no_copy_takes_are_written_too(tmp_path: Path) -> None:
    for sql in (
        "EXPLAIN SELECT 1",
        "CALL pragma_version()",
        "PRAGMA version",
        "SHOW DATABASES",
        "SUMMARIZE SELECT 1 AS a",
    ):
        target = tmp_path / "out.ndjson"
        ended = write(sql, target)
        assert len(target.read_text().splitlines()) == int(ended.stderr.split()[0]), sql


def test_every_form_reads_harvest_once(lasting: duckdb.DuckDBPyConnection, sandbox: Sandbox, tmp_path: Path) -> None:
    for form in Format:
        if form is Format.XLSX and find_spec("xlsxwriter") is None:
            continue
        target = tmp_path / "out" if form in BINARY else targets.STANDARD_OUTPUT
        sandbox.clear_log()
        write_from(lasting, "SELECT id, name FROM harvest.clients", target, str(form))
        assert [request.path for request in sandbox.requests] == ["/v2/clients"], form


def test_a_file_is_written_whatever_the_sql_locks(tmp_path: Path) -> None:
    lock = "SET enable_external_access = false; SET lock_configuration = true; SELECT 1 AS a"
    for name in ("out.csv", "out.parquet"):
        assert write(lock, tmp_path / name).stderr.startswith("1 row written to")


def test_parquet_goes_through_a_pipe_as_a_whole(connection: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    ended = run("query", "SELECT 1 AS a", "-o", "/dev/fd/1", "--format", "parquet", connection=connection)
    assert ended.returncode == 0, ended.stderr
    assert pq.read_table(io.BytesIO(capfdbinary.readouterr().out)).to_pylist() == [{"a": 1}]


def test_whole_numbers_of_128_bits_keep_their_digits_in_parquet(tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    sql = "SELECT sum(id) AS s, 1 AS s, 9007199254740993::UHUGEINT AS u FROM (VALUES (9007199254740992), (1)) AS t(id)"
    write(sql, target)
    assert duckdb.sql(f"FROM '{target}'").fetchall() == [(9007199254740993, 1, 9007199254740993)]
    with pytest.raises(duckdb.Error) as too_long:
        write("SELECT 170141183460469231731687303715884105727 AS s", target)
    assert str(too_long.value).endswith(
        "s: a Parquet file has room for 38 digits, and a value has 39: choose csv, or cast it to VARCHAR"
    )
    assert duckdb.sql(f"SELECT count(*) FROM '{target}'").fetchall() == [(1,)]


def test_intervals_and_floats_are_exact_for_people_and_in_workbooks(tmp_path: Path) -> None:
    values = ["1 month 3 days", "0.1", "100000000000000000000000000000000000001"]
    sql = f"SELECT INTERVAL '{values[0]}' AS i, {values[1]}::FLOAT AS f, {values[2]} AS huge, 1e308 AS most"
    shown = write(sql, form="line").stdout.splitlines()
    assert [line.split("   ")[-1].strip() for line in shown[1:4]] == values
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("xlsxwriter")
    write(sql, tmp_path / "out.xlsx")
    _, row = openpyxl.load_workbook(tmp_path / "out.xlsx").active.values
    assert row == (values[0], 0.1, values[2], "1e+308")


def test_a_workbook_has_dates_numbers_and_texts(tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    openpyxl = pytest.importorskip("openpyxl")
    target = tmp_path / "out.xlsx"
    sql = f"""{HARD.rstrip()}, '=1+1' AS formula, DATE '1066-10-14' AS early,
        TIMESTAMP '9999-12-31 23:59:59.9996' AS late, [1.50::DECIMAL(18,4)] AS prices"""
    assert write(f"SET TimeZone = 'UTC'; {sql}", target).stderr == f"1 row written to {target}\n"
    names, row = openpyxl.load_workbook(target).active.iter_rows()
    found = {name.value: cell for name, cell in zip(names, row, strict=True)}
    wanted = {
        "id": "9007199254740993",
        "empty": "",
        "nothing": None,
        "lines": "two\nlines",
        "price": 1.5,
        "long": "12345678901234567890123456789012.123456",
        "nan": "nan",
        "yes": True,
        "day": dt.datetime(2026, 2, 28),  # noqa: DTZ001 - a day has no zone
        "clock": dt.time(12, 34, 56),
        "instant": dt.datetime(2026, 1, 1, 12),  # noqa: DTZ001 - Excel knows none
        "list": "[1, null]",
        "formula": "=1+1",
        "early": "1066-10-14",
        "late": "9999-12-31 23:59:59.999600",
        "blob": "aa",
        "fixed": "[1, 2]",
        "prices": "[1.5]",
    }
    assert {name: found[name].value for name in wanted} == wanted
    assert found["formula"].data_type == "s"
    assert found["instant"].number_format.endswith('"UTC"')
    assert found["day"].number_format == "yyyy-mm-dd"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        pytest.param(
            "SELECT NULL FROM range(1048576)",
            "a sheet of Excel has room for 1,048,575 rows below the names: choose csv or parquet",
            marks=pytest.mark.thorough,
        ),
        ("SELECT repeat('😀', 20000) AS t", "row 1: t has 40,000 characters, and a cell of Excel 32,767: shorten it"),
        ("SELECT repeat('x', 40000) AS t", "row 1: t has 40,000 characters, and a cell of Excel 32,767: shorten it"),
    ],
)
def test_what_excel_has_no_room_for_is_an_error(sql: str, says: str, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    with pytest.raises(QueryError, match=says):
        write(sql, tmp_path / "out.xlsx")
    assert not [*tmp_path.iterdir()]


def test_a_workbook_without_its_extra_is_one_line(
    connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    ended = run("export", "tasks", "-o", str(tmp_path / "out.xlsx"), connection=connection)
    assert ended.stderr == (
        "harvest-duck: xlsx needs the extra 'excel': pip install 'harvest-duck[excel]', or choose csv\n"
    )
