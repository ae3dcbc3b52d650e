"""The page about the sandbox: its Python runs, block after block."""

from __future__ import annotations

import contextlib
import io
import re

from support.paths import DOCS

from harvest_duck.sandbox import MAIN_ID, Sandbox


def test_its_python_runs() -> None:
    names: dict[str, object] = {}
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        for block in re.findall(r"```python\n(.*?)```", (DOCS / "sandbox.md").read_text("utf-8"), re.DOTALL):
            exec(block, names)  # noqa: S102 - the page's own code
    sandbox = names["sandbox"]
    assert isinstance(sandbox, Sandbox)
    assert output.getvalue().startswith(f"AccountId={MAIN_ID};")
    assert "A new name" in {client["name"] for client in sandbox.records(MAIN_ID, "clients")}
