"""Named connections: the sections of `connections.toml`, and those that are built in.

::

    [acme]
    AccountId = 123456
    APIKey = "…"

    [beta]
    connection = "AccountId=234567;APIKey=…"

The file is only read here, and only when a connection names a DSN; `harvest_duck.connections` writes it.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harvest_duck.connection.grammar import fold, parse
from harvest_duck.connection.layers import Layer, canonical, merge
from harvest_duck.connection.parsing import Place, Values
from harvest_duck.connection.properties import PROPERTIES
from harvest_duck.connection.secret_leaks import bearer
from harvest_duck.errors import ConnectionStringError
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

_POSITION = re.compile(r"line \d+, column \d+")
_SIGN_INS = {"APIKey": "personal token", "OAuthAccessToken": "OAuth", None: "none"}
#: The most names that an error lists.
_LISTED = 20
#: The error of a `Today` for an account of Harvest.
TODAY_ELSEWHERE = "Today is only for DSN=sandbox: leave it out"
_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class NamedConnections:
    """The connections that a DSN may name: the sections of the file at `path`, then those of `builtin`.

    `text` is the text of the file, empty if there is none.
    """

    path: Path
    text: str = field(repr=False)
    sections: Mapping[str, Mapping[str, object]] = field(repr=False)
    builtin: Mapping[str, Callable[[date | None], str]]

    @property
    def names(self) -> str:
        """The names, as errors list them: the first ones, and how many more there are."""
        names = sorted({*map(escaped, self.sections), *self.builtin})
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        return f"{', '.join(names[:_LISTED])}{more}" if names else "none"

    def find(self, name: str, today: date | None = None) -> tuple[str, dict[str, str]] | None:
        """Return where the connection called `name`, in any case, is, and its properties; None if it is unknown.

        One that is built in is told `today`; another one has none, which is a `ConnectionStringError`.
        """
        for known in (*self.sections, *self.builtin):
            if known.casefold() == name.casefold():
                where = f"DSN {escaped(known)}"
                if known not in self.sections:
                    return where, _texts({"connection": self.builtin[known](today)}, where=where)
                if today is not None:
                    raise ConnectionStringError(f"{where}: {TODAY_ELSEWHERE}")
                return where, _texts(self.sections[known], where=where)
        return None


def named_connections(path: Path, builtin: Mapping[str, Callable[[date | None], str]]) -> NamedConnections:
    """Return the named connections of `builtin` and of the file at `path`, which may be missing.

    Raises `ConnectionStringError` for a file that cannot be read, and for one that holds a secret while its mode lets
    other users read or write it.
    """
    text, document, mode = _read(path)
    sections: dict[str, Mapping[str, object]] = {}
    for name, section in document.items():
        if not isinstance(section, dict):
            raise ConnectionStringError(f"{path}: a property stands before the first [section]")
        sections[name] = section
    if os.name == "posix" and mode & _OTHERS and any(map(_holds_secret, sections.values())):
        raise ConnectionStringError(f"{path} holds a secret and is open to other users: chmod 600 {path}")
    return NamedConnections(path, text, sections, builtin)


def summary(texts: Mapping[str, str], *, where: str) -> tuple[str | None, str]:
    """Return the AccountId of the properties `texts`, and how they sign in: "OAuth", "personal token" or "none".

    Raises `ConnectionStringError`, which begins with `where`, for an AccountId or an AuthScheme that cannot be one.
    """
    given = merge([Layer(Place.STRING_DSN, where, texts)])
    values = Values(given)
    scheme = "OAuthAccessToken" if values.choice("AuthScheme") == "OAUTH" else bearer(given)
    return values.account("AccountId"), _SIGN_INS[scheme]


def _read(path: Path) -> tuple[str, dict[str, object], int]:
    """Return the text of the file at `path`, its TOML document and its mode; empty if there is no file."""
    try:
        with path.open("rb") as file:
            text = file.read().decode()
            return text, tomllib.loads(text), os.fstat(file.fileno()).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "", {}, 0
    except OSError as error:
        raise ConnectionStringError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        # Not chained, because TOML and UTF-8 errors hold the text.
        position = _POSITION.search(str(error))
        raise ConnectionStringError(f"{path} is no TOML file{f': {position[0]}' if position else ''}") from None


def _holds_secret(section: Mapping[str, object]) -> bool:
    try:
        texts = _texts(section, where="")
    except ConnectionStringError:
        return True
    return any(PROPERTIES[name].secret and text for name, text in texts.items())


def _texts(section: Mapping[str, object], *, where: str) -> dict[str, str]:
    """Return the properties of one section and of its `connection` string."""
    pairs: list[tuple[str, str]] = []
    for name, value in section.items():
        text = _text(value, where=where)
        pairs += parse(text, where=where).items() if fold(name) == "connection" else [(name, text)]
    texts = canonical(pairs, where=where)
    if texts.get("DSN"):
        raise ConnectionStringError(f"{where}: a named connection cannot lead to another DSN")
    if texts.get("Today"):
        raise ConnectionStringError(f"{where}: {TODAY_ELSEWHERE}")
    return texts


def _text(value: object, *, where: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ConnectionStringError(f"{where}: every value has to be text, a number, true or false")
