"""Add, list, check and remove named connections: the sections of `connections.toml`, and the built-in sandbox.

::

    connections.add("acme", "AccountId=123456;APIKey=…")
    connections.check("acme")                   # (CheckedConnection(name='acme', user='Ada Moreau', …),)
    harvest_duck.connect("DSN=acme")

The command line calls these functions. `connection.dsn` reads the same file whenever a connection string names a DSN;
this module writes it, one program at a time. No error and no returned value holds a secret.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck import sandbox
from harvest_duck.connection import (
    PROPERTIES,
    Kind,
    canonical,
    config_directory,
    named_connections,
    parse,
    render,
    resolve,
    summary,
    with_section,
    without_sections,
)
from harvest_duck.errors import ConnectionStringError, CredentialsError
from harvest_duck.runtime import file_lock, private_file
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harvest_duck.connection import NamedConnections

__all__ = ["CheckedConnection", "NamedConnection", "add", "check", "listed", "remove", "require_free"]

_NAME = re.compile(r"""[^;'"{}\[\]]{1,64}""")
_NAME_RULE = (
    "the name of a connection is printable text of at most 64 characters without ; ' \" { } [ ] and outer blanks"
)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_NUMBERS = {Kind.ACCOUNT, Kind.INTEGER, Kind.SECONDS}
#: Seconds to wait for another program that writes the file.
_LOCK_S = 10.0


@dataclass(frozen=True, slots=True)
class NamedConnection:
    """A named connection: its account, how it signs in, and the file that has it, or "built in"."""

    name: str
    account_id: str | None
    signs_in: str
    where: str


@dataclass(frozen=True, slots=True)
class CheckedConnection:
    """A connection that Harvest has answered: the person of its token in one of its accounts."""

    name: str
    user: str
    email: str
    account_id: str


_SANDBOX = NamedConnection("sandbox", str(sandbox.MAIN_ID), "personal token", "built in")


def __dir__() -> list[str]:
    return __all__


def add(name: str, connection: str, *, replace: bool = False, config_dir: Path | None = None) -> NamedConnection:
    """Store the connection string under `name` in `connections.toml`, so that `DSN=name` stands for it.

    Each property becomes a key under its canonical name. With `replace` they replace the connection of that name, in
    any case. Raises `ConnectionStringError`, and changes nothing, for a string that cannot be used or has a DSN itself,
    for a name that is taken or not allowed, and for a file that cannot be read or written.
    """
    texts = _texts(connection)
    _refuse_name(name)
    path = _path(config_dir)
    with _locked(path) as (target, found):
        _refuse_taken(name, found, replace=replace)
        stored, *others = _spellings(name, found) or [name]
        text = without_sections(found.text, others) if others else found.text
        section = {entry: _value(entry, each) for entry, each in texts.items()}
        private_file.write(target, with_section(text, stored, section))
    return _named(stored, texts, where=str(path))


def listed(*, config_dir: Path | None = None) -> list[NamedConnection]:
    """Return what a DSN can name: the sections of `connections.toml` in their order, then the built-in sandbox.

    Raises `ConnectionStringError` for a file that cannot be read, and for a section that cannot be used.
    """
    found = named_connections(_path(config_dir), {})
    names = [
        _named(known, entry[1], where=str(found.path))
        for known in found.sections
        if _spellings(known, found)[0] == known and (entry := found.find(known))
    ]
    return names if _spellings(_SANDBOX.name, found) else [*names, _SANDBOX]


def check(name: str, connection: str | None = None) -> tuple[CheckedConnection, ...]:
    """Return whose token the connection called `name` sends, by one request to each of its accounts.

    The accounts come in the order of AccountId, for `*` in Harvest's. The name is read as `DSN=name` is, with the
    environment for the properties that it lacks; another `connection` string takes the place of that. Raises the errors
    of `harvest_duck.errors`, also for an account that the token does not reach.
    """
    if not name:
        raise ConnectionStringError(_NAME_RULE)
    # Imported here, because HTTP takes longer to load than all else that names a connection.
    from harvest_duck.cache.answer import scan  # noqa: PLC0415

    columns = ["first_name", "last_name", "email", "account_id"]
    # One row for each account, and all of them are asked of Harvest, whatever MaxRows and the cache say.
    live = {"MaxRows": "-1", "AutoCache": "false", "Offline": "false", "AsOf": ""}
    where = "connection string"
    texts = {"DSN": name} if connection is None else canonical(parse(connection, where=where).items(), where=where)
    users = scan("me", render(texts | live), columns=columns).read_all().to_pylist()
    return tuple(_checked(name, user) for user in users)


def remove(name: str, *, config_dir: Path | None = None) -> None:
    """Remove the connection called `name`, in any case, from `connections.toml`; comments below its last key stay.

    Raises `ConnectionStringError` for a name that is not in the file, and for a file that cannot be read or written.
    """
    path = _path(config_dir)
    # Looked up before the file is locked, because locking makes its directory.
    _known(name, named_connections(path, {}))
    with _locked(path) as (target, found):
        private_file.write(target, without_sections(found.text, _known(name, found)))


def require_free(name: str, *, replace: bool = False, config_dir: Path | None = None) -> None:
    """Raise `ConnectionStringError` if `add` cannot use `name`: it is not allowed, or taken and not to `replace`.

    For callers that ask a person for the rest only afterwards.
    """
    _refuse_name(name)
    _refuse_taken(name, named_connections(_path(config_dir), {}), replace=replace)


def _texts(connection: str) -> dict[str, str]:
    """Return the properties of a string; raises `ConnectionStringError` if it cannot be used."""
    where = "connection string"
    texts = canonical(parse(connection, where=where).items(), where=where)
    if "DSN" in texts:
        raise ConnectionStringError(f"{where}: a named connection cannot lead to another DSN")
    if not texts:
        raise ConnectionStringError(f"{where}: there is nothing in it to keep")
    resolve(connection, environ={})
    return texts


def _value(name: str, text: str) -> str | int:
    """Return the value in TOML: a number if that reads back as the same text."""
    return int(text) if PROPERTIES[name].kind in _NUMBERS and _WHOLE.fullmatch(text) else text


def _named(name: str, texts: Mapping[str, str], *, where: str) -> NamedConnection:
    account_id, signs_in = summary(texts, where=f"DSN {escaped(name)}")
    return NamedConnection(name, account_id, signs_in, where)


def _checked(name: str, user: Mapping[str, object]) -> CheckedConnection:
    called = " ".join(str(part) for part in (user["first_name"], user["last_name"]) if part)
    return CheckedConnection(name, called, str(user["email"] or ""), str(user["account_id"]))


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name) or not name.isprintable() or name != name.strip():
        raise ConnectionStringError(_NAME_RULE)
    if name.casefold() == _SANDBOX.name:
        raise ConnectionStringError(f"DSN {_SANDBOX.name} is built in: choose another name")


