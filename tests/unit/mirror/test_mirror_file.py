"""One file of a copy: copied byte by byte, and in one piece."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from harvest_duck.errors import MirrorError
from harvest_duck.mirror import mirror_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of which the end differs from the rest."""
    path = tmp_path / "source"
    path.write_bytes(os.urandom(3_000_000) + b"end")
    return path


@pytest.mark.parametrize("shared", [None, "fails", "fails halfway", "ends early"])
def test_a_copy_has_the_same_bytes(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: str | None
) -> None:
    """Whether or not the system copies without reading."""
    calls = []

    def copy_file_range(read: int, written: int, size: int) -> int:
        calls.append(size)
        if shared == "ends early":
            return 0
        if shared == "fails" or len(calls) > 1:
            raise OSError(errno.EXDEV, "not here")
        return os.write(written, os.read(read, 1_000_000))

    if shared is None:
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    else:
        monkeypatch.setattr(os, "copy_file_range", copy_file_range, raising=False)
    mirror_file.copy_file(source, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()
    assert bool(calls) == (shared is not None)


def test_a_copy_is_for_the_user_alone_and_takes_nobody_elses_place(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    mirror_file.copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        mirror_file.copy_file(source, target)


def test_a_file_that_is_written_to_while_it_is_copied_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_file_range(read: int, written: int, size: int) -> int:
        with source.open("ab") as other:
            other.write(b"more")
        return os.write(written, os.read(read, size))

    monkeypatch.setattr(os, "copy_file_range", copy_file_range, raising=False)
    with pytest.raises(MirrorError, match="source is written to by another program: close it there, and sync again"):
        mirror_file.copy_file(source, tmp_path / "target")
