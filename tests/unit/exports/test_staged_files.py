"""Files appear together or not at all, wherever a process ends on its way."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from support import program

from harvest_duck.exports.staged_files import finish_abandoned, staged
from harvest_duck.runtime.output_file import MADE_HERE

if TYPE_CHECKING:
    from pathlib import Path

#: The same steps in one process after the other, which each end before another change of a file or a name. `audit`
#: hears of each (https://docs.python.org/3.11/library/audit_events.html).
KILLED = """
import json, os, shutil, signal, sys
from pathlib import Path
from harvest_duck.exports.staged_files import staged

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "open"}
folder = Path(sys.argv[1])

def tree():
    return {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}

def publish(text):
    with staged(folder / "t") as files:
        for name in ("a", "b", "new/c"):
            files.add(f"t/{name}").write_text(text)
        files.publish(lambda: {"t/a", "t/old/d"})

def child(last, text):
    process = os.fork()
    if process:
        return os.waitpid(process, 0)[1]
    def hear(event, arguments, seen=[0]):
        if event in CHANGES and (event != "open" or "w" in str(arguments[1])):
            seen[0] += 1
            if seen[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hear)
    publish(text)
    os._exit(0)

states = []
for last in range(1, 1000):
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("a", "b", "old/d"):
        (folder / "t" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "t" / name).write_text("old")
    whole = child(last, "new") == 0
    seen = {name: text for name, text in tree().items() if name.startswith("t/")}
    with staged(folder / "t"):
        pass
    states.append([seen, tree(), [str(each) for each in folder.glob(".*")]])
    if whole:
        break
print(json.dumps(states))
"""
OLD = {"t/a": "old", "t/b": "old", "t/old/d": "old"}
NEW = {"t/a": "new", "t/b": "new", "t/new/c": "new"}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_process_that_is_killed_anywhere_leaves_old_or_new_files_to_the_next(tmp_path: Path) -> None:
    ended = program.run(KILLED.replace("sys.argv[1]", repr(str(tmp_path / "folder"))))
    assert ended.returncode == 0, ended.stderr
    states = json.loads(ended.stdout)
    assert len(states) > 10
    for seen, after, hidden in states:
        assert after in (OLD, NEW)
        assert hidden == []
        # A reader in between misses no file: the new ones come before the old ones go.
        assert {*seen} >= {*OLD} & {*NEW}
        assert {*seen} >= {*OLD} or {*seen} >= {*NEW}
        # What takes nobody's place comes before the files that take one, which may have had its rows.
        assert "new" not in (seen["t/a"], seen["t/b"]) or "t/new/c" in seen
    kinds = [after for _, after, _ in states]
    assert OLD in kinds
    assert kinds[-1] == NEW


def test_nothing_is_published_after_an_error(tmp_path: Path) -> None:
    def fails() -> None:
        with staged(tmp_path / "t") as files:
            files.add("t/a").write_text("half")
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        fails()
    assert [*tmp_path.iterdir()] == []


def test_files_for_which_there_is_no_room_leave_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "t" / "b.parquet").mkdir(parents=True)
    (tmp_path / "t" / "c").write_text("in the way")
    for path in ("t/b.parquet", "t/c/d"):
        with staged(tmp_path / "t") as files:
            for each in ("t/new/a", path):
                files.add(each).write_text("new")
            with pytest.raises(OSError, match=path.rpartition("/")[0]):
                files.publish(lambda: {"t/c"})
        assert {*tmp_path.rglob("*")} == {tmp_path / "t", tmp_path / "t" / "b.parquet", tmp_path / "t" / "c"}


def test_files_of_a_process_that_lives_stay(tmp_path: Path) -> None:
    with staged(tmp_path / "t") as files:
        files.add("t/a").write_text("new")
        finish_abandoned(tmp_path)
        with staged(tmp_path / "t"):
            pass
        files.publish(frozenset)
    assert [*tmp_path.rglob("*")] == [tmp_path / "t", tmp_path / "t" / "a"]


def test_a_file_that_is_replaced_leaves_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o640)
    with staged(tmp_path / "a") as files:
        files.add("a").write_text("new")
        files.publish(frozenset)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "a").read_text() == "new"


def test_files_of_another_machine_stay(tmp_path: Path) -> None:
    other = tmp_path / f"{MADE_HERE[:-9]}00000000-1.staged"
    other.mkdir()
    finish_abandoned(tmp_path)
    assert other.is_dir()
