"""The lines that a person typed, kept in a file that only they can read, without those in which a secret may stand.

The file has a string of JSON for each line. It is read and replaced as a whole under a lock, so shells at two
terminals keep the lines of both.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from prompt_toolkit.history import History

from harvest_duck.connection.secret_lines import may_hold_secret
from harvest_duck.errors import HarvestDuckError
from harvest_duck.runtime import file_lock, private_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["VARIABLE", "PrivateHistory", "history_file"]

#: The file, where it is another one; none where this is set and empty.
VARIABLE = "HARVEST_DUCK_HISTORY"
#: So many lines, and so many bytes in all, are kept at most. A private file has 1 MiB at most.
_LINES, _SIZE = 2000, 500_000
_LOCK_S = 1.0


def history_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file of the history: HARVEST_DUCK_HISTORY, else one in the user's folder for state; None for none."""
    chosen = environ.get(VARIABLE)
    if chosen is not None:
        return Path(chosen) if chosen else None
    try:
        return platformdirs.user_state_path("harvest_duck") / "shell_history"
    except RuntimeError:
        # So platformdirs 4.14 says that there is no home.
        return None


class PrivateHistory(History):
    """The history of a prompt: the lines of earlier sessions, then those of this one.

    What is typed stays in the memory of this session as it is. A file that cannot be read or written is told once, by
    `tell`, and then left alone. `secrets` returns the secrets that the session knows.
    """

    def __init__(
        self, path: Path | None, secrets: Callable[[], Iterable[str]], tell: Callable[[Exception], None]
    ) -> None:
        super().__init__()
        self._path = path
        self._secrets = secrets
        self._tell = tell
        # Now, so that what is wrong is told before the prompt.
        self._earlier = self._kept(lambda path: _lines(private_file.read(path) or ""))

    def load_history_strings(self) -> Iterable[str]:
        """Return the lines of earlier sessions, the newest first."""
        return reversed(self._earlier)

    def store_string(self, string: str) -> None:
        """Add a line to the file, unless a secret may stand in it."""
        if not may_hold_secret(string, self._secrets()):
            self._kept(lambda path: _added(path, string))

    def _kept(self, work: Callable[[Path], list[str]]) -> list[str]:
        if self._path is None:
            return []
        try:
            return work(self._path)
        except (HarvestDuckError, OSError) as error:
            self._tell(error)
            self._path = None
            return []


def _added(path: Path, line: str) -> list[str]:
    private_file.make_directory(path.parent)
    with file_lock.locked(path.with_name(f"{path.name}.lock"), _LOCK_S):
        lines = [*_lines(private_file.read(path) or ""), line][-_LINES:]
        written = [f"{json.dumps(each)}\n" for each in lines]
        while sum(map(len, written)) > _SIZE:
            del written[0]
        private_file.write(path, "".join(written))
    return lines


def _lines(text: str) -> list[str]:
    """Return the lines in the text of a file; what is no string of JSON is none of ours."""
    found = []
    for each in text.splitlines():
        try:
            line = json.loads(each)
        except ValueError:
            continue
        if isinstance(line, str):
            found.append(line)
    return found
