"""Named connections as things to add, list, check and remove: the sections of `connections.toml`, and the sandbox.

::

    connections.add("acme", "AccountId=123456;APIKey=…")
    connections.check("acme")                   # (CheckedConnection(name='acme', user='Ada Moreau', …),)
    harvest_duck.connect("DSN=acme")

The command line calls it. `connection.dsn` reads the same file whenever a connection string names a DSN; here it is
written, one program at a time. No error and nothing that is returned holds a secret.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harvest_duck import sandbox
from harvest_duck.connection import PROPERTIES, Kind, config_directory, parse, render, resolve
from harvest_duck.connection.dsn import named_connections, shown
from harvest_duck.connection.layers import Layer, canonical, merge
from harvest_duck.connection.parsing import Place, Values
from harvest_duck.connection.secret_leaks import bearer
from harvest_duck.connection.toml_edit import with_section, without_sections
from harvest_duck.errors import ConnectionStringError, CredentialsError
from harvest_duck.runtime import private_file
from harvest_duck.scanner.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harvest_duck.connection.dsn import NamedConnections

__all__ = ["CheckedConnection", "NamedConnection", "add", "check", "listed", "remove", "require_free"]

_NAME = re.compile(r"""[^;'"{}\[\]]{1,64}""")
_NAME_RULE = (
    "the name of a connection is printable text of at most 64 characters without ; ' \" { } [ ] and outer blanks"
)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_NUMBERS = {Kind.ACCOUNT, Kind.INTEGER, Kind.SECONDS}
_SIGN_INS = {"APIKey": "personal token", "OAuthAccessToken": "OAuth", None: "none"}
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class NamedConnection:
    """What a DSN can name: its account, how it signs in, and the file that it stands in, or "built in"."""

    name: str
    account_id: str | None
    signs_in: str
    where: str


@dataclass(frozen=True, slots=True)
class CheckedConnection:
    """A connection that Harvest has answered: whose token it is in one of its accounts."""

    name: str
    user: str
    email: str
    account_id: str


_SANDBOX = NamedConnection("sandbox", str(sandbox.MAIN_ID), "personal token", "built in")


def add(name: str, connection: str, *, replace: bool = False, config_dir: Path | None = None) -> NamedConnection:
    """Keep the connection string under `name` in `connections.toml`, so that `DSN=name` stands for it.

    Each property becomes a key under its canonical name; with `replace` they take the place of those of the connection
    that has the name, in any case. Raises `ConnectionStringError` for a string that cannot be used or leads to a DSN
    itself, for a name that is taken or cannot be one, and for a file that cannot be read or written; nothing has
    changed then.
    """
    texts = _texts(connection)
    _refuse_name(name)
    path = _path(config_dir)
    with _alone(path) as (target, found):
        _refuse_taken(name, found, replace=replace)
        kept, *others = _spellings(name, found) or [name]
        text = without_sections(found.text, others) if others else found.text
        section = {entry: _value(entry, each) for entry, each in texts.items()}
        private_file.write(target, with_section(text, kept, section))
    return _named(kept, texts, where=str(path))


def listed(*, config_dir: Path | None = None) -> list[NamedConnection]:
    """What a DSN can name: the sections of `connections.toml` in their order, then what is built in.

    Raises `ConnectionStringError` for a file that cannot be read, and for a section that cannot be used.
    """
    found = named_connections(_path(config_dir), {})
    names = [
        _named(known, entry[1], where=str(found.path))
        for known in found.sections
        if _spellings(known, found)[0] == known and (entry := found.find(known))
    ]
    return names if _spellings(_SANDBOX.name, found) else [*names, _SANDBOX]


def check(name: str) -> tuple[CheckedConnection, ...]:
    """Whose token the connection called `name` asks with, in each of its accounts; each tells, in one request.

    The accounts come in the order of AccountId, for `*` in Harvest's. The name is read as `DSN=name` is, with the
    environment behind it. Raises the errors of `harvest_duck.errors`, for an account that the token does not reach too.
    """
    if not name:
        raise ConnectionStringError(_NAME_RULE)
    columns = ["first_name", "last_name", "email", "account_id"]
    # A row is an account here, and all of them are checked.
    users = scan("me", render({"DSN": name, "MaxRows": "-1"}), columns=columns).read_all().to_pylist()
    return tuple(_checked(name, user) for user in users)


def remove(name: str, *, config_dir: Path | None = None) -> None:
    """Take the connection called `name`, in any case, out of `connections.toml`; comments below its last key stay.

    Raises `ConnectionStringError` for a name that is not in the file, and for a file that cannot be read or written.
    """
    path = _path(config_dir)
    # Looked up before the file is locked: that would make its directory.
    _known(name, named_connections(path, {}))
    with _alone(path) as (target, found):
        private_file.write(target, without_sections(found.text, _known(name, found)))


def require_free(name: str, *, replace: bool = False, config_dir: Path | None = None) -> None:
    """Nothing where `add` can use `name`, which is good to know before a person is asked for the rest.

    Raises `ConnectionStringError` for a name that is taken, unless it is to `replace`, or cannot be one.
    """
    _refuse_name(name)
    _refuse_taken(name, named_connections(_path(config_dir), {}), replace=replace)


def _texts(connection: str) -> dict[str, str]:
    """The properties of a string that can be used as it is."""
    where = "connection string"
    texts = canonical(parse(connection, where=where).items(), where=where)
    if "DSN" in texts:
        raise ConnectionStringError(f"{where}: a named connection cannot lead to another DSN")
    if not texts:
        raise ConnectionStringError(f"{where}: there is nothing in it to keep")
    resolve(connection, environ={})
    return texts


def _value(name: str, text: str) -> str | int:
    """The text as TOML has it: a number where that reads back as the same text."""
    return int(text) if PROPERTIES[name].kind in _NUMBERS and _WHOLE.fullmatch(text) else text


def _named(name: str, texts: Mapping[str, str], *, where: str) -> NamedConnection:
    given = merge([Layer(Place.STRING_DSN, f"DSN {shown(name)}", texts)])
    values = Values(given)
    signs_in = "OAuth" if values.choice("AuthScheme") == "OAUTH" else _SIGN_INS[bearer(given)]
    return NamedConnection(name, values.account("AccountId"), signs_in, where)


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
        raise ConnectionStringError(f"DSN {shown(same[0])} is there already: remove it first, or add it with --replace")


def _known(name: str, found: NamedConnections) -> list[str]:
    """The sections called `name` in any case; `ConnectionStringError` where there is none."""
    same = _spellings(name, found)
    if not same and name.casefold() == _SANDBOX.name:
        raise ConnectionStringError(f"DSN {_SANDBOX.name} is built in and cannot be removed")
    if not same:
        raise ConnectionStringError(f"no connection in {found.path} has that name; there are: {found.names}")
    return same


def _spellings(name: str, found: NamedConnections) -> list[str]:
    """The sections called `name` in any case; the first is the one that a DSN finds."""
    return [known for known in found.sections if known.casefold() == name.casefold()]


def _path(config_dir: Path | None) -> Path:
    return (config_dir or config_directory(os.environ)) / "connections.toml"


@contextmanager
def _alone(path: Path) -> Iterator[tuple[Path, NamedConnections]]:
    """The file that `path` leads to and what is in it, while no other program that asks as well can change it."""
    # A person may keep the file elsewhere, under version control, and a link to it here.
    target = Path(os.path.realpath(path))
    try:
        private_file.make_directory(target.parent)
        with _locked(target):
            yield target, named_connections(path, {})
    except CredentialsError as error:
        raise ConnectionStringError(str(error)) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only writing needs it

    # The mode is given, since a umask could close the file to its own user.
    lock = FileLock(f"{path}.lock", timeout=_PATIENCE_S, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise ConnectionStringError(f"another program is writing {path}: try again") from None
    except OSError as error:
        raise ConnectionStringError(f"{path}.lock cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()
