"""What ends a wait before its time: Ctrl-C, an interrupted query, the end of the process.

Python raises KeyboardInterrupt in the main thread alone, and not while that stands inside DuckDB behind another of its
threads, which waits for Harvest (duckdb 1.4 to 2.0). So the event loop hears of the signal by itself, through the
wakeup file descriptor, and ends the waits of DuckDB's threads. No handler is set: Python does with the signal as ever.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from concurrent.futures import Future

#: So long after a wait DuckDB is taken to be still at work on what came.
_BUSY_S = 0.2
_SETTLED_S = 0.5
_RECENT_S = 2.0


@dataclass(eq=False, slots=True)
class Stop:
    """The way to end, from any thread, what is waited for once or, as in a scan, again and again."""

    error: BaseException | None = None
    #: Whether a Ctrl-C ends it: not once a thread of the user's own has waited. For whom DuckDB's wait is not told.
    hears: bool = True
    future: Future[Any] | None = None
    left: threading.Event = field(default_factory=threading.Event)
    left_at: float = float("-inf")

    def end(self, error: BaseException) -> None:
        """Raise `error` in the thread that waits, or else when one waits again."""
        self.error = self.error or error
        _state.ended_at = time.monotonic()
        if (future := self.future) is not None:
            future.cancel()

    @property
    def busy(self) -> bool:
        """Whether a thread waits, or one of DuckDB's did so just now."""
        return self.future is not None or time.monotonic() - self.left_at < _BUSY_S


class _State:
    """What a process has once; a child of `fork` begins anew."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stops: set[Stop] = set()
        self.ended_at = float("-inf")
        self.loop: asyncio.AbstractEventLoop | None = None
        self.ears: tuple[socket.socket, socket.socket] | None = None


_state = _State()
_inherited: list[_State] = []


@contextmanager
def waiting(stop: Stop, future: Future[Any]) -> Iterator[None]:
    """The time in which the calling thread waits for `future`; after it the error that `stop` has been ended with."""
    foreign = _foreign()
    stop.hears = stop.hears and (foreign or _main())
    stop.left.clear()
    stop.future = future
    _state.stops.add(stop)
    if stop.error is not None:
        future.cancel()
    try:
        yield
    except BaseException:
        future.cancel()
        if stop.error is None:
            raise
    finally:
        stop.future = None
        stop.left_at = time.monotonic() if foreign else float("-inf")
    if stop.error is not None:
        raise stop.error
    stop.left.set()


def forget(stop: Stop) -> None:
    """End `stop` no more: nobody will wait again."""
    _state.stops.discard(stop)
    stop.left.set()


def waited() -> list[Stop]:
    """What is waited for now."""
    return [stop for stop in tuple(_state.stops) if not stop.left.is_set()]


def left(waited: list[Stop], within_s: float) -> None:
    """Return when nobody waits for these any more and DuckDB has taken note, or after so many seconds for each."""
    for stop in waited:
        stop.left.wait(within_s)
    if waited or time.monotonic() - _state.ended_at < _RECENT_S:
        # DuckDB has yet to tell the query of the error, and each of its threads that there is no next batch.
        time.sleep(_SETTLED_S)


def hear() -> None:
    """Let a Ctrl-C end the waits of DuckDB's threads from now on, while Python's own handler of SIGINT is set.

    Only the main thread can ask for it. Nothing is done in others, nor where `signal.set_wakeup_fd` is taken.
    """
    if not _main():
        return
    with _state.lock:
        ears = _state.ears or socket.socketpair()
        for ear in ears:
            ear.settimeout(0)
        before = signal.set_wakeup_fd(ears[1].fileno(), warn_on_full_buffer=False)
        if before not in (-1, ears[1].fileno()):
            signal.set_wakeup_fd(before)
        if _state.ears is None and _state.loop is not None:
            _state.loop.call_soon_threadsafe(_listen, _state.loop, ears[0])
        _state.ears = ears


def listen(loop: asyncio.AbstractEventLoop) -> None:
    """Hear of signals on `loop`, which does not run yet."""
    with _state.lock:
        _state.loop = loop
        if _state.ears is not None:
            with suppress(BlockingIOError):
                # What came before is over.
                _state.ears[0].recv(1 << 16)
            loop.call_soon(_listen, loop, _state.ears[0])


def _listen(loop: asyncio.AbstractEventLoop, ear: socket.socket) -> None:
    # The event loop of Windows has no readers: there a Ctrl-C waits for the answer under way.
    with suppress(NotImplementedError):
        loop.add_reader(ear, _heard, ear)


def _heard(ear: socket.socket) -> None:
    with suppress(BlockingIOError):
        if signal.SIGINT in ear.recv(1 << 16) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            for stop in tuple(_state.stops):
                if stop.hears and stop.busy:
                    stop.end(KeyboardInterrupt())


def _main() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def _foreign() -> bool:
    """Whether the thread is none of Python's, but one that DuckDB started."""
    # Not current_thread(), which would keep an object for each such thread.
    mine = next((thread for thread in threading.enumerate() if thread.ident == threading.get_ident()), None)
    return mine is None or isinstance(mine, threading._DummyThread)  # noqa: SLF001 - no public name tells it


def _forked() -> None:
    global _state  # noqa: PLW0603 - the child's own state
    # Never collected, as the sockets are also the parent's.
    _inherited.append(_state)
    heard = _state.ears
    _state = _State()
    if heard is not None:
        # Else the parent would hear the signals of the child.
        _deafen(heard)
        hear()


def _deafen(ears: tuple[socket.socket, socket.socket]) -> None:
    """Have Python tell these of no signal any more; somebody else's descriptor stays."""
    before = signal.set_wakeup_fd(-1)
    if before not in (-1, ears[1].fileno()):
        signal.set_wakeup_fd(before)


def _close() -> None:
    if _state.ears is not None and _main():
        _deafen(_state.ears)
        for ear in _state.ears:
            ear.close()
        _state.ears = None


# The loop, whose end is registered later, has ended by then.
atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
