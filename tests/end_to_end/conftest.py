"""Fixtures: the agencies that the ready views are compared on, and the views of whichever is attached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.agencies import Agencies, Agency, Views

import harvest_duck
from harvest_duck.sandbox import MAIN_ID, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb


@pytest.fixture(scope="session")
def agencies(agency: Sandbox) -> Iterator[dict[str, Agency]]:
    """Five agencies by name, which no test changes."""
    with Agencies(agency) as found:
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
def small_sandbox() -> Iterator[Sandbox]:
    """A small sandbox, which tests have by `changeable`."""
    with Sandbox(seed=5, scale=0.1, time_entries=300, limits=False) as made:
        yield made


@pytest.fixture
def changeable(small_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A small sandbox whose records a test replaces by its own; they are put back."""
    kept = {name: small_sandbox.records(MAIN_ID, name) for name in small_sandbox.account(MAIN_ID).tables}
    small_sandbox.clear_log()
    yield small_sandbox
    small_sandbox.clear_responses()
    for name, records in kept.items():
        small_sandbox.replace(MAIN_ID, name, records)
