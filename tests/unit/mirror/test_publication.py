"""A copy is published whole or not at all, whatever happens to the run or lies beside the file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from harvest_duck.catalog.arrow_types import schema_of
from harvest_duck.catalog.tables import TABLES
from harvest_duck.errors import MirrorBusy, MirrorError
from harvest_duck.mirror.publication import working_copy
from harvest_duck.mirror.status import mirror_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harvest_duck.mirror.publication import OpenCopy

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")

CLIENTS = TABLES["clients"]
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def clients(*names: str) -> pa.Table:
    """Clients with these names, and ids from 1."""
    schema = schema_of(CLIENTS)
    rows = [dict.fromkeys(schema.names) | {"id": number, "name": name} for number, name in enumerate(names, 1)]
    return pa.Table.from_pylist(rows, schema=schema)


def put(copy: OpenCopy, *names: str, run: bool = True) -> None:
    """A run that finds these clients."""
    with copy.transaction():
        number = copy.begin_run("usual", NOON) if run else 0
        copy.create(CLIENTS)
        copy.replace_within(CLIENTS, clients(*names), seen_at=NOON)
        copy.set_proof("clients", proven_at=NOON)
        if run:
            copy.end_run(number, ended_at=NOON + timedelta(seconds=2), outcome="done", requests=3)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published copy of two clients."""
    path = tmp_path_factory.mktemp("template") / "acme.duckdb"
    with working_copy(path) as copy:
        put(copy, "Ada", "Bob")
        copy.publish()
    return path


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    """One of the test's own, the only file in its folder."""
    folder = tmp_path / "copies"
    folder.mkdir()
    copied = folder / template.name
    shutil.copy(template, copied)
    copied.chmod(0o600)
    return copied


def names(path: Path) -> list[str]:
    """The clients that a reader sees."""
    with duckdb.connect(path, read_only=True) as reader:
        return [name for (name,) in reader.execute("SELECT name FROM clients ORDER BY id").fetchall()]


def files(path: Path) -> set[str]:
    """What lies beside a copy, without its name."""
    return {each.name.removeprefix(path.name) for each in path.parent.iterdir()}


