"""What harvest_duck tells about its requests, through `logging`; never a token, a header or a body.

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

# A library says nothing on its own account: https://docs.python.org/3/howto/logging.html#library-config
logging.getLogger("harvest_duck").addHandler(logging.NullHandler())


@cache
def logger(logfile: Path | None, verbosity: int) -> logging.Logger:
    """The logger of a connection; with a `logfile`, what it says goes there too, appended.

    Raises `ConnectionStringError` where the file cannot be written.
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
    # A name of its own, so that two connections with two files do not write into each other's.
    child = root.getChild(f"{abs(hash(logfile)):x}-{verbosity}")
    child.setLevel(level)
    child.addHandler(handler)
    return child


def _is_log(path: Path) -> bool:
    """Whether the file can be appended to: it is not there, empty, or begins as a log does.

    A connection string may be of somebody else, and must not write into any file of the reader's.
    """
    try:
        with path.open("rb") as file:
            line = file.readline(64)
    except OSError:
        return True
    return not line or _LINE.match(line) is not None
