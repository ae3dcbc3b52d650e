"""Files that appear together: written into a folder beside their places, then moved there in one go.

What a process does that is killed is undone by the next one that exports into the same folder, or done to the end where
all files were written: then a list of what is to come and to go lies among them. The moves take turns, by a lock of the
folder that they lead into, so that no two processes mix them up.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager, suppress
from errno import EACCES, EISDIR
from pathlib import PurePath
from typing import TYPE_CHECKING

from harvest_duck.runtime.output_file import MADE_HERE, reserved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["StagedFiles", "finish_abandoned", "staged"]

_FOLDER, _LIST = ".staged", "moves.json"


class StagedFiles:
    """Files on their way into a folder, by the paths that they are to have there."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder = folder
        self._place = place
        self._paths: list[str] = []

    def add(self, path: str) -> Path:
        """Return where to write the file that is to be at `path`; no reader takes it for a table there."""
        self._paths.append(path)
        return self._place / str(len(self._paths) - 1)

    def publish(self, replaced: Callable[[], Iterable[str]]) -> None:
        """Move all files to their paths, then remove those that they replace, as seen when nobody else moves any.

        A new file of the same path takes the place of the old one in one step, after those that take nobody's place.
        """
        with _turn(self.folder):
            gone = sorted({*replaced()} - {*self._paths})
            order = sorted(range(len(self._paths)), key=lambda number: (self.folder / self._paths[number]).exists())
            moves = {"from": list(map(str, order)), "to": [self._paths[each] for each in order], "gone": gone}
            unfinished = self._place / f"{_LIST}.partial"
            unfinished.write_text(json.dumps(moves), encoding="utf-8")
            unfinished.rename(self._place / _LIST)
            try:
                _move(self._place, self.folder)
            except BaseException:
                # Half of it would be worse than either: a second Ctrl-C does not come through `cli`.
                _finish(self._place, self.folder)
                raise


@contextmanager
def staged(path: Path) -> Iterator[StagedFiles]:
    """A context with files that appear beside or below `path` when they are published; else nothing is left of them."""
    folder = path.parent
    finish_abandoned(folder)
    with reserved(path) as mark:
        place = mark.with_suffix(_FOLDER)
        place.mkdir(mode=0o700)
        try:
            yield StagedFiles(folder, place)
        finally:
            if not (place / _LIST).exists():
                shutil.rmtree(place, ignore_errors=True)


def finish_abandoned(folder: Path) -> None:
    """Finish what killed processes of this machine had written whole, and remove the rest of what they wrote."""
    found = list(folder.glob(f"{MADE_HERE}*{_FOLDER}"))
    if not found:
        return
    # The mark of each is a file that its process has locked. Whoever reserves one removes those of the dead.
    with reserved(folder / found[0].name):
        left = [each for each in found if not each.with_suffix(".partial").exists()]
    for place in left:
        with _turn(folder):
            _finish(place, folder)
            shutil.rmtree(place, ignore_errors=True)


def _finish(place: Path, folder: Path) -> None:
    """Do what is left to do of a list of moves, if there is one; OSError where some were made, and others fail."""
    if not (place / _LIST).exists():
        return
    try:
        _move(place, folder)
    except OSError:
        if (place / _LIST).exists():
            raise


def _move(place: Path, folder: Path) -> None:
    """Do what a list of moves says, or what is left to do of it; the list goes last, and where there is no room."""
    moves = json.loads((place / _LIST).read_text("utf-8"))
    try:
        _make_room(folder, moves["to"])
    except OSError:
        if all((place / source).exists() for source in moves["from"]):
            (place / _LIST).unlink()
        raise
    for source, path in zip(moves["from"], moves["to"], strict=True):
        target = folder / path
        with suppress(FileNotFoundError):
            if target.exists():
                shutil.copymode(target, place / source)
            os.replace(place / source, target)  # noqa: PTH105 - as in `output_file`
    for path in moves["gone"]:
        (folder / path).unlink(missing_ok=True)
    for path in moves["gone"]:
        with suppress(OSError):
            (folder / path).parent.rmdir()
    (place / _LIST).unlink(missing_ok=True)


def _make_room(folder: Path, paths: Iterable[str]) -> None:
    """Make the folders that files are to lie in; none where one of them, or a file, cannot be made, with an OSError."""
    made: list[Path] = []
    try:
        for path in paths:
            target = folder / path
            for each in reversed([folder / parent for parent in PurePath(path).parents]):
                if not each.is_dir():
                    each.mkdir()
                    made.append(each)
            if target.is_dir():
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(target))
            if not os.access(target.parent, os.W_OK):
                raise PermissionError(EACCES, os.strerror(EACCES), str(target.parent))
    except OSError:
        for each in reversed(made):
            with suppress(OSError):
                each.rmdir()
        raise


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """A context that one process at a time is in; where a system cannot lock a folder, several."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