def written(path: Path) -> tuple[int, int, int]:
    """What differs once a file was replaced or written to."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def process(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that has come to its first line."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        yield other
        other.kill()


# What readers see


def test_a_first_copy_goes_on_where_it_was_left_until_it_is_published(tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    with working_copy(path) as copy:
        assert copy.first
        put(copy, "Ada", run=False)
    assert files(path) == {".part"}
    with pytest.raises(MirrorError, match="its first copy is not whole, sync again"):
        mirror_status(path)
    with working_copy(path) as copy:
        assert copy.first
        assert copy.count(CLIENTS) == 1
        put(copy, "Ada", "Bob", run=False)
        with pytest.raises(MirrorError, match=f"is not there: process {os.getpid()} makes the first copy"):
            mirror_status(path)
        copy.publish()
    assert (names(path), files(path)) == (["Ada", "Bob"], {""})
    with working_copy(path) as copy:
        assert not copy.first
        assert copy.source().first_copied_at is not None


@pytest.mark.skipif(duckdb.__version__ == "1.4.1", reason="DuckDB 1.4.1 opens a file only once in a process")
def test_a_reader_sees_the_old_file_until_it_opens_the_new_one(path: Path) -> None:
    with duckdb.connect() as reader, working_copy(path) as copy:
        reader.execute(f"ATTACH '{path}' AS old (READ_ONLY)")
        put(copy, "Ada", "Bert", "Cleo")
        assert (copy.changed_rows, names(path)) == (True, ["Ada", "Bob"])
        copy.publish()
        assert reader.execute("SELECT name FROM old.clients ORDER BY id").fetchall() == [("Ada",), ("Bob",)]
    assert (names(path), files(path)) == (["Ada", "Bert", "Cleo"], {""})


def test_any_duckdb_from_1_4_on_can_read_the_file(path: Path) -> None:
    with path.open("rb") as file:
        # The version of the storage, which is 67 for 1.4: https://duckdb.org/docs/stable/internals/storage
        header = file.read(20)
    assert (header[8:12], int.from_bytes(header[12:20], "little")) == (b"DUCK", 67)


def test_a_run_that_changed_no_row_leaves_the_file_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    for runs in (2, 3):
        with working_copy(path) as copy:
            put(copy, "Ada", "Bob")
            assert not copy.changed_rows
            with copy.transaction():
                copy.set_proof("clients", watermark=NOON + timedelta(days=runs))
            copy.keep_checks()
        assert (path.read_bytes() == before, files(path)) == (True, {"", ".checks"})
        status = mirror_status(path)
        assert (status.last_run is not None and status.last_run.run, status.tables[0].watermark) == (
            runs,
            NOON + timedelta(days=runs),
        )
    with working_copy(path) as copy:
        put(copy, "Ada")
        copy.publish()
    assert files(path) == {""}
    with working_copy(path) as copy:
        assert [each.run for each in copy.runs()] == [1, 2, 3, 4]
        assert copy.proofs()["clients"].watermark == NOON + timedelta(days=3)


@pytest.mark.parametrize("spoilt", ["other generation", "garbage", "log"])
def test_checks_that_do_not_belong_to_the_file_are_ignored(path: Path, spoilt: str) -> None:
    with working_copy(path) as copy:
        put(copy, "Ada", "Bob")
        copy.keep_checks()
    checks = path.with_name(f"{path.name}.checks")
    if spoilt == "other generation":
        kept = checks.read_bytes()
        with working_copy(path) as copy:
            put(copy, "Bob")
            copy.publish()
        checks.write_bytes(kept)
    elif spoilt == "garbage":
        checks.write_bytes(checks.read_bytes()[:10_000])
    else:
        checks.with_name(f"{checks.name}.wal").write_bytes(b"changes")
    with working_copy(path) as copy:
        assert len(copy.runs()) == (3 if spoilt == "other generation" else 1)


def test_a_failed_run_leaves_its_record_alone(path: Path) -> None:
    before = path.read_bytes()
    for reason, outcome in ((ValueError("no\nway"), "failed: no way"), (KeyboardInterrupt(), "failed: interrupted")):
        with pytest.raises(type(reason)), working_copy(path) as copy:  # noqa: PT012 - it raises inside
            with copy.transaction():
                copy.begin_run("usual", NOON)
                copy.replace_within(CLIENTS, clients("Eve"), seen_at=NOON)
                copy.set_proof("clients", watermark=NOON)
            raise reason
        assert (path.read_bytes() == before, files(path)) == (True, {"", ".checks"})
        status = mirror_status(path)
        assert status.last_run is not None
        assert (status.last_run.outcome, status.tables[0].watermark) == (outcome, None)
    with working_copy(path) as copy:
        assert [each.run for each in copy.runs()] == [1, 2, 3]
        assert copy.count(CLIENTS) == 2


def test_a_transaction_is_kept_or_undone_as_a_whole(path: Path) -> None:
    with working_copy(path) as copy:
        with pytest.raises(ValueError, match="halfway"), copy.transaction():  # noqa: PT012 - it raises inside
            copy.create(TABLES["tasks"])
            copy.apply(CLIENTS, clients("Eve"))
            raise ValueError("halfway")
        assert (copy.changes, copy.changed_rows, copy.has_table("tasks"), copy.count(CLIENTS)) == ({}, False, False, 2)
        put(copy, "Eve")
        assert copy.changes["clients"].changed == 1


# Who may work on it


LOCKING = """
import sys
from datetime import UTC, datetime
from harvest_duck.mirror.publication import working_copy
with working_copy(sys.argv[1]) as copy:
    with copy.transaction():
        copy.begin_run("usual", datetime(2026, 11, 29, 12, tzinfo=UTC))
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_one_run_at_a_time_and_one_that_is_killed_leaves_a_trace(path: Path) -> None:
    with process(LOCKING, path) as other:
        with pytest.raises(MirrorBusy, match=rf"process {other.pid} on \S+ has synced it since .* UTC: wait") as busy:
            working_copy(path).__enter__()
        assert busy.value.retriable
        running = mirror_status(path).running
        assert running is not None
        assert (running.pid, running.run) == (other.pid, 2)
        other.kill()
        other.wait()
    assert files(path) - {".next.wal"} == {"", ".next", ".work", ".lock"}
    assert mirror_status(path).running is None
    with working_copy(path) as copy:
        put(copy, "Ada", "Bob")
        assert [(each.run, each.ended_at is None) for each in copy.runs()] == [(1, False), (2, True), (3, False)]
    assert files(path) == {""}


