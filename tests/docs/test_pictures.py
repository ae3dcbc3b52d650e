"""The pictures of the documentation are those that its script draws."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pictures_are_those_of_the_script() -> None:
    script = runpy.run_path(str(DOCS / "pictures.py"))
    drawn = {file.name: file.read_bytes() for file in script["DIRECTORY"].glob("*.*")}
    assert set(drawn) == set(script["PICTURES"])
    for name, content in drawn.items():
        assert content.startswith(b"\x89PNG"), name
        assert len(content) <= 400_000, name
