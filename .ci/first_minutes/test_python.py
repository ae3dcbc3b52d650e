"""Python as the README and its page show it, in the environment of the wheel: the examples print what is below them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from installed import CLEAN, PATIENCE_S, PYTHON

_EXAMPLE = re.compile(r"```python\n(?P<code>[^`]*)```\n\n```text\n(?P<output>[^`]*)```")


def test_the_examples_print_what_stands_below_them(folder: Path) -> None:
    tree = Path(os.environ["FIRST_MINUTES_TREE"])
    pages = [(tree / name).read_text("utf-8") for name in ("README.md", "docs/python.md")]
    examples = [example for page in pages for example in _EXAMPLE.finditer(page)]
    assert len(examples) >= 5
    (folder / "examples.py").write_text("\nprint('<!>')\n".join(each["code"] for each in examples), encoding="utf-8")
    ended = subprocess.run(
        [PYTHON, "-W", "error", "examples.py"],
        cwd=folder,
        env=CLEAN | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    printed = [part.strip("\n").splitlines() for part in ended.stdout.split("<!>\n")]
    wanted = [each["output"].splitlines() for each in examples]
    assert [[line.rstrip() for line in part] for part in printed] == wanted
