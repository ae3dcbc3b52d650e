"""The command `harvest-duck`, which `python -m harvest_duck` is too: it can be interrupted from the first moment."""

from __future__ import annotations

import signal

__all__ = ["main"]


def main() -> None:
    """Load the command, which takes a moment, and run it; Ctrl-C meanwhile ends the process without a word."""
    by_exception = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if by_exception:
        # Otherwise there is a traceback, or a module of C++ that is half loaded aborts (duckdb 2.0.1).
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from harvest_duck.cli import main as run  # noqa: PLC0415 - as above

    if by_exception:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
