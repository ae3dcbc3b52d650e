"""The log of requests, through `logging`; it never holds a token, a header or a body.

`Logfile` and `Verbosity` of a connection string write it to a file: 1 for warnings, 2 for every request as well, 3 and
more for every page and wait. The logger's name is `harvest_duck`, with one child for each log file.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING

from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from pathlib import Path

_LEVELS = {1: logging.WARNING, 2: logging.INFO}
_FORMAT = "%(asctime)s %(levelname)s %(message)s"
_LINE = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ")

# A library writes no log unless the program asks for one: https://docs.python.org/3/howto/logging.html#library-config
logging.getLogger("harvest_duck").addHandler(logging.NullHandler())


@cache
def logger(logfile: Path | None, verbosity: int) -> logging.Logger:
    """Return the logger of a connection; with a `logfile`, it also appends to that file.

    Raises `ConnectionStringError` if the file cannot be written.
    """
    root = logging.getLogger("harvest_duck")
    if logfile is None:
        return root
    level = _LEVELS.get(verbosity, logging.DEBUG)
    if not _is_log(logfile):
        raise ConnectionStringError(f"Logfile {logfile} holds something else than a log: name another file")
    try:
        handler = logging.FileHandler(logfile, encoding="utf-8", delay=False)
    except OSError as error:
        raise ConnectionStringError(f"Logfile {logfile} cannot be written: {error.strerror}") from error
    handler.setFormatter(logging.Formatter(_FORMAT))
    handler.setLevel(level)
    # A name of its own, so that two connections with two files do not write into each other's file.
    child = root.getChild(f"{abs(hash(logfile)):x}-{verbosity}")
    child.setLevel(level)
    child.addHandler(handler)
    return child


def _is_log(path: Path) -> bool:
    """Whether the file is missing, empty, or begins like a log.

    A connection string may come from somebody else, and must not write into any other file of the user.
    """
    try:
        with path.open("rb") as file:
            line = file.readline(64)
    except OSError:
        return True
    return not line or _LINE.match(line) is not None
