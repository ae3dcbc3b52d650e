"""What is said of an error, and the exit status that tells it to programs."""

from __future__ import annotations

import os

import duckdb

from harvest_duck.engine.arrow_stream import sentence_in
from harvest_duck.errors import DeletesRefused, HarvestDuckError, MirrorBusy
from harvest_duck.text import escaped, one_line

__all__ = ["FAILED", "STATUSES", "TOLD", "UNCHANGED", "UNPROVEN", "one_line_of", "sentence", "status"]

#: The errors that are told in one line; any other is a fault of the program.
TOLD = (HarvestDuckError, OSError, duckdb.Error)
#: The exit status of a command that failed, of a sync that is done and proves too little, and of a report that is not
#: written, because nothing has changed; 2 is wrong usage.
FAILED, UNPROVEN, UNCHANGED = 1, 3, 6
STATUSES = {MirrorBusy: 4, DeletesRefused: 5}


def sentence(error: BaseException) -> str:
    """Return what an error says; one of the system begins with its number and ends with the file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{escaped(os.fsdecode(error.filename))}: {error.strerror}" if error.filename else error.strerror
    return sentence_in(str(error)).strip()


def one_line_of(error: BaseException) -> str:
    """Return what an error says, on one line and without the SQL that DuckDB repeats, in which a secret may stand."""
    return one_line(sentence(error).partition("\nLINE ")[0])


def status(error: BaseException) -> int:
    """Return the exit status of an error."""
    return next((number for kind, number in STATUSES.items() if isinstance(error, kind)), FAILED)
