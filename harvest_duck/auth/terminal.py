"""What a sign-in needs of the person's machine: a browser to open, a terminal to ask, somewhere to tell.

Whether there is a browser is judged as a person would: not over SSH, not in a container without a screen, unless the
environment names one (BROWSER).
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

#: How long a person has to agree.
LIMIT_S = 300.0
#: More than any redirect is long.
_LONGEST = 16_384


def tell(text: str) -> None:
    """Say something to the person, on standard error, as standard output may be data."""
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
class Manner:
    """How a person is asked to sign in.

    Whether a browser is opened, whether they can paste at a terminal, how long they have, where they read what to do.
    """

    browser: bool
    terminal: bool
    limit_s: float = LIMIT_S
    tell: Callable[[str], None] = tell

    @classmethod
    def found(cls) -> Manner:
        """What this machine offers."""
        return cls(browser=browser_there(), terminal=terminal_there())


def open_browser(url: str) -> None:
    """Open `url` in the person's browser, without waiting: some browsers return only when they are closed."""
    threading.Thread(target=webbrowser.open, args=(url,), name="harvest-duck browser", daemon=True).start()


async def pasted_line() -> str | None:
    """The next line of standard input, waited for without holding up anything else; None at its end, or without one."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        # A notebook, a service, a test: there is no standard input, or nothing of the system's behind it.
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
        # Windows, whose loop watches no files, and a standard input that is a file, which is always ready.
        return await _line_apart(loop)
    try:
        return await line or None
    finally:
        loop.remove_reader(descriptor)


async def _line_apart(loop: asyncio.AbstractEventLoop) -> str | None:
    """The next line, read by a thread that the end of the process does not wait for."""
    line: asyncio.Future[str] = loop.create_future()

    def give(text: str) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        text = sys.stdin.buffer.readline().decode("utf-8", "replace")
        # The loop may have ended while nobody typed.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(give, text)

    threading.Thread(target=read, name="harvest-duck input", daemon=True).start()
    return await line or None
