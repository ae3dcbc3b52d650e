"""Locks between processes: one holder at a time, given back by a dead process, and for a file that may be removed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harvest_duck.runtime import file_lock

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")

HOLDING = """
import os, sys
from pathlib import Path
from harvest_duck.runtime import file_lock
assert file_lock.try_acquire(Path(sys.argv[1])) is not None
if len(sys.argv) > 2 and os.fork() == 0:
    os.close(1)
    sys.stdin.read()
    os._exit(0)
print("locked", flush=True)
if len(sys.argv) == 2:
    sys.stdin.read()
os._exit(0)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file to lock; neither it nor its directory is there yet."""
    return tmp_path / "sub" / "a.lock"


def test_one_holder_has_it_at_a_time(path: Path) -> None:
    assert not file_lock.is_locked(path)
    assert not path.exists()
    with file_lock.locked(path, 0):
        assert file_lock.is_locked(path)
        assert file_lock.try_acquire(path) is None
        with pytest.raises(TimeoutError, match="another program has kept it locked for 0 s"):
            file_lock.acquire(path, 0)
        assert not file_lock.remove_unlocked(path)
    assert not file_lock.is_locked(path)
    with file_lock.locked(path, 0):
        pass
    assert file_lock.remove_unlocked(path)
    assert file_lock.remove_unlocked(path), "there is none"
    assert not path.exists()


def test_a_process_that_is_killed_holds_it_no_more(path: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        assert file_lock.try_acquire(path) is None
        other.kill()
    with file_lock.locked(path, 0):
        pass


@posix
def test_a_forked_child_does_not_hold_it_for_its_dead_parent(path: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(path), "fork"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.read() == "locked\n"
        assert parent.wait() == 0
        with file_lock.locked(path, 0):
            pass


@posix
def test_a_file_that_was_removed_meanwhile_is_made_anew(path: Path) -> None:
    with file_lock.locked(path, 0) as descriptor:
        path.unlink()
        assert not file_lock.is_at(descriptor, path)
        with file_lock.locked(path, 0) as other:
            assert file_lock.is_at(other, path)


@posix
@pytest.mark.parametrize("mask", [0o000, 0o277, 0o777])
def test_it_is_for_the_user_alone_under_any_umask(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        for _ in range(2):
            with file_lock.locked(path, 0):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


@posix
def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        file_lock.acquire(path, 0)
    assert not (tmp_path / "elsewhere").exists()
