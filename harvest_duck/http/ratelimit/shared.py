"""Rate limits that all processes of a user keep together, as Harvest counts the requests of a token and not theirs.

::

    SharedWindow ─ member ─ ledger     what counts, and whether there is room for one more; bytes in, bytes out
                      └──── files      one file for each credential and limit, locked for each use

`shared` is the way in. Where nothing can be shared, on a full disk or without a directory to write to, each process
keeps the limit for itself, and an `UnsharedLimitWarning` says so once.
"""

from __future__ import annotations

import hashlib
import os
import platform
import warnings
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from harvest_duck.connection import Secret
from harvest_duck.errors import CredentialsError
from harvest_duck.http.ratelimit import lock_files
from harvest_duck.http.ratelimit.lock_files import Presence
from harvest_duck.http.ratelimit.participant import Member
from harvest_duck.http.ratelimit.shared_window import SharedWindow
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from harvest_duck.http.ratelimit.window import SystemClock


class UnsharedLimitWarning(UserWarning):
    """Other processes with the same credential cannot be told about requests, and may exceed the limit together."""


def shared(
    whose: tuple[object, ...], requests: int, window_s: float, clock: SystemClock, log: logging.Logger
) -> SharedWindow:
    """A window of at most `requests` in `window_s` seconds, in which the requests of all processes of the user count.

    `whose` names what Harvest counts by; all windows of the same share their count, and each keeps its own number. No
    part of it is to be found in a file or in its name.
    """
    kept = loop.own("quota", _Shared)
    return SharedWindow(requests, window_s, clock, kept.member(whose, clock), lambda reason: kept.tell(reason, log))


def directory(environ: Mapping[str, str]) -> Path:
    """The directory of what is shared: in HARVEST_DUCK_CONFIG_DIR, else in the user's own for what may be lost.

    It is not the one for sessions, which a process started by cron does not have.
    """
    chosen = environ.get("HARVEST_DUCK_CONFIG_DIR")
    return (Path(chosen).absolute() if chosen else platformdirs.user_cache_path("harvest_duck")) / "limits"


class _Shared:
    """What a process takes part in."""

    def __init__(self) -> None:
        self._directory = directory(os.environ)
        self._presence = Presence(self._directory)
        self._members: dict[str, Member] = {}
        self._told = False
        loop.at_stop(self._leave)

    def member(self, whose: tuple[object, ...], clock: SystemClock) -> Member:
        name = _name(whose)
        if name not in self._members:
            self._members[name] = Member(self._directory / f"{name}.window", self._presence, clock.now)
        return self._members[name]

    def tell(self, reason: str, log: logging.Logger) -> None:
        """Say once that nothing is shared: in the log, and as a warning, which is seen where no log is kept."""
        if self._told:
            return
        self._told = True
        told = (
            f"the rate limits are kept for this process alone, others with the same token count apart: {reason}; "
            "set HARVEST_DUCK_CONFIG_DIR to a directory of your own, or give each process its share by RateLimit"
        )
        log.warning("%s", told)
        # Where warnings are errors, a query that is none the worse goes on.
        with suppress(UnsharedLimitWarning):
            warnings.warn(told, UnsharedLimitWarning, stacklevel=2)

    async def _leave(self) -> None:
        for member in self._members.values():
            with suppress(lock_files.Unavailable):
                await loop.apart(member.publish)
        await loop.apart(self._presence.leave)
        with suppress(OSError, CredentialsError):
            await loop.apart(lambda: lock_files.sweep(self._directory))


def _name(whose: tuple[object, ...]) -> str:
    """The name of what is shared about `whose` on this machine, the same in every process."""
    return hashlib.sha256(f"{_machine()}\0{_text(whose)}".encode()).hexdigest()[:32]


@cache
def _machine() -> str:
    """What tells this machine, since it started, from others that share the directory: their clocks differ."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except (OSError, ValueError):
        return platform.node()


def _text(value: object) -> str:
    """A text that is the same in every process for equal values, and differs for others."""
    if isinstance(value, Secret):
        return _text(value.reveal())
    if isinstance(value, tuple):
        return f"({','.join(map(_text, value))})"
    if isinstance(value, Enum):
        return _text(value.name)
    if is_dataclass(value):
        return _text(tuple(getattr(value, field.name) for field in fields(value) if field.compare))
    return repr(value)
