"""Fixtures: one sandbox of the usual size for tests that only read, and HTTP callers with each role."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.api_caller import Caller

from harvest_duck.sandbox import EURO_ADMINISTRATOR_TOKEN, EURO_ID, MANAGER_TOKEN, MEMBER_TOKEN, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def harvest() -> Iterator[Sandbox]:
    """A sandbox of the usual size, without limits; tests only read it."""
    with Sandbox(limits=False) as running:
        yield running


@pytest.fixture(scope="session")
def administrator(harvest: Sandbox) -> Iterator[Caller]:
    with closing(Caller(harvest)) as caller:
        yield caller


@pytest.fixture(scope="session")
def manager(harvest: Sandbox) -> Iterator[Caller]:
    with closing(Caller(harvest, MANAGER_TOKEN)) as caller:
        yield caller


@pytest.fixture(scope="session")
def member(harvest: Sandbox) -> Iterator[Caller]:
    with closing(Caller(harvest, MEMBER_TOKEN)) as caller:
        yield caller


@pytest.fixture(scope="session")
def euro(harvest: Sandbox) -> Iterator[Caller]:
    """The administrator of the second account."""
    with closing(Caller(harvest, EURO_ADMINISTRATOR_TOKEN, EURO_ID)) as caller:
        yield caller


@pytest.fixture
def small() -> Iterator[Sandbox]:
    """A small sandbox for one test, which may change it."""
    with Sandbox(scale=0.1, limits=False) as running:
        yield running


@pytest.fixture
def caller(small: Sandbox) -> Iterator[Caller]:
    """The administrator of the `small` sandbox."""
    with closing(Caller(small)) as caller:
        yield caller
