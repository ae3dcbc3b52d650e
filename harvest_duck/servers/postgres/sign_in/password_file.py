"""The users of the server, in a file of lines `"user" "SCRAM-SHA-256$…"`: the form of PgBouncer's userlist.txt.

The file has verifiers and no passwords. Who reads it can still try passwords against them, and pretend to be the
server: so it is readable for its user alone.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from harvest_duck.errors import CredentialsError
from harvest_duck.runtime import private_file
from harvest_duck.servers.postgres.sign_in.scram import Verifier, made_up, verifier
from harvest_duck.text import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Users", "read", "set_password"]

_LINE = re.compile(r'\s*"(?P<user>(?:[^"]|"")+)"\s+"(?P<verifier>(?:[^"]|"")*)"\s*')


class Users:
    """Who may sign in, and the verifiers of their passwords."""

    def __init__(self, verifiers: Mapping[str, str]) -> None:
        self._verifiers = dict(verifiers)
        # The same in each run, so that nobody tells by it who is a user; and as secret as the verifiers.
        self._secret = hashlib.sha256(repr(sorted(self._verifiers.items())).encode("utf-8", "surrogatepass")).digest()
        self._like = next(map(Verifier.parse, self._verifiers.values()), None)

    def verifier(self, user: str) -> str:
        """Return the user's verifier, or one that no password has, as PostgreSQL does for a user that there is not."""
        made = made_up(user, secret=self._secret, like=self._like)
        return self._verifiers.get(user, made)

    def __len__(self) -> int:
        return len(self._verifiers)

    def __contains__(self, user: object) -> bool:
        return user in self._verifiers


def read(path: Path) -> Users:
    """Return the users of the file at `path`; raises CredentialsError for a file that cannot be trusted or read."""
    text = private_file.read(path)
    if text is None:
        raise CredentialsError(f"{escaped(path)} does not exist: make it with harvest-duck serve --set-password")
    users = Users(_verifiers(path, text))
    if not len(users):
        raise CredentialsError(f"{escaped(path)} has no users: add one with harvest-duck serve --set-password")
    return users


def set_password(path: Path, user: str, password: str) -> None:
    """Write the user's verifier into the file at `path`, in one step and with mode 0600, and keep all other lines."""
    if not user or not user.isprintable():
        raise CredentialsError("the name of a user has to be printable, and not empty")
    if not password or "\0" in password:
        raise CredentialsError("a password has one character at least, and none of them is a zero byte")
    text = private_file.read(path) or ""
    _verifiers(path, text)
    line = f'"{_quoted(user)}" "{verifier(password)}"'
    lines = text.splitlines()
    places = [number for number, old in enumerate(lines) if (read := _LINE.fullmatch(old)) and _user(read) == user]
    if places:
        lines[places[0]] = line
    else:
        lines.append(line)
    private_file.write(path, "\n".join(lines) + "\n")


def _verifiers(path: Path, text: str) -> dict[str, str]:
    """Return the verifier of each user; raises CredentialsError for a line that is none, or has a plain password."""
    verifiers: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(";"):
            continue
        where = f"{escaped(path)}, line {number}"
        read = _LINE.fullmatch(line)
        if read is None:
            raise CredentialsError(f'{where}: a line reads "user" "SCRAM-SHA-256$…", as --set-password writes it')
        user = _user(read)
        if user in verifiers:
            raise CredentialsError(f"{where}: the user {escaped(user)} has a line already: remove one of the two")
        try:
            verifiers[user] = str(Verifier.parse(read["verifier"]))
        except ValueError:
            raise CredentialsError(
                f"{where}: the password of {escaped(user)} is no verifier of SCRAM-SHA-256: "
                "write it with harvest-duck serve --set-password"
            ) from None
    return verifiers


def _user(line: re.Match[str]) -> str:
    return line["user"].replace('""', '"')


def _quoted(user: str) -> str:
    return user.replace('"', '""')
