"""Parses the text of a property into a value of its kind, or raises an error that says what it has to be.

`settings` reads every property through `Values`, which knows the source of each text and has the defaults of
`properties`. No error repeats a value.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from harvest_duck.connection.address import names_host, plain_url
from harvest_duck.connection.properties import PROPERTIES, Kind
from harvest_duck.connection.secret import Secret
from harvest_duck.errors import ConnectionStringError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A database within the process, as DuckDB calls it.
MEMORY: Final = ":memory:"

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_TOKEN = re.compile(r"[!-~]+")
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")
_RATE = re.compile(r"([1-9][0-9]{0,5}) */ *([0-9]{1,9}(?:\.[0-9]{1,6})?)")
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_ACCOUNT = re.compile(r"[1-9][0-9]{0,17}")
# The placeholder of an example, such as _your_account_id. It is no secret, so errors may repeat it.
_PLACEHOLDER = re.compile(r"[A-Za-z_<>\[\] -]{1,40}")
_HEADER_BREAK = re.compile(r"\r\n|\n|\\r\\n|\\n")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~]*)")
_OWN_HEADERS = {"authorization", "connection", "content-length", "harvest-account-id", "host", "proxy-authorization"}
_OWN_HEADERS |= {"transfer-encoding", "user-agent"}


class Place(IntEnum):
    """The kind of source that gave a property; the lower one wins."""

    STRING = 0
    STRING_DSN = 1
    ENVIRONMENT_STRING = 2
    ENVIRONMENT_DSN = 3
    ENVIRONMENT = 4


@dataclass(frozen=True, slots=True)
class Given:
    """The text of a property, and its source."""

    text: str = field(repr=False)
    place: Place
    where: str


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The most `requests` to send within any `window_s` seconds."""

    requests: int
    window_s: float


def in_memory(location: str) -> bool:
    """Whether a location is one within the process, `memory://name` or `:memory:`, rather than the path of a file."""
    return location.lower().startswith(("memory://", MEMORY))


def account_numbers(text: str) -> str | None:
    """Return the numbers that `text` lists, such as "1,2", without blanks and repetitions, or "*", else None."""
    numbers = [number.strip(" ") for number in text.split(",")]
    if all(map(_ACCOUNT.fullmatch, numbers)):
        return ",".join(dict.fromkeys(numbers))
    return "*" if numbers == ["*"] else None


