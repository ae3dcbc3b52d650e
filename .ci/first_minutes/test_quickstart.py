"""The way to a first answer about an account of one's own, as the quickstart has it, typed at a terminal."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from installed import on_terminal, run

if TYPE_CHECKING:
    from conftest import Served


def test_a_token_leads_to_an_answer(served: Served, folder: Path) -> None:
    page = (Path(os.environ["FIRST_MINUTES_TREE"]) / "docs" / "quickstart.md").read_text("utf-8")
    block = re.search(r"```sh\n(.*?)```", page.partition("\n## Your own account\n")[2], re.DOTALL)
    assert block
    _, _, add, query = block[1].splitlines()
    given = dict(part.split("=", 1) for part in served.connection.split(";"))
    # Where Harvest is: all else is as on the page.
    elsewhere = {"HARVEST_DUCK_CONNECTION": f"BaseURL={given['BaseURL']};IdURL={given['IdURL']}"}
    words = shlex.split(add.replace("123456", given["AccountId"]))[1:]
    status, lines = on_terminal(*words, cwd=folder, width=80, answer=given["APIKey"], **elsewhere)
    assert status == 0, lines
    assert given["APIKey"] not in "".join(lines)
    answered = run(*shlex.split(query)[1:], cwd=folder, **elsewhere)
    assert (answered.returncode, answered.stderr) == (0, b"")
    assert answered.stdout.decode().split()[:2] == ["client_name", "hours"]
