"""The script that the page for those who come from one shows runs, and forgets what the page says that it forgets.

`UPDATE_README=1 pytest tests/clients/test_script_page.py` writes anew what is printed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from support.clients import client
from support.examples import UPDATE, check_examples
from support.paths import DOCS

from harvest_duck import sandbox
from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "coming-from" / "script.md"


def test_the_script_and_the_query_print_what_stands_below_them(tmp_path: Path) -> None:
    for module in ("pandas", "requests"):
        client(module)
    agency = sandbox.shared()
    (token,) = re.findall("APIKey=([^;]+)", agency.connection_string())
    theirs = {'URL = "https://api.harvestapp.com/v2"': f'URL = "{agency.base_url}"', '"123456"': f'"{MAIN_ID}"'}
    theirs["Bearer …"] = f"Bearer {token}"
    text = PAGE.read_text("utf-8")
    for said, meant in theirs.items():
        assert text.count(said) == 1
        text = text.replace(said, meant)
    page = tmp_path / PAGE.name
    page.write_text(text, encoding="utf-8")
    check_examples(page, least=3)
    if UPDATE:
        text = page.read_text("utf-8")
        for said, meant in theirs.items():
            text = text.replace(meant, said)
        PAGE.write_text(text, encoding="utf-8")
    read, there = (int(number) for number in re.findall(r"^(\d+) entries$", page.read_text("utf-8"), re.MULTILINE))
    assert read == 2000 < there
