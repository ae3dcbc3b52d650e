"""A stand-in for Harvest on loopback HTTP: two made-up accounts behind the API v2 as documented, limits included.

Harvest itself is nowhere needed to try harvest_duck or to test it. The sandbox knows nothing of the client: it is
written from Harvest's documentation, so that where the two disagree, one has misread it. What it generates is the same
each time.

::

    with Sandbox(scale=0.1) as sandbox:
        harvest_duck.scan("time_entries", sandbox.connection_string(role="member"))

With `Sandbox(hostile=Schedule.seeded(17))` answers go wrong, the same way each time, as `schedule` has it.

`Sandbox` starts and stops one, `shared` is one for the whole process, `serve_forever` is for the command line.
"""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from harvest_duck.sandbox.api.request_log import LoggedRequest
from harvest_duck.sandbox.data.profile import TODAY
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

__all__ = [
    "ADMINISTRATOR_TOKEN",
    "EURO_ADMINISTRATOR_TOKEN",
    "EURO_ID",
    "FORECAST_ID",
    "MAIN_ID",
    "MANAGER_TOKEN",
    "MEMBER_TOKEN",
    "OAUTH_CLIENT_ID",
    "OAUTH_CLIENT_SECRET",
    "REDIRECT_URIS",
    "TODAY",
    "Fault",
    "IssuedTokens",
    "Kind",
    "LoggedRequest",
    "Sandbox",
    "Schedule",
    "serve_forever",
    "shared",
]


class _Shared:
    """The sandbox of the process, and those of its ancestors, whose sockets are theirs to close."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sandbox: Sandbox | None = None
        self.inherited: list[Sandbox] = []

    def stop(self) -> None:
        """Stop the sandbox of this process."""
        with self.lock:
            if self.sandbox is not None:
                self.sandbox.stop()
                self.sandbox = None

    def forked(self) -> None:
        """Begin anew in a child process, where the thread of the parent does not run."""
        self.lock = threading.Lock()
        if self.sandbox is not None:
            self.inherited.append(self.sandbox)
            self.sandbox = None


_shared = _Shared()
atexit.register(_shared.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.forked)


def shared() -> Sandbox:
    """A running sandbox with seed 7 and scale 1, the same one for the whole process, started when first asked for.

    It stops when the interpreter exits, and a forked process gets one of its own. It does not enforce the rate limits,
    as many tests share it.
    """
    with _shared.lock:
        if _shared.sandbox is None:
            _shared.sandbox = Sandbox(seed=7, scale=1, limits=False)
        return _shared.sandbox.start()


def serve_forever(
    host: str = "127.0.0.1",
    port: int = 8181,
    *,
    ready: Callable[[Sandbox], None] | None = None,
    **options: Any,  # noqa: ANN401 - those of Sandbox
) -> None:
    """Run a sandbox until Ctrl-C, with the `options` of `Sandbox`; `ready` is called once it listens.

    OSError where the port is taken.
    """
    sandbox = Sandbox(host=host, port=port, **options)
    with suppress(KeyboardInterrupt), sandbox:
        if ready is not None:
            ready(sandbox)
        sandbox.wait()