class Values:
    """The typed values of properties; one that is not given, or is empty, has the default of `properties`.

    Every method raises `ConnectionStringError` for a text that is not of its kind.
    """

    def __init__(self, given: Mapping[str, Given]) -> None:
        self._given = given

    def text(self, name: str) -> str | None:
        """One line of text, None if there is none."""
        return self._text(name) or None

    def secret(self, name: str) -> Secret | None:
        """A secret that may hold any character but control characters."""
        text = self._text(name)
        return Secret(text) if text else None

    def token(self, name: str) -> Secret | None:
        """A secret that can stand in an HTTP header: visible ASCII characters only."""
        text = self._text(name)
        if text and not _TOKEN.fullmatch(text):
            raise self._wrong(name)
        return Secret(text) if text else None

    def account(self, name: str) -> str | None:
        """Account numbers as `account_numbers` writes them, or a placeholder, which only `require_accounts` refuses."""
        text = self._text(name).strip()
        numbers = account_numbers(text)
        if text and numbers is None and not _PLACEHOLDER.fullmatch(text):
            raise self._wrong(name)
        return numbers or text or None

    def integer(self, name: str) -> int:
        """A whole number within the bounds of the property; the property has a default."""
        text = self._text(name)
        if not _INTEGER.fullmatch(text) or not PROPERTIES[name].spans(int(text)):
            raise self._wrong(name)
        return int(text)

    def integer_or_none(self, name: str) -> int | None:
        """A whole number within the bounds of the property, None if there is none."""
        return self.integer(name) if self._text(name) else None

    def seconds(self, name: str) -> float | None:
        """A number of seconds, None if there is none."""
        text = self._text(name)
        if text and not _SECONDS.fullmatch(text):
            raise self._wrong(name)
        return float(text) if text else None

    def day(self, name: str) -> date | None:
        """A day such as 2026-03-31 that the sandbox can show, None if there is none."""
        text = self._text(name)
        if not text:
            return None
        if not _DAY.fullmatch(text):
            raise self._wrong(name)
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise self._wrong(name) from error

    def moment(self, name: str) -> datetime | None:
        """A moment in UTC, given in ISO 8601 with a time zone; None if there is none."""
        text = self._text(name)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self._wrong(name) from error
        if moment.tzinfo is None:
            raise self._wrong(name)
        return moment.astimezone(UTC)

    def boolean(self, name: str) -> bool:
        """True or false, in any case."""
        text = self._text(name).lower()
        if text not in {"true", "false"}:
            raise self._wrong(name)
        return text == "true"

    def choice(self, name: str) -> str:
        """One of the choices of the property, as `properties` writes it."""
        text = self._text(name).upper()
        if text not in PROPERTIES[name].choices:
            raise self._wrong(name)
        return text

    def path(self, name: str) -> Path | None:
        """The path of a file that may be missing; ~ is the user's home."""
        text = self._text(name)
        try:
            return Path(text).expanduser() if text else None
        except RuntimeError as error:
            raise self._wrong(name) from error

    def database(self, name: str) -> Path | Literal[":memory:"] | None:
        """The path of a database that may be missing, or ":memory:"; None if there is none."""
        if self._text(name).lower() == MEMORY:
            return MEMORY
        path = self.path(name)
        if path is not None and not path.name:
            raise self._wrong(name)
        return path

    def location(self, name: str) -> str | None:
        """A path, in which ~ is the user's home, or memory:// and a name, both as text; None if there is none.

        Environment variables are filled in, except in a connection string: it may come from somebody else, and an
        error would show the variable.
        """
        text = self._text(name)
        if not text or in_memory(text):
            return text or None
        if self._given[name].place is not Place.STRING:
            text = os.path.expandvars(text)
        try:
            path = Path(text).expanduser()
        except RuntimeError as error:
            raise self._wrong(name) from error
        if not path.name:
            raise self._wrong(name)
        return str(path)

    def file(self, name: str) -> Path | None:
        """The path of an existing file; ~ is the user's home."""
        path = self.path(name)
        # False for a path that cannot be looked at, where Path.is_file() may raise.
        if path is not None and not os.path.isfile(path):  # noqa: PTH113
            raise self._wrong(name)
        return path

    def url(self, name: str) -> str | None:
        """A URL in the form of `plain_url`, None if there is none."""
        text = self._text(name)
        url = plain_url(text) if text else None
        if text and url is None:
            raise self._wrong(name)
        return url

    def host(self, name: str) -> str | None:
        """A host name or IP address in lower case."""
        text = self._text(name).lower()
        if text and not names_host(text):
            raise self._wrong(name)
        return text or None

    def hosts(self, name: str) -> tuple[str, ...]:
        """Host names or IP addresses in lower case; a name may start with "*." or "." for all below it."""
        hosts = tuple(host.strip().lower() for host in self._text(name).split(";") if host.strip())
        if not all(names_host(host.removeprefix("*").removeprefix(".")) for host in hosts):
            raise self._wrong(name)
        return hosts

    def rate(self, name: str) -> RateLimit | None:
        """A rate limit, None for "off"."""
        text = self._text(name)
        if text.lower() == "off":
            return None
        rate = _RATE.fullmatch(text)
        if rate is None or not float(rate[2]):
            raise self._wrong(name)
        return RateLimit(int(rate[1]), float(rate[2]))

    def headers(self, name: str) -> tuple[tuple[str, str], ...]:
        """Header names and values in their order."""
        text = self._text(name)
        return tuple(self._header(name, line) for line in _HEADER_BREAK.split(text) if line.strip(" \t"))

    def _header(self, name: str, line: str) -> tuple[str, str]:
        header = _HEADER.fullmatch(line.strip(" \t"))
        if header is None:
            raise self._wrong(name)
        if header[1].lower() in _OWN_HEADERS:
            raise self._wrong(name, f"headers other than {header[1]}, which is set by harvest_duck itself")
        return header[1], header[2]

    def _text(self, name: str) -> str:
        given = self._given.get(name)
        text = given.text if given else ""
        if PROPERTIES[name].kind is not Kind.HEADERS and _CONTROL.search(text):
            raise self._wrong(name)
        return text or PROPERTIES[name].default

    def _wrong(self, name: str, expected: str | None = None) -> ConnectionStringError:
        given = self._given[name]
        return ConnectionStringError(f"{given.where}: {name} has to be {expected or PROPERTIES[name].expected}")
