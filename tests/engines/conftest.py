"""What the tests of engines share: they may warn, and what they should find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.clients import client_names, let_warn

if TYPE_CHECKING:
    from harvest_duck.sandbox import Sandbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let engines warn: they are released before the versions of Python and of each other that they meet here."""
    let_warn(items, "tests/engines/")


@pytest.fixture
def names(sandbox: Sandbox) -> list[str]:
    """The names of the clients of the agency, in the order of their ids."""
    return client_names(sandbox)
