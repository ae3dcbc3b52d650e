"""Log files: what goes where, and nothing by itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from harvest_duck.errors import ConnectionStringError
from harvest_duck.http.log import logger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Every log file that a test opened is closed after it."""
    yield
    for known in list(logging.Logger.manager.loggerDict):
        if known.startswith("harvest_duck."):
            opened = logging.getLogger(known)
            for handler in list(opened.handlers):
                opened.removeHandler(handler)
                handler.close()
    logger.cache_clear()


def say(to: logging.Logger) -> None:
    """One message of each kind."""
    to.warning("a warning")
    to.info("a request")
    to.debug("a page")


def messages(path: Path) -> list[str]:
    """What stands in a log file, without date and level."""
    return [line.split(" ", 3)[3] for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("verbosity", "written"),
    [
        (1, ["a warning"]),
        (2, ["a warning", "a request"]),
        (3, ["a warning", "a request", "a page"]),
        (5, ["a warning", "a request", "a page"]),
    ],
)
def test_verbosity_chooses_what_is_written(tmp_path: Path, verbosity: int, written: list[str]) -> None:
    say(logger(tmp_path / "log", verbosity))
    assert messages(tmp_path / "log") == written


def test_a_line_has_its_moment_and_level(tmp_path: Path) -> None:
    logger(tmp_path / "log", 1).warning("ä is kept")
    (line,) = (tmp_path / "log").read_text("utf-8").splitlines()
    assert line.endswith(" WARNING ä is kept")


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("2026-01-01 00:00:00,000 INFO before\n", "utf-8")
    say(logger(tmp_path / "log", 1))
    assert messages(tmp_path / "log") == ["before", "a warning"]


def test_the_same_file_is_opened_once(tmp_path: Path) -> None:
    assert logger(tmp_path / "log", 2) is logger(tmp_path / "log", 2)
    say(logger(tmp_path / "log", 2))
    assert messages(tmp_path / "log") == ["a warning", "a request"]


def test_two_files_do_not_write_into_each_other(tmp_path: Path) -> None:
    logger(tmp_path / "one", 3).warning("for one")
    logger(tmp_path / "two", 3).warning("for two")
    assert messages(tmp_path / "one") == ["for one"]
    assert messages(tmp_path / "two") == ["for two"]


def test_without_a_file_nothing_is_written_but_the_program_may_listen(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "harvest_duck"):
        say(logger(None, 1))
    assert [record.message for record in caplog.records] == ["a warning", "a request"]
    assert logger(None, 1).name == "harvest_duck"


def test_a_program_that_does_not_listen_hears_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logger(None, 1).warning("unheard")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["missing/log", ""])
def test_a_file_that_cannot_be_written_is_a_fault_of_the_connection_string(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConnectionStringError) as refused:
        logger(tmp_path / name, 1)
    assert str(refused.value).startswith(f"Logfile {tmp_path / name} cannot be written: ")


@pytest.mark.parametrize("text", ["alias ls=rm\n", "2026-01-01\n", "x"])
def test_a_file_that_is_no_log_is_not_written_into(tmp_path: Path, text: str) -> None:
    """A connection string may be of somebody else, who would have lines of theirs in a file of the reader's."""
    path = tmp_path / ".bashrc"
    path.write_text(text)
    with pytest.raises(ConnectionStringError, match="holds something else than a log: name another file"):
        logger(path, 2)
    assert path.read_text() == text


def test_a_file_that_could_not_be_written_is_tried_again(tmp_path: Path) -> None:
    wanted = tmp_path / "later" / "log"
    with pytest.raises(ConnectionStringError):
        logger(wanted, 1)
    wanted.parent.mkdir()
    say(logger(wanted, 1))
    assert messages(wanted) == ["a warning"]
