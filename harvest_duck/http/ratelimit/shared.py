"""Rate limits that all processes of a user keep together, because Harvest counts the requests of a token, not theirs.

::

    SharedWindow ─ participant ─┬─ ledger         the requests that count, and whether there is room for one more
                                └─ lock_files     one file for each credential and limit, locked for each use

Without it four scheduled scripts with one token send four times what Harvest allows: each learns of that only by 429
answers, whose pause of up to 15 minutes for reports then stops all four. A file is shared because no process outlives
the others, so none can serve them. It records when each request was sent and which processes live, so that a killed
process gives its room back and a busy one does not shut the others out.

`shared` is the way in. Where nothing can be shared, on a full disk or without a directory to write to, each process
keeps the limit for itself, or its part of it where it knows of others. Where the file was lost, each writes what it
knows before anybody sends again. An `UnsharedLimitWarning` says so.
"""

from __future__ import annotations

import hashlib
import os
import platform
import warnings
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from harvest_duck.connection import Secret
from harvest_duck.errors import CredentialsError
from harvest_duck.http.ratelimit import lock_files
from harvest_duck.http.ratelimit.ledger import Ledger
from harvest_duck.http.ratelimit.lock_files import Presence
from harvest_duck.http.ratelimit.participant import Participant
from harvest_duck.http.ratelimit.shared_window import SharedWindow
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from harvest_duck.http.ratelimit.window import SystemClock


class UnsharedLimitWarning(UserWarning):
    """Other processes with the same credential do not know of this one's requests: together they may pass the limit."""


def shared(
    whose: tuple[object, ...], requests: int, window_s: float, clock: SystemClock, log: logging.Logger
) -> SharedWindow:
    """Return a window of at most `requests` in `window_s` seconds that counts the requests of all the user's processes.

    `whose` names what Harvest counts by: windows with the same `whose` share their count, and each keeps its own limit.
    No part of it can be read from a file or its name.
    """
    own = loop.own("shared limits", _Shared)
    return SharedWindow(
        requests, window_s, clock, own.participant(whose, clock), lambda message: own.warn(message, log)
    )


@dataclass(frozen=True, slots=True)
class Usage:
    """The requests of all the user's processes that count now, and the seconds of a pause that a 429 asked for."""

    used: int
    paused_s: float


def usage(whose: tuple[object, ...], window_s: float, clock: SystemClock) -> Usage:
    """Return how much of a limit is used, by the record that `shared` keeps for `whose`.

    Raises `lock_files.Unavailable` if nothing can be shared, and `ledger.Corrupt` for a record of something else.
    """
    with lock_files.locked(directory(os.environ) / f"{_name(whose)}.window") as descriptor:
        ledger = Ledger(lock_files.read(descriptor), clock.now())
    return Usage(ledger.used(window_s), ledger.paused_s)


def directory(environ: Mapping[str, str]) -> Path:
    """Return the directory of the shared files: in HARVEST_DUCK_CONFIG_DIR, else in the user's cache directory.

    It is a relative path, which `lock_files` refuses, for a user without a home directory.

    Not in the user's runtime directory, which a process started by cron does not have.
    """
    chosen = environ.get("HARVEST_DUCK_CONFIG_DIR")
    if chosen:
        return Path(chosen).absolute() / "limits"
    try:
        return platformdirs.user_cache_path("harvest_duck") / "limits"
    except RuntimeError:
        # platformdirs 4.14; earlier versions return such a path.
        return Path("~/.cache/harvest_duck/limits")


class _Shared:
    """The limits that this process shares."""

    def __init__(self) -> None:
        self._directory = directory(os.environ)
        self._presence = Presence(self._directory)
        self._participants: dict[str, Participant] = {}
        self._told: set[str] = set()
        loop.at_stop(self._end)

    def participant(self, whose: tuple[object, ...], clock: SystemClock) -> Participant:
        name = _name(whose)
        if name not in self._participants:
            self._participants[name] = Participant(self._directory / f"{name}.window", self._presence, clock.now)
        return self._participants[name]

    def warn(self, message: str, log: logging.Logger) -> None:
        """Say once that a limit is not shared, or was lost: in the log, and as a warning for users without a log."""
        # There is a file for each limit, and one cause for all.
        cause, *_ = message.partition(str(self._directory))
        if cause in self._told:
            return
        self._told.add(cause)
        log.warning("%s", message)
        # A program that makes warnings errors still gets its rows.
        with suppress(UnsharedLimitWarning):
            warnings.warn(message, UnsharedLimitWarning, stacklevel=2)

    async def _end(self) -> None:
        for participant in self._participants.values():
            with suppress(lock_files.Unavailable):
                await loop.apart(participant.publish)
        await loop.apart(self._presence.end)
        with suppress(OSError, CredentialsError):
            await loop.apart(lambda: lock_files.remove_unused(self._directory))


def _name(whose: tuple[object, ...]) -> str:
    """Return a name for `whose` on this machine that is the same in every process."""
    return hashlib.sha256(f"{_machine()}\0{_text(whose)}".encode()).hexdigest()[:32]


@cache
def _machine() -> str:
    """Return a text for this machine since its start: others that share the directory have other clocks."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return platform.node()


def _text(value: object) -> str:
    """Return a text that is the same in every process for equal values, and differs for others."""
    if isinstance(value, Secret):
        return _text(value.reveal())
    if isinstance(value, tuple):
        return f"({','.join(map(_text, value))})"
    if is_dataclass(value):
        return _text(tuple(getattr(value, field.name) for field in fields(value) if field.compare))
    return repr(value)
