"""Where rows go: standard output, a pipe or device that takes them as they come, or a file that appears as a whole."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from harvest_duck.errors import QueryError
from harvest_duck.formats import compression_of
from harvest_duck.runtime.output_file import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "STANDARD_OUTPUT",
    "is_standard_output",
    "is_streamed",
    "is_terminal",
    "naming",
    "opened",
    "path_for",
    "place",
]

STANDARD_OUTPUT = Path("-")
#: Other names of files that are open already, as `>(command)` of a shell is.
_DESCRIPTOR = re.compile(r"/dev/(?:(?P<name>stdout|stderr)|fd/(?P<number>\d+))")


def is_streamed(target: Path) -> bool:
    """Whether rows go to `target` as they come, because there is no file that could be replaced.

    Raises `QueryError` for a folder and a file in a folder that does not exist, and OSError for an impossible name.
    """
    if target == STANDARD_OUTPUT or _DESCRIPTOR.fullmatch(str(target)):
        return True
    if target.is_dir():
        raise QueryError(f"{target} is a folder: name a file in it")
    folder = place(target).parent
    if not folder.is_dir():
        raise QueryError(f"{target}: there is no folder {folder}: make it, or name another file")
    return target.exists() and not target.is_file()


def place(target: Path) -> Path:
    """Return where the file is that links lead to."""
    # Python 3.11 and 3.12 raise RuntimeError for a link that leads to itself, 3.13 returns it.
    with suppress(RuntimeError):
        place = target.resolve()
        if not place.is_symlink():
            return place
    raise QueryError(f"{target} is a link that leads to itself: name another file")


def is_standard_output(target: Path) -> bool:
    """Whether `target` names standard output, by any name."""
    found = _DESCRIPTOR.fullmatch(str(target))
    return target == STANDARD_OUTPUT or (found is not None and found["name"] == "stdout")


def is_terminal(target: Path) -> bool:
    """Whether `target` names standard output, and that is a terminal."""
    return is_standard_output(target) and sys.stdout is not None and sys.stdout.isatty()


@contextmanager
def opened(target: Path) -> Iterator[BinaryIO]:
    """A context with an open stream to `target`, which compresses if its name says so."""
    with naming(target), path_for(target) if not is_streamed(target) else _streamed(target) as place:
        if isinstance(place, Path):
            with place.open("wb") as stream, _compressing(stream, target) as compressed:
                yield compressed
        else:
            with _compressing(place, target) as compressed:
                yield compressed


@contextmanager
def path_for(target: Path) -> Iterator[Path]:
    """A context with the path of a file to write, whose content is at `target` at the end, or nothing of it."""
    if not is_streamed(target):
        with naming(target), replacing(place(target)) as beside:
            yield beside
        return
    with naming(target), TemporaryDirectory() as folder, _streamed(target) as stream:
        path = Path(folder, "rows")
        yield path
        with path.open("rb") as written:
            shutil.copyfileobj(written, stream)


@contextmanager
def naming(target: Path) -> Iterator[None]:
    """A context in which an error of the system names `target`, if it names no file: no room, or a bad descriptor."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = "standard output" if is_standard_output(target) else str(target)
        raise


@contextmanager
def _streamed(target: Path) -> Iterator[BinaryIO]:
    """A context with a stream to standard output, an open file, a pipe or a device."""
    open_already = _DESCRIPTOR.fullmatch(str(target))
    if is_standard_output(target):
        if sys.stdout is None:
            raise QueryError("standard output is closed: name a file with -o FILE")
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.flush()
    elif open_already:
        descriptor = 2 if open_already["name"] else int(open_already["number"])
        with os.fdopen(os.dup(descriptor), "wb") as stream:
            yield stream
    else:
        with target.open("wb") as stream:
            yield stream


@contextmanager
def _compressing(stream: BinaryIO, target: Path) -> Iterator[BinaryIO]:
    compression = compression_of(target)
    if compression is None:
        yield stream
        return
    with pa.CompressedOutputStream(stream, compression) as compressed:
        yield compressed
