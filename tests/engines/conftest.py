"""What the tests of engines share: they may warn, and what they should find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harvest_duck.sandbox import MAIN_ID

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let engines warn: they are released before the versions of Python and of each other that they meet here."""
    for item in items:
        if item.nodeid.startswith("tests/engines/"):
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture
def names(sandbox: Sandbox) -> list[str]:
    """The names of the clients of the agency, in the order of their ids."""
    records = sorted(sandbox.records(MAIN_ID, "clients"), key=lambda record: record["id"])
    return [record["name"] for record in records]