def test_a_first_copy_that_is_killed_goes_on_with_what_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    with process(LOCKING, path) as other:
        other.kill()
        other.wait()
    assert files(path) - {".part.wal"} == {".part", ".work", ".lock"}
    with working_copy(path) as copy:
        put(copy, "Ada")
        assert [(each.run, each.ended_at is None) for each in copy.runs()] == [(1, True), (2, False)]
        copy.publish()
    assert (names(path), files(path)) == (["Ada"], {""})


@posix
def test_a_forked_child_leaves_the_files_of_its_parent(path: Path) -> None:
    with working_copy(path) as copy:
        child = os.fork()
        if child == 0:
            try:
                sys.exit(0)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        put(copy, "Ada")
        copy.publish()
    assert (names(path), files(path)) == (["Ada"], {""})


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_a_program_that_a_run_starts_holds_none_of_its_files(path: Path) -> None:
    with working_copy(path) as copy:
        put(copy, "Ada")
        found = subprocess.run(
            ["/bin/ls", "-l", "/proc/self/fd"], close_fds=False, capture_output=True, text=True, check=True
        )
        assert str(path.parent) in str([each.readlink() for each in Path("/proc/self/fd").iterdir() if each.exists()])
    assert str(path.parent) not in found.stdout


WRITING = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
print("ready", flush=True)
if sys.stdin.readline():
    con.execute("CREATE TABLE mine AS SELECT 1")
    print("written", flush=True)
    sys.stdin.read()
