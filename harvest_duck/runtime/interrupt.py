"""Ends a wait before its time: on Ctrl-C, when a query is interrupted, and at the end of the process.

Python raises KeyboardInterrupt in the main thread alone, and not while that thread stands inside DuckDB and another
thread of DuckDB waits for Harvest (duckdb 1.4 to 2.0). So the event loop reads the signal itself, from the wakeup file
descriptor, and ends the waits of DuckDB's threads. No handler is set: Python handles the signal as it always does, and
where SIGINT is ignored, as `nohup … &` has it, nothing happens.

DuckDB has no call that says whether a query still runs, and where its main thread alone hears of Ctrl-C, other threads
go on with the query. So a scan that stands between two batches is ended too, as long as the main thread is at the call
at which it was when the last batch came. DuckDB may have left that call before the event loop reads the signal: the
time below stands for that. A scan that the user left half read goes on.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import call, eq
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from types import FrameType

    #: The frames of a thread, the outermost first: which one, and the instruction at which it is.
    _Place = tuple[tuple[int, int], ...]

#: Seconds after a batch arrived within which DuckDB is taken to be still working on it.
_PROCESSING_S = 1.0
#: The packages whose functions DuckDB and Arrow call.
_OURS = ("harvest_duck.engine.", "harvest_duck.cache.", "harvest_duck.scanner.", "harvest_duck.runtime.")
#: What DuckDB and Arrow say of a query that was interrupted; the first by Ctrl-C, the last of one by DuckDB alone.
_SAID = ("KeyboardInterrupt", "Query interrupted", "INTERRUPT Error")
#: A value that a message repeats.
_VALUE = re.compile(r"'[^'\n]*'")


@dataclass(eq=False, slots=True, weakref_slot=True)
class Stop:
    """Ends, from any thread, one wait or all the waits of a scan."""

    error: BaseException | None = None
    #: Whether Ctrl-C ends it: not once a thread that the user started has waited. A thread of DuckDB may serve any of
    #: the user's threads.
    on_sigint: bool = True
    #: Whether a thread waits, or starts what it will wait for.
    awaited: bool = False
    future: Future[Any] | None = None
    #: When a thread of DuckDB last stopped waiting.
    waited_at: float = float("-inf")
    #: Where the main thread stood when the scan began, or when a thread last stopped waiting.
    place: _Place = ()

    def end(self, error: BaseException) -> None:
        """Raise `error` in the thread that waits, or in the next one that does."""
        self.error = self.error or error
        if (future := self.future) is not None:
            future.cancel()

    def wait_for(self, future: Future[Any]) -> None:
        """Let the end of this cancel `future`, which may have come already."""
        self.future = future
        if self.error is not None:
            future.cancel()

    def busy(self, place: _Place) -> bool:
        """Whether a query needs it now, where the main thread stands at `place`."""
        return self.awaited or _within_one_call(self.place, place) or time.monotonic() - self.waited_at < _PROCESSING_S


class _State:
    """The state of a process; a child of `fork` begins with a new one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        #: Weak, because a scan that DuckDB never reads ends without a word.
        self.stops: set[ref[Stop]] = set()
        self.ending = False
        self.loop: asyncio.AbstractEventLoop | None = None
        #: The loop reads the first socket, Python writes the number of each signal to the second.
        self.wakeup: tuple[socket.socket, socket.socket] | None = None


#: The signals that end waits, each while it has this handler.
_handlers: dict[int, Any] = {signal.SIGINT: signal.default_int_handler}
_state = _State()
_inherited: list[_State] = []


def add(stop: Stop) -> None:
    """Keep track of `stop` from now on, as the scan of a query begins that has not asked for a batch."""
    _state.stops.add(ref(stop, _state.stops.discard))
    if _is_main_thread() or not _is_python_thread():
        stop.place = _place()


@contextmanager
def waiting(stop: Stop) -> Iterator[None]:
    """A context in which the calling thread starts something and waits; raises the error that `stop` was ended with.

    Begins before the start, because a signal may come as soon as a request is under way.
    """
    of_duckdb = not _is_python_thread()
    stop.on_sigint = stop.on_sigint and (of_duckdb or _is_main_thread())
    stop.awaited = True
    _state.stops.add(ref(stop, _state.stops.discard))
    if refused():
        stop.error = stop.error or ended()
    try:
        yield
    except BaseException:
        if stop.future is not None:
            stop.future.cancel()
        if stop.error is None:
            raise
    finally:
        stop.place = _place() if stop.on_sigint else ()
        stop.waited_at = time.monotonic() if of_duckdb else float("-inf")
        stop.future, stop.awaited = None, False
    if stop.error is not None:
        raise stop.error


def forget(stop: Stop) -> None:
    """Stop keeping track of `stop`, as no thread will wait again."""
    _state.stops.discard(ref(stop))


def end_all() -> None:
    """End all waits, and those to come in other threads than the main one, as the process ends."""
    _state.ending = True
    for stop in _stops():
        stop.end(ended())


def refused() -> bool:
    """Whether the calling thread may not wait any more: what runs at the end of the process may, in the main thread."""
    return _state.ending and not _is_main_thread()


def ended() -> InterruptedError:
    """Return the error of a wait that was ended."""
    return InterruptedError("Query interrupted")


