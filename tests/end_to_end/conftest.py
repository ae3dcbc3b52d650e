"""Fixtures: the agencies that the ready views are compared on, and the views of whichever is attached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.agencies import Agency, Views, running

import harvest_duck
from harvest_duck.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb


@pytest.fixture(scope="session")
def agencies(agency: Sandbox) -> Iterator[dict[str, Agency]]:
    """Five agencies by name, which no test changes."""
    with running(agency) as found:
        yield found


@pytest.fixture(scope="session")
def views(attached: duckdb.DuckDBPyConnection, agency: Sandbox) -> Iterator[Views]:
    """The views of an agency: `views.of(agencies["main"]).rows("work()")`."""
    with attached.cursor() as opened:
        harvest_duck.register(opened)
        opened.execute("SET TimeZone = 'UTC'")
        yield Views(opened)
        opened.execute("DETACH DATABASE IF EXISTS views")


@pytest.fixture(scope="session")
def changeable() -> Iterator[Sandbox]:
    """A small sandbox whose records the tests of views replace by their own."""
    with Sandbox(seed=5, scale=0.1, time_entries=300, limits=False) as running_sandbox:
        yield running_sandbox
