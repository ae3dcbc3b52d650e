"""The signals that end a command as Ctrl-C does: nothing half written is left, and the exit status names the signal."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harvest_duck.runtime import interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["handled", "received"]

#: The request to end, and the end of the terminal, which Windows does not have.
_SIGNALS = [number for number in map(signal.__dict__.get, ("SIGTERM", "SIGHUP")) if number is not None]

_received: list[int] = []


@contextmanager
def handled() -> Iterator[None]:
    """A context in which these signals raise KeyboardInterrupt, unless somebody else handles or ignores them."""
    _received.clear()
    ours = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _receive)
        interrupt.end_waits_on(number, _receive)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def received() -> int:
    """Return the number of the signal that ended the command: SIGINT where it was none of these."""
    return _received[0] if _received else signal.SIGINT


def _receive(number: int, _frame: FrameType | None) -> None:
    # A second one would end the tidying up.
    _received.append(number)
    if len(_received) == 1:
        raise KeyboardInterrupt
