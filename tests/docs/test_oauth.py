"""docs/oauth.md says what the program does."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from typing import TYPE_CHECKING

from support.clocks import PATIENCE_S
from support.paths import DOCS
from support.person import agreed
from support.sign_in import token_requests
from support.sign_in_fixtures import *  # noqa: F403

import harvest_duck
from harvest_duck.connection import InitiateOAuth, parse

if TYPE_CHECKING:
    from concurrent.futures import Future

    import pytest

    from harvest_duck.sandbox import Sandbox

PAGE = (DOCS / "oauth.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SOURCES = "".join(path.read_text("utf-8") for path in Path(harvest_duck.__file__).parent.rglob("*.py"))


def test_the_strings_parse() -> None:
    strings = re.findall(r"```\n(\w+=.*)\n```", PAGE)
    assert strings
    assert all(parse(text) for text in strings)


def test_every_way_to_initiate_is_described() -> None:
    assert set(re.findall(r"^\| `([A-Z]+)`", PAGE, re.MULTILINE)) == set(InitiateOAuth)


def test_the_steps_without_a_browser_run(
    harvest: Sandbox, connection: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person reads the address that is printed, agrees, and types the code."""

    def typed(_: str) -> str:
        return agreed(capsys.readouterr().out.strip()).partition("code=")[2].partition("&")[0]

    monkeypatch.setattr(builtins, "input", typed)
    exec(BLOCKS[0], {"connection": connection})  # noqa: S102 - the page's own code
    assert token_requests(harvest) == ["authorization_code", "refresh_token"]


def test_the_example_in_python_runs(
    connection: str, last_page: Future[str], capsys: pytest.CaptureFixture[str]
) -> None:
    exec(BLOCKS[1], {"connection": connection})  # noqa: S102 - the page's own code
    assert "You are signed in" in last_page.result(PATIENCE_S)
    assert capsys.readouterr().out == "Ada Moreau ['Harbour & Vale', 'Harbour & Vale Europe']\n"


def test_every_error_that_it_explains_is_one_that_the_program_has() -> None:
    """Word by word, up to what differs from time to time."""
    rows = re.findall(r"^\| `([^`]+)` \|", PAGE.partition("## When it does not work")[2], re.MULTILINE)
    assert len(rows) >= 10
    for row in rows:
        for part in re.split(r"\s*…\s*|\b\d+\b", row):
            assert part.strip() in SOURCES.replace('"\n            "', ""), part
