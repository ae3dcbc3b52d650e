"""The one event loop that all requests of a process run on, in a thread of its own.

It starts with the first registered connection or scan, because Python 3.12 starts no thread once the main thread has
ended. A child made by `fork` starts one of its own, because threads do not cross a fork. At the end of the process the
loop runs what was registered with `at_stop`, and ends.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from concurrent.futures import wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from harvest_duck.errors import QueryError
from harvest_duck.runtime import critical_section, interrupt, quiescence
from harvest_duck.runtime.interrupt import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
    from concurrent.futures import Executor, Future

T = TypeVar("T")

#: Seconds until a Ctrl-C in the waiting thread takes effect, at most.
_SIGNAL_S = 0.2
_STOP_S = 5.0
#: Seconds that the end of the process waits for tasks that must not be cut off.
_FINISH_S = 3.0


class _State:
    """The state of a process; a child of `fork` begins with a new one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None
        self.at_stop: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.owned: dict[str, Any] = {}
        self.finishing: set[asyncio.Task[Any]] = set()


_state = _State()
_inherited: list[_State] = []


def start(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the loop; returns its future."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop())


def run(coroutine: Coroutine[Any, Any, T], stop: Stop | None = None, meanwhile: Callable[[], None] = lambda: None) -> T:
    """Wait for a coroutine and return what it returns; Ctrl-C cancels it, and so does the end of `stop`.

    `meanwhile` is called a few times a second while the calling thread waits; what it raises cancels the coroutine too.
    """
    if interrupt.refused():
        coroutine.close()
        raise interrupt.ended()
    once = Stop()
    waited = stop or once
    future: Future[T] | None = None
    try:
        with interrupt.waiting(waited):
            future = start(coroutine)
            waited.wait_for(future)
            # Not future.result(): a signal that another thread of the process receives does not end a wait without a
            # timeout (7 of 40 on a busy machine, Python 3.11 on Linux, 2026-11), and on Windows no signal does.
            while not wait([future], timeout=_SIGNAL_S).done:
                meanwhile()
            return future.result()
    except BaseException:
        # A request may be under way, and Ctrl-C come, before this thread runs again and has the future.
        if future is not None:
            future.cancel()
        elif _state.loop is not None:
            _state.loop.call_soon_threadsafe(_cancel, coroutine)
        raise
    finally:
        interrupt.forget(once)


def _cancel(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Cancel the task of a coroutine, or close one that nobody has started; runs on the loop."""
    tasks = [task for task in asyncio.all_tasks() if task.get_coro() is coroutine]
    for task in tasks:
        task.cancel()
    if not tasks:
        coroutine.close()


def finishing(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task that the end of the process waits for, for a few seconds; returns it.

    Wait for it by `asyncio.shield`, so as not to cancel it.
    """
    task = asyncio.ensure_future(coroutine)
    _state.finishing.add(task)
    task.add_done_callback(_finished)
    return task


async def apart(call: Callable[[], T], pool: Executor | None = None) -> T:
    """Return what `call` returns, which runs in a thread of `pool`, by default the loop's own pool."""
    try:
        running = asyncio.get_running_loop().run_in_executor(pool, call)
    except RuntimeError:
        # The main thread has ended, and with it every pool, while a thread that the user started goes on.
        return call()
    return await running


async def cancel_all(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel `tasks`, and return when all of them have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _finished(task: asyncio.Task[Any]) -> None:
    _state.finishing.discard(task)
    if not task.cancelled():
        # Read, so that asyncio does not log an error that nobody waits for any more.
        task.exception()


def inside() -> bool:
    """Whether the caller runs on the loop itself, where waiting for it would never end."""
    # Not current_thread(), which would keep an object for each thread of DuckDB that calls this.
    return _state.thread is not None and threading.get_ident() == _state.thread.ident


def running() -> bool:
    """Whether the loop runs: not before the first scan, nor when the process ends."""
    return _state.loop is not None


def at_stop(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `close` on the loop before it ends; not in a child of `fork`, whose sockets belong to its parent."""
    _state.at_stop.append(close)


def own(name: str, make: Callable[[], T]) -> T:
    """Return the one value of that name in this process, made by the first call; a child of `fork` has another."""
    with _state.lock:
        if name not in _state.owned:
            _state.owned[name] = make()
        value: T = _state.owned[name]
        return value


def import_soon(names: Sequence[str]) -> None:
    """Import modules on the thread of the loop, one after the other, before it does what is asked of it later."""
    _loop().call_soon_threadsafe(_import_next, iter(names))


def _import_next(names: Iterator[str]) -> None:
    name = next(names, None)
    if name is None or critical_section.ending():
        return
    # Whoever needs the module gets the error.
    with suppress(Exception):
        critical_section.imported(name)
    asyncio.get_running_loop().call_soon(_import_next, names)


def _loop() -> asyncio.AbstractEventLoop:
    with _state.lock:
        if _state.loop is None:
            _state.loop, _state.thread = _started()
        return _state.loop


def _started() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    loop = asyncio.new_event_loop()
    interrupt.read_signals_on(loop)
    thread = threading.Thread(target=loop.run_forever, name="harvest-duck requests", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        loop.close()
        if threading.current_thread().daemon:
            # The end of the process has begun, and will not wait for this thread.
            critical_section.silence()
            raise interrupt.ended() from None
        raise QueryError(
            "the main thread has ended, and Python starts no other for the requests: "
            "connect in the main thread, or let it join the thread that queries"
        ) from None
    return loop, thread


def _stop() -> None:
    with _state.lock:
        loop, thread = _state.loop, _state.thread
    quiescence.end_scans(leave_out={threading.get_ident(), thread.ident if thread is not None else None})
    with _state.lock:
        _state.loop = _state.thread = None
    if loop is None or thread is None:
        return
    try:
        asyncio.run_coroutine_threadsafe(_wind_up(), loop).result(_STOP_S)
    except TimeoutError:
        return
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_STOP_S)
    if not thread.is_alive():
        loop.close()


async def _wind_up() -> None:
    # Errors of tasks that are cut off at the end of the process are of no use to anybody.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    here = asyncio.current_task()
    if finishing := {task for task in _state.finishing if task.get_loop() is asyncio.get_running_loop()}:
        await asyncio.wait(finishing, timeout=_FINISH_S)
    await cancel_all([task for task in asyncio.all_tasks() if task is not here])
    for close in _state.at_stop:
        await close()
    await asyncio.get_running_loop().shutdown_asyncgens()


def _forget() -> None:
    global _state  # noqa: PLW0603 - the child's own state
    # Never collected: a collected transport would take its socket off the epoll object that the parent still waits on.
    _inherited.append(_state)
    _state = _State()


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
