"""The databases that a server has: the name of each, and the connection string that it answers for.

A database is called as the DSN of its connection string is. BI tools ask the same columns again and again, so that the
answers of each come from a cache: the memory of the process, unless the connection names a cache of its own.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck.connection import canonical, parse, render, resolve
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harvest_duck.connection import Connection

__all__ = ["Served", "age_of_answers", "called_by_dsn", "duration", "offline", "served"]

_WHERE = "connection string"
_MEMORY = ":memory:"
#: What may stand before the = of --mirror as a name; a path such as ./a=b.duckdb has none.
_NAME = re.compile(r"[\w-]+")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Served:
    """A database: its name, and the connection string that answers for it, with its cache."""

    name: str
    connection: str = field(repr=False)


def called_by_dsn(connection: str) -> tuple[str, str]:
    """Return the name of a database, which is the DSN of a connection string, and that string.

    Raises `ConnectionStringError` for a string that cannot be read, and `ValueError` for one without a DSN.
    """
    name = _texts(connection).get("DSN", "")
    if not name:
        raise ValueError("a connection string without a DSN has no name for its database: give it one by --database")
    return name, connection


def served(databases: Sequence[tuple[str, str]], *, cache_s: int | None, mirrors: Sequence[str]) -> tuple[Served, ...]:
    """Return the databases of these names and connection strings, each with its cache.

    `cache_s` is how old answers may be, 0 where Harvest is asked each time; None leaves it to the connection, and to
    memory where that says nothing. `mirrors` are the files of copies, each as NAME=FILE, or FILE alone for the only
    database. Raises `ConnectionStringError` for a string that cannot be used, and `ValueError` for names and files that
    do not fit together.
    """
    _refuse_names([name for name, _ in databases])
    files = _files([name for name, _ in databases], mirrors)
    return tuple(Served(name, _with_cache(string, cache_s, files.get(name))) for name, string in databases)


def offline(connection: str, mirror: Path) -> str:
    """Return the connection string that is answered from the file of a copy alone, whatever its age.

    Raises `ConnectionStringError` for a string that cannot be read.
    """
    file = os.path.abspath(mirror.expanduser())  # noqa: PTH100 - follows no link
    return render(_texts(connection) | {"CacheLocation": file, "Offline": "true"})


def age_of_answers(settings: Connection) -> str:
    """Where the answers of a connection come from, and how old they may be, in words."""
    cache = settings.cache
    if cache is None:
        return "asked of Harvest each time"
    place = "memory" if cache.path is None else escaped(cache.path.name)
    if cache.as_of is not None:
        return f"from {place}, as of {cache.as_of:%Y-%m-%d %H:%M} UTC"
    if cache.offline:
        return f"from {place} alone, whatever its age"
    return f"from {place}, at most {duration(cache.tolerance_s)} old"


def duration(seconds: float) -> str:
    """Return a time in the largest unit of which it is a whole number."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds and seconds % size == 0), (1, "s"))
    return f"{seconds / size:g} {unit}"


def _texts(connection: str) -> dict[str, str]:
    return canonical(parse(connection, where=_WHERE).items(), where=_WHERE)


def _refuse_names(names: Sequence[str]) -> None:
    folded: set[str] = set()
    for name in names:
        if not name or not name.isprintable():
            raise ValueError(f"{escaped(name) or 'an empty name'} cannot be the name of a database")
        if name.casefold() in folded:
            raise ValueError(f"two databases would be called {name}: give one of them another name by --database")
        folded.add(name.casefold())


def _files(names: Sequence[str], mirrors: Sequence[str]) -> Mapping[str, Path]:
    """Return the file of the copy of each database that has one."""
    files: dict[str, Path] = {}
    for mirror in mirrors:
        before, equals, after = mirror.partition("=")
        if equals and before in names:
            name, file = before, after
        elif equals and _NAME.fullmatch(before):
            raise ValueError(f"--mirror {escaped(mirror)}: no database is called {escaped(before)}")
        elif len(names) == 1:
            name, file = names[0], mirror
        else:
            raise ValueError(f"--mirror {escaped(mirror)}: say which database it is of, such as {names[0]}=FILE")
        if not file:
            raise ValueError(f"--mirror {escaped(mirror)}: the file is missing")
        if name in files:
            raise ValueError(f"--mirror: {name} has two files")
        files[name] = Path(file).expanduser()
        if not files[name].absolute().parent.is_dir():
            raise ValueError(f"--mirror {escaped(mirror)}: its folder is not there")
    return files


def _with_cache(connection: str, cache_s: int | None, mirror: Path | None) -> str:
    """Return the connection string with what says where its answers come from."""
    texts, own = _texts(connection), resolve(connection).cache
    added: dict[str, str] = {}
    if mirror is not None:
        added = {"CacheLocation": os.path.abspath(mirror), "AutoCache": "true"}  # noqa: PTH100 - follows no link
    elif own is None and cache_s != 0:
        # An AutoCache=false of the DSN still says that there is none, unless an age is asked for.
        added = {"CacheLocation": _MEMORY} | ({} if cache_s is None else {"AutoCache": "true"})
    has_file = mirror is not None or (own is not None and own.path is not None)
    if cache_s == 0 and not has_file:
        added = {"AutoCache": "false"}
    elif cache_s is not None:
        added["CacheTolerance"] = f"{cache_s}"
    return render(texts | added)