def _refuse_taken(name: str, found: NamedConnections, *, replace: bool) -> None:
    same = _spellings(name, found)
    if same and not replace:
        raise ConnectionStringError(
            f"DSN {escaped(same[0])} is there already: remove it first, or add it with --replace"
        )


def _known(name: str, found: NamedConnections) -> list[str]:
    """Return the sections called `name` in any case; raises `ConnectionStringError` if there is none."""
    same = _spellings(name, found)
    if not same and name.casefold() == _SANDBOX.name:
        raise ConnectionStringError(f"DSN {_SANDBOX.name} is built in and cannot be removed")
    if not same:
        raise ConnectionStringError(f"no connection in {found.path} has that name; there are: {found.names}")
    return same


def _spellings(name: str, found: NamedConnections) -> list[str]:
    """Return the sections called `name` in any case; a DSN finds the first."""
    return [known for known in found.sections if known.casefold() == name.casefold()]


def _path(config_dir: Path | None) -> Path:
    return (config_dir or config_directory(os.environ)) / "connections.toml"


@contextmanager
def _locked(path: Path) -> Iterator[tuple[Path, NamedConnections]]:
    """A context in which no other harvest_duck changes `path`; yields the file that it leads to, and what it names."""
    # A person may keep the file elsewhere, under version control, with a link to it here.
    target = Path(os.path.realpath(path))
    lock = target.with_name(f"{target.name}.lock")
    try:
        private_file.make_directory(target.parent)
        with file_lock.locked(lock, _LOCK_S):
            yield target, named_connections(path, {})
    except CredentialsError as error:
        raise ConnectionStringError(str(error)) from error
    except TimeoutError:
        raise ConnectionStringError(f"another program is writing {target}: try again") from None
    except OSError as error:
        raise ConnectionStringError(f"{lock} cannot be written: {error.strerror}") from error