"""


def test_a_program_that_could_write_to_the_file_keeps_it_from_being_replaced(path: Path) -> None:
    with process(WRITING, path) as other:
        with pytest.raises(MirrorError, match=f"is open for writing in process {other.pid}: close it there"):
            working_copy(path).__enter__()
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write("go on\n")
        other.stdin.flush()
        assert other.stdout.readline() == "written\n"
        other.kill()
        other.wait()
    with pytest.raises(MirrorError, match=r"acme\.duckdb\.wal holds changes to the copy by another program"):
        working_copy(path).__enter__()
    with duckdb.connect(path) as mender:
        mender.execute("CHECKPOINT")
    with working_copy(path) as copy:
        put(copy, "Ada")
        copy.publish()
    with duckdb.connect(path, read_only=True) as reader:
        assert reader.execute("FROM mine").fetchall() == [(1,)], "a table of the user's stays"


def test_a_log_that_appears_meanwhile_keeps_the_file_from_being_replaced(path: Path) -> None:
    log = path.with_name(f"{path.name}.wal")
    with pytest.raises(MirrorError, match="holds changes"), working_copy(path) as copy:  # noqa: PT012
        put(copy, "Ada")
        log.write_bytes(b"")
        copy.publish()
    log.unlink()
    assert names(path) == ["Ada", "Bob"]
    assert mirror_status(path).last_run is not None


def replaced(path: Path) -> None:
    with duckdb.connect(path.with_name("restored.duckdb")) as con:
        con.execute(f"ATTACH '{path}' AS held (READ_ONLY); COPY FROM DATABASE held TO restored")
    path.with_name("restored.duckdb").replace(path)


def written_to(path: Path) -> None:
    with duckdb.connect(path) as con:
        con.execute("CREATE TABLE mine AS SELECT 1")


@pytest.mark.parametrize("change", [replaced, written_to, Path.unlink])
def test_what_another_program_does_to_the_file_meanwhile_is_not_written_over(
    path: Path, change: Callable[[Path], None]
) -> None:
    with (  # noqa: PT012
        pytest.raises(MirrorError, match=r"acme\.duckdb was written to, replaced or removed by another program while"),
        working_copy(path) as copy,
    ):
        put(copy, "Ada")
        change(path)
        left = written(path) if path.exists() else None
        copy.publish()
    assert left == (written(path) if path.exists() else None)
    assert files(path) - {""} <= {".checks"}


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE users (id INTEGER)",
        "CREATE VIEW users AS SELECT 1",
        "DROP TABLE clients",
        "DROP TABLE deleted.clients",
    ],
)
def test_a_table_that_another_program_made_or_dropped_is_named(path: Path, change: str) -> None:
    with duckdb.connect(path) as con:
        con.execute(change)
    name = "users" if "users" in change else "clients"
    message = (
        rf"^.*acme\.duckdb: another program made, dropped or replaced {name}, as tables of Harvest are named: give"
    )
    with pytest.raises(MirrorError, match=message):
        working_copy(path).__enter__()
    assert files(path) == {""}


# What is no copy


def other_program(path: Path) -> None:
    with duckdb.connect(path) as con:
        con.execute("CREATE SCHEMA mirror")
        con.execute("CREATE TABLE mirror.source AS SELECT 1 AS format")


def later_version(path: Path) -> None:
    with working_copy(path) as copy:
        copy.publish()
    with duckdb.connect(path) as con:
        con.execute("UPDATE mirror.source SET format = 2")


def sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as con:
        con.execute("CREATE TABLE clients (id)")
        con.commit()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (other_program, "is a DuckDB file, and no copy of an account: name another file"),
        (later_version, r"was made by a later version of harvest_duck \(format 2, not 1\)"),
        (
            lambda path: path.write_bytes(b"text" * 9999),
            "cannot be read as a copy: .* not a valid DuckDB database file!",
        ),
        (sqlite, "cannot be read as a copy: .* not a valid DuckDB database file!"),
        (lambda path: path.touch(), "cannot be read as a copy: .* not a valid DuckDB database file!"),
        (lambda path: path.mkdir(), "is a folder: name a file in it"),
        pytest.param(os.mkfifo, "is no regular file: name another one", marks=posix),
    ],
)
def test_what_is_no_copy_is_refused_and_stays(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "acme.duckdb"
    make(path)  # type: ignore[operator]
    before = written(path)
    with pytest.raises(MirrorError, match=message):
        working_copy(path).__enter__()
    with pytest.raises(MirrorError, match=message):
        mirror_status(path)
    assert (files(path), written(path)) == ({""}, before)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MirrorError, match="none is no folder: make it first"):
        working_copy(tmp_path / "none" / "acme.duckdb").__enter__()
    with pytest.raises(MirrorError, match="is not there: make it by harvest-duck sync"):
        mirror_status(tmp_path / "none" / "acme.duckdb")


def test_a_file_that_appears_where_a_first_copy_is_made_stays(tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    with pytest.raises(MirrorError, match="appeared while the copy was made"), working_copy(path) as copy:  # noqa: PT012
        put(copy, "Ada", run=False)
        path.write_text("mine")
        copy.publish()
    assert (path.read_text(), files(path)) == ("mine", {"", ".part"})


# The files


@posix
@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_every_file_is_for_the_user_alone_under_any_umask(path: Path, mask: int) -> None:
    def modes() -> set[int]:
        return {stat.S_IMODE(each.stat().st_mode) & ~stat.S_IXUSR for each in path.parent.iterdir()}

    before = os.umask(mask)
    try:
        with working_copy(path) as copy:
            put(copy, "Ada")
            seen = modes()
            copy.publish()
        with working_copy(path) as copy:
            copy.keep_checks()
    finally:
        os.umask(before)
    assert seen | modes() == {0o600}


@posix
def test_a_link_stays_one_to_what_is_published(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.duckdb"
    link.symlink_to(path)
    with working_copy(link) as copy:
        put(copy, "Ada")
        with pytest.raises(MirrorBusy):
            working_copy(path).__enter__()
        copy.publish()
    assert (link.is_symlink(), names(path), files(path)) == (True, ["Ada"], {""})


@pytest.mark.thorough
@posix
@pytest.mark.parametrize("first", [True, False])
def test_a_full_disk_is_one_line_and_the_next_run_goes_on(path: Path, first: bool) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    if first:
        path.unlink()
    many = clients(*(os.urandom(500).hex() for _ in range(6000)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(MirrorError) as failure, working_copy(path) as copy:  # noqa: PT012
        put(copy, "Ada", "Bob", run=False)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, limits[1]))
            with copy.transaction():
                copy.apply(CLIENTS, many)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    ending = "part" if first else "next"
    assert f"acme.duckdb.{ending} cannot be written: File too large; the copy stays as it was" in str(failure.value)
    assert "\n" not in str(failure.value)
    with working_copy(path) as copy:
        assert copy.count(CLIENTS) == 2
        with copy.transaction():
            copy.apply(CLIENTS, many)
        copy.publish()
    assert len(names(path)) == 6000


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in which not even root can make a file")
def test_a_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    link = tmp_path / "acme.duckdb"
    link.symlink_to("/sys/acme.duckdb")
    with pytest.raises(MirrorError, match=r"^/sys/acme\.duckdb cannot be written: (Permission denied|Read-only)"):
        working_copy(link).__enter__()
