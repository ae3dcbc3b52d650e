"""SQL in by argument, file and standard input; rows out in each format, in UTF-8 on every console."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING

from installed import run

if TYPE_CHECKING:
    from pathlib import Path

ROW = "SELECT 1 AS id, 'Łódź €' AS name, NULL AS nothing, '' AS empty"
FORMATS = ["csv", "tsv", "json", "ndjson", "md", "parquet"]


def test_text_is_utf_8_whatever_the_console_says(folder: Path, connection: str) -> None:
    windows = {"PYTHONIOENCODING": "cp1252"}
    for form, variables in (("csv", windows), ("table", windows), ("json", {"LC_ALL": "C"})):
        ended = run("query", ROW, "--format", form, "-c", connection, cwd=folder, **variables)
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert "Łódź €" in ended.stdout.decode("utf-8")


def test_sql_by_standard_input_and_by_file(folder: Path, connection: str) -> None:
    (folder / "count.sql").write_text("SELECT count(*) > 0 AS found FROM harvest.clients")
    wanted = (0, b"found\ntrue\n")
    for arguments, stdin in ((["-f", "count.sql"], None), (["-"], ...), ([], ...)):
        sql = (folder / "count.sql").read_text() if stdin is ... else None
        ended = run("query", *arguments, "--format", "csv", "-c", connection, cwd=folder, stdin=sql)
        assert (ended.returncode, ended.stdout.lower()) == wanted, ended.stderr


def test_every_statement_prints_its_result(folder: Path, connection: str) -> None:
    sql = "CREATE TABLE mine AS SELECT 1 AS a; FROM mine; SELECT 2 AS b"
    ended = run("query", sql, "--format", "csv", "-c", connection, cwd=folder)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert [line for line in ended.stdout.decode().splitlines() if line] == ["a", "1", "b", "2"]


def test_a_parameter_is_a_value(folder: Path, connection: str) -> None:
    sql = "SELECT count(*) AS n FROM harvest.time_entries WHERE spent_date >= $from"
    counts = [
        int(run("query", sql, "-p", f"from={day}", "--format", "csv", "-c", connection, cwd=folder).stdout.split()[1])
        for day in ("2026-01-01", "2026-11-01", "2027-01-01")
    ]
    assert counts[0] > counts[1] > counts[2] == 0


def test_a_file_of_each_format(folder: Path, connection: str) -> None:
    sql = "SELECT id, name, is_active FROM harvest.clients ORDER BY id"
    for form in FORMATS:
        ended = run("query", sql, "-o", f"out.{form}", "-c", connection, cwd=folder)
        assert ended.returncode == 0, ended.stderr
        assert b"rows written to" in ended.stderr
    assert {each.name for each in folder.glob("*out*")} == {f"out.{form}" for form in FORMATS}
    counts = {form: rows_in(folder / f"out.{form}", form) for form in FORMATS}
    assert counts == dict.fromkeys(FORMATS, counts["csv"])
    assert counts["csv"] > 1


def rows_in(file: Path, form: str) -> int:
    """The number of rows of a file, by a reader of its format; Parquet has its mark at both ends."""
    content = file.read_bytes()
    if form == "parquet":
        assert content[:4] == content[-4:] == b"PAR1"
        return parquet_rows(file)
    text = content.decode("utf-8")
    match form:
        case "json":
            return len(json.loads(text))
        case "ndjson":
            return len([json.loads(line) for line in text.splitlines()])
        case "md":
            return len(text.strip().splitlines()) - 2
        case _:
            return len(list(csv.reader(io.StringIO(text), delimiter="\t" if form == "tsv" else ","))) - 1


def parquet_rows(file: Path) -> int:
    """The number of rows of a file of Parquet, as the command itself counts them."""
    ended = run("query", f"SELECT count(*) AS n FROM '{file}'", "--format", "csv", "-c", "DSN=sandbox", cwd=file.parent)
    return int(ended.stdout.split()[1])


def test_a_file_is_compressed_by_its_name(folder: Path, connection: str) -> None:
    ended = run("export", "clients", "-o", "clients.csv.gz", "-c", connection, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    with gzip.open(folder / "clients.csv.gz", "rt", encoding="utf-8") as file:
        assert next(file).startswith("id,name,")


def test_a_folder_that_does_not_exist_is_named(folder: Path, connection: str) -> None:
    ended = run("query", ROW, "-o", "nodir/x.parquet", "-c", connection, cwd=folder)
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"nodir" in ended.stderr
    assert b".partial" not in ended.stderr
    assert ended.stderr.count(b"\n") == 1
