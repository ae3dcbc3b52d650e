"""What the pages say that a terminal shows, it shows."""

from __future__ import annotations

import sys

import pytest
from support.examples import check_commands
from support.paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


@pytest.mark.thorough
def test_a_terminal_shows_what_its_page_says() -> None:
    check_commands(ROOT / "docs" / "terminal.md", least=3)
