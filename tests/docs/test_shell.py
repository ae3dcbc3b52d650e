"""The page about the shell shows what a session shows, and lists its commands."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from support import pseudo_terminal
from support.examples import UPDATE
from support.paths import DOCS

from harvest_duck.cli import failures, query
from harvest_duck.cli.shell import actions, dot_commands
from harvest_duck.cli.shell.pieces import pieces
from harvest_duck.cli.shell.session import Session

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "shell.md"
TEXT = PAGE.read_text("utf-8")
TRANSCRIPT = re.compile(r"(?<=<!-- transcript -->\n```text\n)[^`]*(?=```)")
#: What is typed: lines behind the first prompt and those behind further ones.
TYPED = re.compile(r"^sandbox> (.*\n(?:    \.\.\.> .*\n)*)", re.MULTILINE)


def steady(text: str) -> str:
    """A text without what the milliseconds of a request change: their number, and the widths that follow from it."""
    return re.sub(r"[\s─]+", " ", re.sub(r"(?<=harvest) +\d+", "", text))


def answered(session: Session, typed: str) -> str:
    """What a session shows on a terminal of 80 columns for what was typed."""
    with pseudo_terminal.opened(80) as (ours, terminal):
        session.results = 0
        with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(terminal):
            try:
                for piece in pieces(io.StringIO(typed)):
                    actions.run(session, piece.text)
            except failures.TOLD as error:
                sys.stderr.write(f"{failures.one_line_of(error)}\n")
            terminal.write("\x04")
            terminal.flush()
            shown = b""
            while b"\x04" not in shown:
                shown += os.read(ours, 65536)
    return shown.decode().replace("\r\n", "\n").partition("\x04")[0]


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_session_shows_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("COLUMNS", raising=False)
    with query.opened("DSN=sandbox") as con:
        session = Session(con, {"harvest": "DSN=sandbox"})

        def ran(transcript: re.Match[str]) -> str:
            blocks = [found[1] for found in TYPED.finditer(transcript[0])]
            shown = [
                f"sandbox> {block}{answered(session, re.sub('^    ...> ', '', block, flags=re.MULTILINE))}"
                for block in blocks
            ]
            return "".join(shown)

        wanted, count = TRANSCRIPT.subn(ran, TEXT)
    assert count == 2
    if UPDATE and steady(wanted) != steady(TEXT):
        PAGE.write_text(wanted, encoding="utf-8")
    assert UPDATE or steady(wanted) == steady(TEXT)


def test_the_page_lists_every_dot_command() -> None:
    listed = {
        name for row in re.findall(r"^\| (`\..*?) \|", TEXT, re.MULTILINE) for name in re.findall(r"`(\.\w+)", row)
    }
    assert listed == set(dot_commands.COMMANDS)
