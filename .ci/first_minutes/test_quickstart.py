"""The way to a first answer about an account of one's own, as the quickstart has it, typed at a terminal."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from installed import CLEAN, COMMAND, PATIENCE_S, run

if TYPE_CHECKING:
    from conftest import Served


def typed_unseen(arguments: list[str], answer: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command on a terminal, type an answer when it asks; return its exit status and what the terminal shows."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [COMMAND, *arguments], cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        shown = bytearray()
        while b": " not in shown:
            shown += os.read(master, 1024)
        os.write(master, f"{answer}\n".encode())
        try:
            while part := os.read(master, 1024):
                shown += part
        except OSError:
            pass  # What Linux says when the last writer has closed it.
        status = process.wait(PATIENCE_S)
    os.close(master)
    return status, shown.decode()


def test_a_token_leads_to_an_answer(served: Served, folder: Path) -> None:
    page = (Path(os.environ["FIRST_MINUTES_TREE"]) / "docs" / "quickstart.md").read_text("utf-8")
    block = re.search(r"```sh\n(.*?)```", page.partition("\n## Your own account\n")[2], re.DOTALL)
    assert block
    _, _, add, query = block[1].splitlines()
    given = dict(part.split("=", 1) for part in served.connection.split(";"))
    # Where Harvest is: all else is as on the page.
    elsewhere = {"HARVEST_DUCK_CONNECTION": f"BaseURL={given['BaseURL']};IdURL={given['IdURL']}"}
    words = shlex.split(add.replace("123456", given["AccountId"]))[1:]
    status, shown = typed_unseen(words, given["APIKey"], folder, CLEAN | elsewhere)
    assert status == 0, shown
    assert given["APIKey"] not in shown
    answered = run(*shlex.split(query)[1:], cwd=folder, **elsewhere)
    assert (answered.returncode, answered.stderr) == (0, b"")
    assert answered.stdout.decode().split()[:2] == ["client_name", "hours"]
