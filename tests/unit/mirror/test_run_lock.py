"""The lock of a copy: one holder, who is named, and whose name stays where he was killed."""

from __future__ import annotations

import json
import os
import platform
import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from harvest_duck.errors import MirrorBusy
from harvest_duck.mirror import run_lock

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "acme.duckdb.lock"


def test_the_holder_is_named_until_he_leaves(path: Path) -> None:
    copy = path.with_suffix("")
    with run_lock.held(path, copy) as lock:
        assert lock.killed == ()
        lock.note_run(7)
        holder = run_lock.running(path)
        assert holder is not None
        assert (holder.pid, holder.host, holder.run) == (os.getpid(), platform.node(), 7)
        assert abs(datetime.now(UTC) - holder.since) < timedelta(hours=1)
        with pytest.raises(MirrorBusy) as busy:
            run_lock.held(path, copy).__enter__()
        since = f"{holder.since:%Y-%m-%d %H:%M:%S} UTC"
        expected = f"{copy}: process {os.getpid()} on {platform.node()} has synced it since {since}: "
        assert str(busy.value) == f"{expected}wait until it has ended"
    assert run_lock.running(path) is None
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"[]", b'{"pid": 1}', b'{"pid": "x", "host": "h", "since": "2026-01-01"}', b"\xff" * 5000],
)
def test_a_file_that_tells_nothing_is_no_holder(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with run_lock.held(path, path) as lock:
        assert lock.killed == ()
        path.write_bytes(content)
        assert run_lock.running(path) is None
        with pytest.raises(MirrorBusy, match=r"another sync works on it: wait until it has ended$"):
            run_lock.held(path, path).__enter__()


def test_those_who_were_killed_in_a_run_are_named_until_one_ends(path: Path) -> None:
    first = {"pid": 9, "host": "there", "since": "2026-01-01T01:00:00+01:00", "run": 3}
    path.write_text("".join(json.dumps(each) + "\n" for each in (first, first | {"run": None}, first | {"run": 4})))
    assert run_lock.running(path) is None
    killed = tuple(run_lock.Holder(9, "there", datetime(2026, 1, 1, tzinfo=UTC), run) for run in (3, 4))
    with run_lock.held(path, path) as lock:
        assert lock.killed == killed
        lock.note_run(5)
        content = path.read_bytes()
    path.write_bytes(content)
    with run_lock.held(path, path) as lock:
        assert [each.run for each in lock.killed] == [3, 4, 5]
    with run_lock.held(path, path) as lock:
        assert lock.killed == ()


def test_a_host_cannot_write_on_the_terminal(path: Path) -> None:
    with run_lock.held(path, path):
        named = {"pid": 9, "host": "a\x1b[2J" + "b" * 99, "since": "2026-01-01T00:00:00Z", "run": None}
        path.write_text(json.dumps(named))
        with pytest.raises(MirrorBusy) as busy:
            run_lock.held(path, path).__enter__()
    assert str(busy.value).isprintable()
    assert "b" * 60 not in str(busy.value)


@posix
@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_it_is_for_the_user_alone_in_a_folder_of_many(path: Path, mask: int) -> None:
    path.parent.chmod(0o775)
    before = os.umask(mask)
    try:
        with run_lock.held(path, path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


@posix
def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        run_lock.held(path, path).__enter__()
    assert not (tmp_path / "elsewhere").exists()
