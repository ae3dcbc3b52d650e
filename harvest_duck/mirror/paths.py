"""The files of a copy: the published one, and those that are beside it while a run works."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MirrorPaths:
    """The paths of a copy. `published` is no link: a link to a copy stays one when the copy is replaced."""

    published: Path

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> MirrorPaths:
        """Return the paths of the copy at `path`."""
        return cls(Path(os.path.realpath(path)))

    @property
    def next(self) -> Path:
        """The file that a run works on where there is a copy already."""
        return self._beside("next")

    @property
    def part(self) -> Path:
        """The file of a first copy, which the next run goes on with."""
        return self._beside("part")

    @property
    def lock(self) -> Path:
        """The file that a run has locked."""
        return self._beside("lock")

    @property
    def checks(self) -> Path:
        """The records of runs since the file was published."""
        return self._beside("checks")

    @property
    def work(self) -> Path:
        """The folder in which DuckDB makes files, for the user alone."""
        return self._beside("work")

    def _beside(self, ending: str) -> Path:
        return self.published.with_name(f"{self.published.name}.{ending}")


def wal(path: Path) -> Path:
    """Return the write-ahead log that DuckDB keeps beside a file."""
    return path.with_name(f"{path.name}.wal")
