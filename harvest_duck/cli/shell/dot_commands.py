"""The dot commands as data: what each takes, and what it does in a few words; and the reading of one. Pure."""

from __future__ import annotations

import difflib
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from harvest_duck.errors import QueryError
from harvest_duck.text import printable, shortened

__all__ = ["COMMANDS", "DotCommand", "Takes", "help_text", "queries", "read"]

#: The dot commands that run a statement.
_QUERIES = {".chart"}
#: What other shells take in the place of a dot command.
_OTHER_NAMES = {"help": ".help", "?": ".help", r"\?": ".help", "exit": ".exit", "quit": ".quit", r"\q": ".quit"}
#: An unknown name is repeated up to this length.
_LONGEST = 40


_OTHERWISE = "Any other text is SQL up to a semicolon; each table of Harvest is harvest.TABLE."


class Takes(Enum):
    """What stands behind the name of a dot command, so that it can be completed."""

    NOTHING = auto()
    TABLE = auto()
    SQL = auto()
    CONNECTION = auto()
    FORMAT = auto()
    FILE = auto()
    SWITCH = auto()


@dataclass(frozen=True, slots=True)
class DotCommand:
    """What a dot command takes, as its help writes it and as a kind, and what it does."""

    arguments: str
    takes: Takes
    about: str


COMMANDS = {
    ".chart": DotCommand("[on|off|SQL]", Takes.SQL, "draw SQL, or the last again; on draws every result"),
    ".connect": DotCommand("[STR [AS NAME]]", Takes.CONNECTION, "read another account as harvest, or as NAME too"),
    ".describe": DotCommand("TABLE", Takes.TABLE, "list the columns of a table, or those of a view"),
    ".exit": DotCommand("", Takes.NOTHING, "leave, as .quit and Ctrl-D do"),
    ".explain": DotCommand("[SQL]", Takes.SQL, "list the requests of SQL, or of the last, unsent"),
    ".help": DotCommand("", Takes.NOTHING, "show these lines"),
    ".mode": DotCommand("[FORMAT]", Takes.FORMAT, "write rows as table, line, csv …; auto fits the screen"),
    ".output": DotCommand("[FILE]", Takes.FILE, "write the next result to a file; alone, to the screen"),
    ".quit": DotCommand("", Takes.NOTHING, "leave"),
    ".requests": DotCommand("", Takes.NOTHING, "list the requests that the last statement sent"),
    ".sync": DotCommand("FILE [TABLE]…", Takes.FILE, "bring a copy of the account up to date"),
    ".tables": DotCommand("[TEXT]", Takes.TABLE, "list the tables and views, or those named like TEXT"),
    ".timer": DotCommand("[on|off]", Takes.SWITCH, "say how long each statement took, and its requests"),
}


def queries(line: str) -> bool:
    """Whether a dot command runs SQL as a statement does; not where its name is unknown."""
    with suppress(QueryError):
        return read(line)[0] in _QUERIES
    return False


def read(line: str) -> tuple[str, str]:
    """Return the name of a dot command in full, and what stands behind it.

    The beginning of a name is enough where no other begins so. Raises `QueryError` for any other name, and where
    something stands behind a name that takes nothing.
    """
    typed, _, behind = line.strip().partition(" ")
    # As a statement ends, out of habit.
    typed, argument = typed.rstrip(";"), behind.strip()
    name = _known(typed.lower())
    if name is None:
        raise QueryError(f"{shortened(printable(typed), _LONGEST)}: there is no such dot command{_advice(typed)}")
    if COMMANDS[name].takes is Takes.NOTHING and argument.strip(";"):
        raise QueryError(f"{name} takes nothing behind it")
    return name, argument


def _known(typed: str) -> str | None:
    typed = _OTHER_NAMES.get(typed, typed)
    found = [name for name in COMMANDS if name.startswith(typed)]
    return typed if typed in COMMANDS else found[0] if len(found) == 1 else None


def _advice(typed: str) -> str:
    begun = [name for name in COMMANDS if name.startswith(typed.lower())]
    near = begun or difflib.get_close_matches(typed.lower(), COMMANDS, n=1)
    return f", did you mean {' or '.join(near)}?" if near else "; .help lists them"


def help_text() -> str:
    """Return a line for each dot command."""
    heads = {name: f"{name} {command.arguments}".rstrip() for name, command in COMMANDS.items()}
    width = max(map(len, heads.values()))
    lines = [f"{heads[name]:{width}}  {command.about}" for name, command in COMMANDS.items()]
    return "\n".join([*lines, _OTHERWISE])
