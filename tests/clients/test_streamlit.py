"""Streamlit: a page connects once, and reads with a cursor in the thread of each run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.asked import asked
from support.clients import client, write_examples
from support.clocks import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from harvest_duck.sandbox import Sandbox


def test_every_run_of_the_documented_page_reads_harvest(
    connection: str, sandbox: Sandbox, names: list[str], tmp_path: Path
) -> None:
    testing = client("streamlit.testing.v1")
    write_examples(tmp_path, connection)
    page = testing.AppTest.from_file(str(tmp_path / "app.py"), default_timeout=PATIENCE_S)
    for _ in range(3):
        page.run()
        assert not page.exception, page.exception
        assert page.dataframe[0].value["name"].tolist() == names
    page.selectbox[0].select_index(1).run()
    assert not page.exception
    assert asked(sandbox) == ["/roles", "/clients"] * 4
