"""The examples on a page: blocks of Python, each with what it prints below it."""

from __future__ import annotations

import contextlib
import io
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["UPDATE", "check_examples"]

_BLOCK = re.compile(r"```python\n(?P<code>[^`]*)```\n\n```text\n(?P<output>[^`]*)```")
#: Whether the pages are written anew rather than checked.
UPDATE = bool(os.environ.get("UPDATE_README"))


def check_examples(page: Path, *, least: int) -> None:
    """Run the examples of a page one after the other, of which there are at least so many; compare what they print."""
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {}

    def ran(block: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(block["code"], names)  # noqa: S102 - the page's own code
        output = "\n".join(line.rstrip() for line in printed.getvalue().strip("\n").splitlines())
        return f"```python\n{block['code']}```\n\n```text\n{output}\n```"

    wanted, count = _BLOCK.subn(ran, text)
    assert count >= least
    if UPDATE:
        page.write_text(wanted, encoding="utf-8")
    assert UPDATE or text == wanted
