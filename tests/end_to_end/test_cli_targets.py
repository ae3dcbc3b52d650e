"""Where rows go: pipes as rows come, files as a whole, terminals without harm."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import pseudo_terminal
from support.clocks import PATIENCE_S
from support.command import COMMAND, environment, run, start, write
from support.held import held

from harvest_duck.cli import failures
from harvest_duck.errors import HarvestDuckError
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harvest_duck.sandbox import Sandbox

#: What a terminal obeys, or what turns a text around: ESC, BEL, DEL, CSI, OSC, and the marks of direction.
OBEYED = "\x1b\x07\x08\x7f\x9b\x9d\u202e\u2066\u200f\u061c\u2028"


@contextlib.contextmanager
def reading(pipe: Path) -> Iterator[list[bytes]]:
    """A context in which a thread reads a FIFO to its end; the list has the content after the context."""
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    yield found
    reader.join(PATIENCE_S)


def test_a_fifo_is_written_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    with reading(pipe) as found:
        ended = write("SELECT 1 AS a; SELECT 2 AS b", pipe)
    assert ended.stderr == f"2 rows written to {pipe}\n"
    assert found == [b"a\n1\n\nb\n2\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.thorough
def test_standard_output_has_three_names(connection: str, tmp_path: Path) -> None:
    for name in ("-", "/dev/stdout"):
        ended = write("SELECT 1 AS a", Path(name), "csv")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "a\n1\n", "")
    target = tmp_path / "appended.csv"
    target.write_text("before\n")
    with target.open("ab") as appending:
        command = [*COMMAND, "query", "SELECT 1 AS a", "--format", "csv", "-o", "/dev/stdout"]
        subprocess.run(command, stdout=appending, env=environment(connection), timeout=PATIENCE_S, check=True)
    assert target.read_text() == "before\na\n1\n"


@pytest.mark.thorough
def test_rows_go_through_a_pipe_before_the_last_answer_has_come(sandbox: Sandbox, connection: str) -> None:
    with held(sandbox, page=20) as late:
        con = f"{connection};Pagesize=100;MaxConnections=1"
        process = start("query", "FROM harvest.time_entries", "--format", "ndjson", "-c", con)
        assert process.stdout is not None
        with process:
            line = process.stdout.readline()
            assert late.under_way or not late.arrived.is_set()
            assert line.startswith('{"id":')
            late.let_go()
            rest = process.stdout.read()
        assert process.returncode == 0
    assert rest.count("\n") + 1 == len(sandbox.records(MAIN_ID, "time_entries"))


def test_a_file_name_may_be_as_long_as_the_system_lets_it(connection: str, tmp_path: Path) -> None:
    target = tmp_path / ("ä" * 123 + ".csv")
    write("SELECT 1 AS a", target)
    assert target.read_text() == "a\n1\n"
    longer = tmp_path / ("x" * 300 + ".csv")
    ended = run("query", "SELECT 1 AS a", "-o", str(longer), connection=connection)
    assert (ended.returncode, ended.stderr) == (1, f"harvest-duck: {longer}: File name too long\n")


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "folder" / "real.csv", tmp_path / "link.csv"
    target.parent.mkdir()
    link.symlink_to(target)
    for value in ("1", "2"):
        write(f"SELECT {value} AS a", link)
        assert link.is_symlink()
        assert target.read_text() == f"a\n{value}\n"
    assert [*target.parent.iterdir()] == [target]


def test_a_link_to_itself_is_no_place(tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(link.name)
    with pytest.raises(HarvestDuckError, match=f"^{link} is a link that leads to itself: name another file$"):
        write("SELECT 1 AS a", link)
    assert [*tmp_path.iterdir()] == [link]


def test_an_odd_name_is_told_in_quotes(tmp_path: Path) -> None:
    target = tmp_path / "odd\n.csv"
    assert write("SELECT 1 AS a", target).stderr == f"1 row written to {str(target)!r}\n"
    assert target.read_text() == "a\n1\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")  # noqa: PTH110 - as short as it gets
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_full_disk_names_the_place(form: str) -> None:
    with pytest.raises(OSError, match="No space left on device") as raised:
        write("SELECT 1", Path("/dev/full"), form)
    assert failures.sentence(raised.value) == "/dev/full: No space left on device"


def test_what_a_terminal_obeys_does_not_reach_it(connection: str) -> None:
    sql = f"SELECT '{OBEYED}' AS \"n{OBEYED}\""
    # The others are written by the same code: table and line, csv and tsv, json and ndjson.
    forms = ("table", "csv", "json", "markdown")
    program = (
        "import sys, duckdb\n"
        "from harvest_duck.cli import output, query, statements\n"
        "from harvest_duck.formats import results, targets\n"
        "con, place = duckdb.connect(), targets.STANDARD_OUTPUT\n"
        "results.prepare(con)\n"
        f"for form in {forms}:\n"
        "    query._write(con, statements.script(con, sys.argv[1], {}), place, output.chosen(form, place))\n"
    )
    shown = pseudo_terminal.run(
        sql, columns=80, connection=connection, command=[sys.executable, "-c", program], TERM="dumb"
    )
    assert shown.returncode == 0, shown.stdout
    assert all(sign in shown.stdout for sign in ("(1 row)", "[\n{", "|---|"))
    assert not set(OBEYED) & set(shown.stdout)
    assert write(f"SELECT '{OBEYED}' AS a", form="csv").stdout == f"a\n{OBEYED}\n"


def test_parquet_is_not_for_a_terminal(connection: str) -> None:
    program = (
        "import sys\n"
        "from harvest_duck.cli import main\n"
        "for words in (['query', 'SELECT 1', '--format', 'parquet'], ['query']):\n"
        "    sys.argv = ['harvest-duck', *words]\n"
        "    try: main()\n"
        "    except SystemExit as ended: print('status', ended.code)\n"
    )
    shown = pseudo_terminal.run(columns=80, connection=connection, command=[sys.executable, "-c", program])
    told = shown.stdout.splitlines()
    assert told[:2] == [
        "harvest-duck: parquet is not for the terminal: name a file with -o FILE, or pipe it",
        "status 1",
    ]
    assert told[-2:] == ["Error: Give the SQL, or -f FILE, or pipe it in.", "status 2"]


@pytest.mark.thorough
@pytest.mark.parametrize("variables", [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_output_is_utf8_whatever_the_code_page(variables: dict[str, str], connection: str) -> None:
    script = 'SELECT \'İ€😀\' AS "名"; SELECT 1 AS t; FROM "naïve→table"'
    ended = subprocess.run(
        [*COMMAND, "query", "-", "-c", connection],
        input=script.encode(),
        capture_output=True,
        env=environment(connection, **variables),
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 1
    assert "İ€😀" in ended.stdout.decode()
    assert "naïve→table" in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()


@pytest.mark.thorough
def test_a_closed_standard_output_is_one_line(connection: str) -> None:
    command = 'exec "$@" >&-'
    ended = subprocess.run(
        ["/bin/sh", "-c", command, "sh", *COMMAND, "query", "SELECT 1", "-c", connection],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "harvest-duck: standard output is closed: name a file with -o FILE\n"
