"""Syncs in processes of their own, each of which ends itself or is ended at a moment that a test chooses.

One process imports the package, and forks a child for each sync, so that a sync costs no import. The child is told to
go on when the test knows its id.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any, Self

from support.clocks import PATIENCE_S
from support.program import start

if TYPE_CHECKING:
    import subprocess

__all__ = ["SyncProcesses"]

#: `lines` counts the lines of the package `mirror` that ran; at the one that is asked for, the process kills itself.
_PROGRAM = """
import importlib, json, os, pkgutil, signal, sys
import harvest_duck

# What a sync does not need, some of which needs libraries that are not there.
LEFT_OUT = tuple("harvest_duck." + name for name in ("sandbox", "cli", "__main__", "integrations", "servers.mcp"))
for each in pkgutil.walk_packages(harvest_duck.__path__, "harvest_duck."):
    if not each.name.startswith(LEFT_OUT):
        importlib.import_module(each.name)

def sync(order):
    lines = 0
    folder = os.path.dirname(harvest_duck.mirror.__file__)

    def line(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        if lines == order["line"]:
            os.kill(os.getpid(), signal.SIGKILL)
        return line

    def call(frame, event, argument):
        name = frame.f_code.co_filename
        return line if name.startswith(folder) and os.path.basename(name) in order["modules"] else None

    if order["seconds"]:
        # Without a handler the alarm ends the process, whatever it does.
        signal.setitimer(signal.ITIMER_REAL, order["seconds"])
    if order["modules"]:
        sys.settrace(call)
    try:
        harvest_duck.sync(order["connection"], order["path"], accept_deletes=True, **order["options"])
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps({"lines": lines}), flush=True)

for text in sys.stdin:
    wait, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go)
        os.read(wait, 1)
        failed = True
        try:
            sync(json.loads(text))
            failed = False
        finally:
            os._exit(failed)
    os.close(wait)
    print(json.dumps({"pid": pid}), flush=True)
    sys.stdin.readline()
    os.close(go)
    _, status = os.waitpid(pid, 0)
    print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)
"""


class SyncProcesses:
    """A process that forks syncs; a context. `pid` is the child that runs."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] = start(_PROGRAM, stdin=-1)
        self.pid: int | None = None
        #: How many lines the last sync ran that went to its end.
        self.lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.communicate(timeout=PATIENCE_S)

    def sync(
        self,
        connection: str,
        path: object,
        *,
        line: int = 0,
        modules: tuple[str, ...] = (),
        seconds: float = 0,
        **options: Any,
    ) -> int:
        """Sync in a process of its own, and return its exit status, which is negative for a signal.

        It kills itself at the line of that number in `modules` of the mirror, or after some `seconds`.
        """
        order = {"connection": connection, "path": str(path), "line": line, "modules": modules, "seconds": seconds}
        self._write(json.dumps(order | {"options": options}))
        self.pid = self._read()["pid"]
        self._write("go")
        answer = self._read()
        if "lines" in answer:
            self.lines = answer["lines"]
            answer = self._read()
        self.pid = None
        return int(answer["status"])

    def kill(self) -> None:
        """Kill the sync that runs, if any; from any thread."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)

    def _write(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        assert text, f"the process ended: {self.process.communicate()[1]}"
        found: dict[str, Any] = json.loads(text)
        return found
