"""Work that neither a fork nor the end of the process may cut short: imports, and what DuckDB does while it registers.

A child of `fork` has only the thread that forked. A module that another thread was importing stays locked in it for
ever, and so does a lock that the other thread held. So a fork waits until all other threads have left their critical
sections, and so does the end of the process: a thread of C++ that Python stops there aborts the process.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING

with suppress(RuntimeError):
    # Python refuses to load it once the main thread has ended. Both it and `logging` pair what they do before a fork
    # with what they do after it, which goes wrong where they are loaded in between.
    import concurrent.futures.thread  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

#: Seconds after which a fork goes on all the same: the other thread may wait for this one.
_FORK_S = 10.0
#: The same for the end of the process.
_END_S = 5.0
_ENDED = "Query interrupted"
#: That, as DuckDB and Arrow repeat it, what DuckDB says of an interrupt, and a cancelled future's silence.
_ENDING = re.compile(f"{_ENDED}|INTERRUPT Error|interpreter is shutting down|^$")


class _State:
    """The threads that are inside; a child of `fork` begins with a new one."""

    def __init__(self) -> None:
        #: Its lock may be taken again by its holder, because the garbage collector can call us at any line.
        self.left = threading.Condition()
        self.depths: Counter[int] = Counter()
        self.ending = False
        self.silent = False

    def refuse(self, thread: int) -> None:
        """Raise `InterruptedError` where the process ends and `thread` is neither the main one nor inside."""
        if self.ending and thread != threading.main_thread().ident and thread not in self.depths:
            raise InterruptedError(_ENDED)

    def leave(self, thread: int) -> None:
        """Let `thread` be inside one time less."""
        with self.left:
            self.depths[thread] -= 1
            if not self.depths[thread]:
                del self.depths[thread]
                self.left.notify_all()

    def wait_for_others(self, within_s: float) -> None:
        """Return when no other thread is inside, or after `within_s` seconds; the caller holds the lock."""
        me = threading.get_ident()
        self.left.wait_for(lambda: not any(depth for ident, depth in self.depths.items() if ident != me), within_s)


_state = _State()


@contextmanager
def entered() -> Iterator[None]:
    """A context which a fork by another thread waits for; threads do not exclude each other.

    Raises `InterruptedError` where the process ends, also when it is left: in all threads but the main one, which so do
    not go on into a query.
    """
    state, me = _state, threading.get_ident()
    state.refuse(me)
    with state.left:
        state.depths[me] += 1
    try:
        yield
    finally:
        state.leave(me)
        # Also in place of an error: an import fails where the process ends.
        state.refuse(me)


def imported(name: str) -> ModuleType:
    """Import a module in a critical section and return it."""
    with entered():
        return import_module(name)


def ending() -> bool:
    """Whether the process ends."""
    return _state.ending


def refuse() -> None:
    """Let no other thread than the main one enter any more, as the process ends."""
    silence()
    _state.ending = True


def silence() -> None:
    """Let threads report no queries any more that end because the process does, which is no error."""
    if not _state.silent:
        _state.silent = True
        threading.excepthook = _without_interruptions(threading.excepthook)


def end() -> None:
    """Let no other thread enter any more, and return when all have left, or after a few seconds."""
    refuse()
    with _state.left:
        _state.wait_for_others(_END_S)


def _without_interruptions(hook: Callable[[threading.ExceptHookArgs], object]) -> Callable[..., None]:
    """Return the hook for errors that end threads, but for those that the end of a query raises."""

    def told(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        of_query = type(error).__module__.partition(".")[0] in ("duckdb", "_duckdb", "concurrent")
        if not isinstance(error, InterruptedError) and not (of_query and _ENDING.search(str(error))):
            hook(args)

    return told


def _before_fork() -> None:
    # Held over the fork, so that no other thread enters meanwhile.
    _state.left.acquire()
    _state.wait_for_others(_FORK_S)


def _in_parent() -> None:
    # Not held where Ctrl-C ended the wait for it.
    with suppress(RuntimeError):
        _state.left.release()


def _in_child() -> None:
    global _state  # noqa: PLW0603 - the child's own state
    _state = _State()


atexit.register(end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