def is_interrupt(error: BaseException) -> bool:
    """Whether an error of DuckDB or Arrow is how a query ended that was interrupted."""
    # DuckDB repeats values in its message, and the SQL behind it: both may say anything.
    said = _VALUE.sub("", str(error).partition("\nLINE ")[0])
    return type(error).__name__ == "InterruptException" or any(each in said for each in _SAID)


def watch_sigint() -> None:
    """Let Ctrl-C end the waits of DuckDB's threads from now on, as long as Python's own handler of SIGINT is set.

    Does nothing in other threads than the main one, which cannot, nor where `signal.set_wakeup_fd` is taken.
    """
    if not _is_main_thread():
        return
    with _state.lock:
        wakeup = _state.wakeup or socket.socketpair()
        for end in wakeup:
            end.settimeout(0)
        _set_wakeup(wakeup[1].fileno(), ours=wakeup[1].fileno())
        if _state.wakeup is None and _state.loop is not None:
            _state.loop.call_soon_threadsafe(_add_reader, _state.loop, wakeup[0])
        _state.wakeup = wakeup


def end_waits_on(number: int, handler: Callable[..., object]) -> None:
    """Let a signal end the waits of DuckDB's threads as Ctrl-C does, as long as `handler` is set for it."""
    _handlers[number] = handler


def read_signals_on(loop: asyncio.AbstractEventLoop) -> None:
    """Read signals on `loop`, which does not run yet."""
    with _state.lock:
        _state.loop = loop
        if _state.wakeup is not None:
            with suppress(BlockingIOError):
                # Earlier signals were for earlier waits.
                _state.wakeup[0].recv(1 << 16)
            loop.call_soon(_add_reader, loop, _state.wakeup[0])


def _add_reader(loop: asyncio.AbstractEventLoop, wakeup: socket.socket) -> None:
    # The event loop of Windows has no readers: there Ctrl-C takes effect when the answer under way has come.
    with suppress(NotImplementedError):
        loop.add_reader(wakeup, _read_signals, wakeup)


def _read_signals(wakeup: socket.socket) -> None:
    with suppress(BlockingIOError):
        received = wakeup.recv(1 << 16)
        if any(number in received and signal.getsignal(number) is handler for number, handler in _handlers.items()):
            place = _place()
            for stop in _stops():
                if stop.on_sigint and stop.busy(place):
                    stop.end(KeyboardInterrupt())


def _stops() -> list[Stop]:
    return [stop for each in _state.stops.copy() if (stop := each()) is not None]


def _place() -> _Place:
    """Return the frames of the main thread, the outermost first, and the instruction at which each is.

    Without those of our own that DuckDB called: the query is at the same call before and after them.
    """
    frames: list[tuple[int, int]] = []
    frame = frames_of_threads().get(threading.main_thread().ident or 0)
    while frame is not None:
        frames.append((id(frame), frame.f_lasti))
        if str(frame.f_globals.get("__name__")).startswith(_OURS):
            frames.clear()
        frame = frame.f_back
    return tuple(reversed(frames))


def _within_one_call(one: _Place, other: _Place) -> bool:
    """Whether the main thread was at the same call at both places; inside it may be functions that DuckDB called."""
    return bool(one and other) and all(map(eq, one, other))


def frames_of_threads() -> dict[int, FrameType]:
    """Return the innermost frame of each thread, by the identity of the thread.

    No garbage is collected meanwhile: a collection could wait for the GIL, whose holder waits for a lock of this call
    (Python up to 3.11.8, https://github.com/python/cpython/issues/106883).
    """
    steps: list[Callable[[], Any]] = [sys._current_frames]  # noqa: SLF001 - there is no public one
    if gc.isenabled():
        steps = [gc.disable, *steps, gc.enable]
    # One call in C, so that no other thread runs and no signal is heard between its steps. The result has the frame of
    # this function: in a variable of it, it would be garbage that keeps what the callers hold.
    return cast("dict[int, FrameType]", list(map(call, steps))[len(steps) // 2])


def _is_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def _is_python_thread() -> bool:
    """Whether Python started the calling thread, rather than DuckDB."""
    # Not current_thread(), which would keep an object for each thread of DuckDB.
    mine = next((thread for thread in threading.enumerate() if thread.ident == threading.get_ident()), None)
    return mine is not None and not isinstance(mine, threading._DummyThread)  # noqa: SLF001 - there is no public name


def _set_wakeup(descriptor: int, *, ours: int) -> None:
    """Have Python write signals to `descriptor`, unless it writes them to one that is not `ours`."""
    before = signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
    if before not in (-1, ours):
        signal.set_wakeup_fd(before)


def _forked() -> None:
    global _state  # noqa: PLW0603 - the child's own state
    # Never collected, because the parent uses the same sockets.
    _inherited.append(_state)
    wakeup = _state.wakeup
    _state = _State()
    if wakeup is not None:
        # Otherwise the parent would read the signals of the child.
        _set_wakeup(-1, ours=wakeup[1].fileno())
        watch_sigint()


def _close() -> None:
    if _state.wakeup is not None and _is_main_thread():
        _set_wakeup(-1, ours=_state.wakeup[1].fileno())
        for end in _state.wakeup:
            end.close()
        _state.wakeup = None


# Runs after the function that `loop` registers later, so the loop has ended by then.
atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
