"""The examples of engines on the page about datasets, each with what it prints."""

from __future__ import annotations

import contextlib
import io
import re

from support.examples import UPDATE
from support.paths import DOCS

__all__ = ["check_example"]

_PAGE = DOCS / "dataset.md"
_EXAMPLE = re.compile(r"(```python\n(?P<code>[^`]*)```\n\nwhich prints\n\n```text\n)(?P<printed>[^`]*)```")


def check_example(engine: str) -> None:
    """Run the example that imports an engine, and compare what it prints with the page."""
    (example,) = [each for each in _EXAMPLE.finditer(_PAGE.read_text("utf-8")) if f"import {engine}" in each["code"]]
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(example["code"], {})  # noqa: S102 - the page's own code
    if UPDATE:
        text = _PAGE.read_text("utf-8")
        text = text[: example.start("printed")] + output.getvalue() + text[example.end("printed") :]
        _PAGE.write_text(text, encoding="utf-8")
    assert UPDATE or example["printed"] == output.getvalue()
