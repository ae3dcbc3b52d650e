"""What the probes found, as values; the rules judge them. No text here holds a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Versions:
    """The version of harvest_duck, of Python and of the system, and those of packages; None for a missing package."""

    harvest_duck: str
    python: tuple[int, int, int]
    implementation: str
    packages: Mapping[str, str | None]
    system: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where the settings come from: the file of named connections, environment variables, the sources in use.

    `home` says whether there is a directory for the file, `error` why the settings cannot be used; `ineffective` are
    the properties without effect.
    """

    path: str
    home: bool
    exists: bool
    names: tuple[str, ...]
    variables: tuple[str, ...]
    token_from: str | None
    application_from: str | None
    account_from: str | None
    ineffective: tuple[str, ...] = ()
    error: str | None = None


class Step(StrEnum):
    """The steps on the way to a host."""

    PROXY = "proxy"
    NAME = "name"
    CONNECTION = "connection"
    TLS = "TLS"


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a host: its addresses, or those of the proxy; `failed` is the step that failed, None if none did.

    `reason` is that of the failure. `guarded` says whether the way has TLS. `unread_proxy` and `unread_bundle` are what
    names a proxy or certificates that are not used, `replaced_store` what names some in place of the system's, and
    `trusts_own` says that the connection does.
    """

    host: str
    port: int
    proxy: str | None = None
    addresses: tuple[str, ...] = ()
    failed: Step | None = None
    reason: str = ""
    guarded: bool = True
    unread_proxy: str | None = None
    unread_bundle: str | None = None
    trusts_own: bool = False
    replaced_store: str | None = None
    proxy_from: str | None = None


class Outcome(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    LIMITED = "429"
    BROKEN = "5xx"
    NOT_HARVEST = "another server"
    NO_ANSWER = "no answer"
    NO_ROOM = "no room in the rate limit"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to Harvest: what became of it, the decoded answer, and by how much the clock of the server is ahead.

    `detail` tells more of what is not an answer.
    """

    outcome: Outcome
    detail: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ahead_s: float | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """What became of the request for one record of the endpoint of `table`; `record` is None where none came."""

    table: str
    outcome: Outcome
    record: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """An account that the token reaches."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Token:
    """The token of the connection: its kind, and when it expires, None where that is not known.

    `error` says why there is none; `login` is the command that signs in. `refreshes` says whether a query gets a new
    one by itself, `refreshed` whether it was due just now.
    """

    kind: str
    expires_at: datetime | None = None
    refreshes: bool = False
    refreshed: bool = False
    error: str | None = None
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The shared record of the rate limit: its directory, why it cannot be shared, and how much of the limit is used.

    `allowed` is None where the connection has no limit, `used` where nobody counts.
    """

    directory: str
    error: str | None
    remote: str | None
    allowed: int | None
    window_s: float
    used: int | None
    paused_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Store:
    """The store of sign-ins: how many it has, and why it cannot be read or written, None where it can."""

    where: str
    sign_ins: int = 0
    unreadable: str | None = None
    unwritable: str | None = None


@dataclass(frozen=True, slots=True)
class Space:
    """The free bytes of the file system that holds a directory; None where it cannot be asked."""

    what: str
    directory: str
    free: int | None


@dataclass(frozen=True, slots=True)
class Connected:
    """What was found with a connection that can be used; a part is None where it was not looked at.

    `wanted` are the accounts that the connection names, None where the token tells; `every` asks for all of those.
    `unnamed` says why what it names is no account.
    """

    wanted: tuple[int, ...] | None = None
    every: bool = False
    unnamed: str | None = None
    api: Way | None = None
    id: Way | None = None
    accounts: Exchange | None = None
    reached: tuple[Account, ...] | None = None
    me: Exchange | None = None
    samples: Sequence[Sample] | None = None
    token: Token | None = None
    limits: Limits | None = None
    store: Store | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the probes found at a moment; `connected` is None where the configuration cannot be used.

    `fault` is the name of an error of the probes themselves.
    """

    now: datetime
    offline: bool
    versions: Versions
    configuration: Configuration
    spaces: Sequence[Space]
    connected: Connected | None = None
    fault: str | None = None
    requests: tuple[str, ...] = ()
