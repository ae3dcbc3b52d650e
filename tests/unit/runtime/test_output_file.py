"""A file that takes long to write: its lock, its mode, and what others that were killed have left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harvest_duck.runtime import output_file
from harvest_duck.runtime.output_file import replacing


def test_a_file_appears_at_the_end_with_the_usual_mode(tmp_path: Path) -> None:
    path, usual = tmp_path / "a.csv", tmp_path / "usual"
    usual.touch()
    with replacing(path) as beside:
        beside.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_a_fault_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    path.chmod(0o640)

    def fail() -> None:
        with replacing(path) as beside:
            beside.write_text("new")
            raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        fail()
    assert path.read_text() == "old"
    with replacing(path) as beside:
        beside.write_text("new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)
    assert [*tmp_path.iterdir()] == [path]


def test_a_folder_that_takes_no_file_is_an_error_about_the_file() -> None:
    path = Path("/dev/null/a.csv")
    with pytest.raises(OSError, match=r"so that no file can be made beside it: '/dev/null/a\.csv'"), replacing(path):
        pytest.fail("it has no place")


def test_only_what_nobody_has_locked_on_this_machine_is_removed(tmp_path: Path) -> None:
    with replacing(tmp_path / "a") as beside:
        beside.write_text("a")
        mine = beside.name
        machine = mine.split("-")[2]
        left = tmp_path / mine.replace(mine.rpartition("-")[2], "0123456789abcdef.partial")
        elsewhere = tmp_path / left.name.replace(machine, "00000000")
        link = tmp_path / left.name.replace("0123", "aaaa")
        precious = tmp_path / "precious"
        for each in (left, elsewhere, precious):
            each.touch()
        link.symlink_to(precious)
        with replacing(tmp_path / "b") as other:
            other.touch()
            assert beside.exists()
    assert {file.name for file in tmp_path.iterdir()} == {"a", "b", "precious", elsewhere.name, link.name}


def test_a_folder_that_cannot_be_listed_is_written_to(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("an administrator lists every folder")
    tmp_path.chmod(0o300)
    try:
        with replacing(tmp_path / "a") as beside:
            beside.write_text("a")
    finally:
        tmp_path.chmod(0o700)
    assert (tmp_path / "a").read_text() == "a"


def test_a_file_system_without_locks_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl  # noqa: PLC0415 - not on every system

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    left = tmp_path / f"{output_file.MADE_HERE}0123456789abcdef.partial"
    left.touch()
    with replacing(tmp_path / "a") as beside:
        beside.write_text("a")
    assert (tmp_path / "a").read_text() == "a"
    assert left.exists()
