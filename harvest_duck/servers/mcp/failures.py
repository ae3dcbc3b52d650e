"""What an agent is told of an error: one line that it can act on."""

from __future__ import annotations

import duckdb

from harvest_duck.engine.arrow_stream import sentence, sentence_in
from harvest_duck.errors import HarvestDuckError
from harvest_duck.servers.gate.refusal import Refusal
from harvest_duck.text import one_line, shortened

__all__ = ["told"]

#: More than any message has that does not show a whole statement.
_LONGEST = 1_000
#: What refuses a connection string that SQL names.
_ONE_DOOR = "only_attached=True"


def told(error: BaseException, harvest: HarvestDuckError | None = None) -> str:
    """Return one line about an error; `harvest` is the last one of the cursor, where DuckDB's exception tells it."""
    match error:
        case Refusal():
            line = f"{error.message}. {error.hint}" if error.hint else error.message
        case HarvestDuckError() | OSError():
            line = str(error).removeprefix("harvest_explain: ").partition("; it does not see temporary tables")[0]
        case duckdb.Error():
            line = _of_duckdb(str(error), harvest)
        case RecursionError():
            line = "the statement is nested too deeply: write it with fewer levels"
        case MemoryError():
            line = "out of memory: aggregate, or narrow the query"
        case _:
            line = sentence(error)
    if _ONE_DOOR in line:
        line = "permission denied: this server reads the account that it was started with, and no other connection"
    return shortened(one_line(line), _LONGEST)


def _of_duckdb(text: str, harvest: HarvestDuckError | None) -> str:
    """The message of DuckDB without its picture of the place; one of ours without what DuckDB puts around it."""
    if harvest is not None and str(harvest) in text:
        return str(harvest)
    return sentence_in(text).partition("\n\nLINE ")[0].partition("\nLINE ")[0]
