"""A real kernel of Jupyter, in a process of its own, that runs cells and completes names."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support.clocks import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

__all__ = ["Kernel", "kernel"]


class Kernel:
    """A running kernel."""

    def __init__(self, client: BlockingKernelClient, manager: KernelManager) -> None:
        self._client = client
        self._manager = manager

    def run(self, code: str) -> dict[str, str]:
        """Return the last output of a cell by MIME type, and what it printed as `stdout`; raise where it fails."""
        shown: dict[str, str] = {"stdout": ""}

        def output(message: dict[str, Any]) -> None:
            content = message["content"]
            shown.update(content.get("data", {}))
            if content.get("name") == "stdout":
                shown["stdout"] += content["text"]

        reply = self._client.execute_interactive(code, timeout=PATIENCE_S, output_hook=output)["content"]
        if reply["status"] != "ok":
            raise AssertionError(f"{code}\n{reply['ename']}: {reply['evalue']}")
        return shown

    def completions(self, code: str) -> list[str]:
        """Return what Tab offers at the end of the code."""
        matches: list[str] = self._client.complete(code, reply=True, timeout=PATIENCE_S)["content"]["matches"]
        return matches

    def begin(self, code: str) -> None:
        """Let a cell run, and return at once; `messages` says what comes of it."""
        self._client.execute(code)

    def messages(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the kind and content of each message of the cell that was begun, as it comes; its reply is the last."""
        while True:
            message = self._client.get_iopub_msg(timeout=PATIENCE_S)
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle" and _of_a_cell(message):
                yield "reply", self._client.get_shell_msg(timeout=PATIENCE_S)["content"]
                return
            if kind not in {"status", "execute_input"}:
                yield kind, content

    def interrupt(self) -> None:
        """Interrupt the cell that runs, as the button of a notebook does."""
        self._manager.interrupt_kernel()


def _of_a_cell(message: dict[str, Any]) -> bool:
    return bool(message["parent_header"].get("msg_type") == "execute_request")


@contextmanager
def kernel() -> Iterator[Kernel]:
    """Start a kernel, which inherits the environment, and end it with the context."""
    from jupyter_client.manager import start_new_kernel  # noqa: PLC0415 - a development dependency

    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield Kernel(client, manager)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
