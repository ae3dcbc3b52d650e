"""The person's machine during a sign-in: a browser to open, a terminal to read from, and standard error.

There is no browser over SSH or in a container without a screen, unless the environment names one (BROWSER).
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import webbrowser
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Seconds that a person has to agree.
LIMIT_S = 300.0
#: More characters than any redirect has.
_LONGEST = 16_384


def tell(text: str) -> None:
    """Write to the person, on standard error because standard output may be data."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the terminal is what this module is for


def terminal_there() -> bool:
    """Whether a person sits at the terminal that this process reads from."""
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:
        return False


def browser_there(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a browser can be opened that the person would see."""
    if environ.get("BROWSER"):
        return True
    if environ.get("CI") or environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    if platform not in ("win32", "darwin") and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        # Without a screen, webbrowser would find a text browser and take the terminal.
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Interaction:
    """How a person is asked to sign in.

    `browser` opens a browser, `terminal` lets them paste, `limit_s` is the time that they have, `tell` writes to them.
    """

    browser: bool
    terminal: bool
    limit_s: float = LIMIT_S
    tell: Callable[[str], None] = tell

    @classmethod
    def found(cls) -> Interaction:
        """Return what this machine offers."""
        return cls(browser=browser_there(), terminal=terminal_there())


def open_browser(url: str) -> None:
    """Open `url` in the person's browser, without waiting: some browsers return only when they are closed."""
    threading.Thread(target=webbrowser.open, args=(url,), name="harvest-duck browser", daemon=True).start()


async def pasted_line() -> str | None:
    """Return the next line of standard input without blocking the event loop; None at its end, or without one."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        # A notebook, a service or a test: there is no standard input, or it is no file of the system.
        return None
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()
    read = bytearray()

    def take() -> None:
        piece = os.read(descriptor, 4096)
        read.extend(piece)
        if not line.done() and (not piece or b"\n" in piece or len(read) > _LONGEST):
            line.set_result(read.decode("utf-8", "replace"))

    try:
        loop.add_reader(descriptor, take)
    except (NotImplementedError, PermissionError):
        # On Windows the loop watches no files; elsewhere it watches none that is always ready, such as a regular file.
        return await _line_from_thread(loop, descriptor)
    try:
        return await line or None
    finally:
        loop.remove_reader(descriptor)


async def _line_from_thread(loop: asyncio.AbstractEventLoop, descriptor: int) -> str | None:
    """Return the next line, read by a thread that the end of the process does not wait for."""
    line: asyncio.Future[str] = loop.create_future()

    def give(text: str) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        # Not by sys.stdin: a thread that holds its lock aborts the process at its end (Python 3.11 to 3.13).
        found = bytearray()
        while len(found) <= _LONGEST and not found.endswith(b"\n") and (byte := os.read(descriptor, 1)):
            found.extend(byte)
        # The loop may have ended before a line came.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(give, found.decode("utf-8", "replace"))

    threading.Thread(target=read, name="harvest-duck input", daemon=True).start()
    return await line or None
