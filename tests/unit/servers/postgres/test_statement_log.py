from __future__ import annotations

import io
import os
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from harvest_duck.errors import QueryError
from harvest_duck.servers.postgres.statement_log import StatementLog, logged

if TYPE_CHECKING:
    from pathlib import Path

MOMENT = datetime(2026, 11, 30, 8, 15, 2, 417_000, tzinfo=UTC)


def lines_of(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def log_on(stream: io.StringIO) -> StatementLog:
    return StatementLog(stream, clock=lambda: MOMENT)


def test_a_session_is_a_line_for_each_thing_that_it_did() -> None:
    stream = io.StringIO()
    log = log_on(stream)
    log.opened(7, "ann", "acme", "127.0.0.1")
    log.ended(7, "SELECT", rows=312, milliseconds=563.84, requests=2)
    log.ended(7, "CREATE TABLE", rows=0, milliseconds=0.2, requests=0, sqlstate="25006")
    log.closed(7)
    log.refused("eve", "acme", "::1", "28P01")
    about = "2026-11-30T08:15:02.417Z session=7 user=ann database=acme"
    assert lines_of(stream) == [
        f"{about} kind=connected address=127.0.0.1",
        f"{about} kind=SELECT rows=312 ms=563.8 requests=2",
        f'{about} kind="CREATE TABLE" rows=0 ms=0.2 requests=0 sqlstate=25006',
        f"{about} kind=disconnected",
        "2026-11-30T08:15:02.417Z user=eve database=acme kind=refused address=::1 sqlstate=28P01",
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", '""'),
        ("Zoë", "Zoë"),
        ("ann smith", '"ann smith"'),
        ("ann\nsession=8 user=root", '"ann session=8 user=root"'),
        ('a"b', '"a\\"b"'),
        ("\x1b[31mann", '"␛[31mann"'),
        ("\u202eann", '"\ufffdann"'),
        ("a" * 100, f'"{"a" * 63}…"'),
    ],
)
def test_a_name_that_a_client_gave_is_one_value_on_one_line(name: str, shown: str) -> None:
    stream = io.StringIO()
    log_on(stream).refused(name, "acme", "127.0.0.1", "28P01")
    assert lines_of(stream) == [
        f"2026-11-30T08:15:02.417Z user={shown} database=acme kind=refused address=127.0.0.1 sqlstate=28P01"
    ]


def test_a_file_is_for_its_owner_and_is_added_to(tmp_path: Path) -> None:
    file = tmp_path / "statements.log"
    for session in (1, 2):
        with logged(str(file)) as log:
            log.closed(session)
    assert [line.split()[1] for line in file.read_text("utf-8").splitlines()] == ["session=1", "session=2"]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    said = r"^the log .*statements\.log cannot be written: No such file or directory$"
    with pytest.raises(QueryError, match=said), logged(str(tmp_path / "missing" / "statements.log")):
        pass


def test_standard_error_takes_the_lines_where_there_is_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    with logged("-") as log:
        log.closed(3)
    assert "session=3 kind=disconnected" in capsys.readouterr().err


def test_what_cannot_be_written_is_a_warning_and_no_error() -> None:
    stream = io.StringIO()
    log = log_on(stream)
    stream.close()
    with pytest.warns(UserWarning, match="^the log of statements cannot be written: I/O operation on closed file"):
        log.closed(3)
