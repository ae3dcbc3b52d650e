"""A stand-in for Harvest on loopback HTTP: two made-up accounts behind the documented API v2, with its rate limits.

It makes it possible to try and to test harvest_duck without Harvest. The sandbox shares no code with the client: it is
written from Harvest's documentation, so a misreading of the API on one side fails against the other. It generates the
same records each time.

::

    with Sandbox(scale=0.1) as sandbox:
        harvest_duck.scan("time_entries", sandbox.connection_string(role="member"))

`Sandbox(faults=Schedule.seeded(17))` injects faults from a seed, the same ones each time.

`Settings` makes the agency another one, and `Sandbox.account` has methods that change its records as Harvest does.

`Sandbox` starts and stops one sandbox, `shared` returns one for the whole process, `serve_forever` serves the command
line.
"""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from harvest_duck.sandbox.api.request_log import LoggedRequest
from harvest_duck.sandbox.data.profile import TODAY, WEEK_STARTS, Settings
from harvest_duck.sandbox.data.time_rounding import MINUTES, Rounding, TimeRounding
from harvest_duck.sandbox.faults.schedule import Fault, Kind, Schedule
from harvest_duck.sandbox.grants import (
    ADMINISTRATOR_TOKEN,
    EURO_ADMINISTRATOR_TOKEN,
    EURO_ID,
    FORECAST_ID,
    MAIN_ID,
    MANAGER_TOKEN,
    MEMBER_TOKEN,
    OAUTH_CLIENT_ID,
    OAUTH_CLIENT_SECRET,
    REDIRECT_URIS,
)
from harvest_duck.sandbox.identity.authority import IssuedTokens
from harvest_duck.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

__all__ = [
    "ADMINISTRATOR_TOKEN",
    "EURO_ADMINISTRATOR_TOKEN",
    "EURO_ID",
    "FORECAST_ID",
    "MAIN_ID",
    "MANAGER_TOKEN",
    "MEMBER_TOKEN",
    "MINUTES",
    "OAUTH_CLIENT_ID",
    "OAUTH_CLIENT_SECRET",
    "REDIRECT_URIS",
    "TODAY",
    "WEEK_STARTS",
    "Fault",
    "IssuedTokens",
    "Kind",
    "LoggedRequest",
    "Rounding",
    "Sandbox",
    "Schedule",
    "Settings",
    "TimeRounding",
    "serve_forever",
    "shared",
]


class _Shared:
    """The sandboxes of this process by their today, and those inherited by fork, whose sockets the parent closes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sandboxes: dict[date, Sandbox] = {}
        self.inherited: list[Sandbox] = []

    def stop(self) -> None:
        """Stop the sandboxes of this process."""
        with self.lock:
            for sandbox in self.sandboxes.values():
                sandbox.stop()
            self.sandboxes.clear()

    def forked(self) -> None:
        """Start without a sandbox in a child process: the threads of the parent do not run there."""
        self.lock = threading.Lock()
        self.inherited += self.sandboxes.values()
        self.sandboxes.clear()


_shared = _Shared()
atexit.register(_shared.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.forked)


def shared(today: date = TODAY) -> Sandbox:
    """Return the running sandbox of this process with that `today`, seed 7 and scale 1; the first call starts it.

    It stops when the interpreter exits; a forked process gets its own. It does not enforce the rate limits, as many
    tests share it.
    """
    with _shared.lock:
        if today not in _shared.sandboxes:
            _shared.sandboxes[today] = Sandbox(seed=7, scale=1, today=today, limits=False)
        return _shared.sandboxes[today].start()


def serve_forever(
    host: str = "127.0.0.1",
    port: int = 8181,
    *,
    ready: Callable[[Sandbox], None] | None = None,
    **options: Any,  # noqa: ANN401 - those of Sandbox
) -> None:
    """Run a sandbox with the `options` of `Sandbox` until Ctrl-C; `ready` is called once it listens.

    OSError if the port is taken.
    """
    sandbox = Sandbox(host=host, port=port, **options)
    with suppress(KeyboardInterrupt), sandbox:
        if ready is not None:
            ready(sandbox)
        sandbox.wait()
