"""A real browser, and the rules for pages that everybody can read."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["accessible", "launched"]


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium without a window; skip where the machine has none, unless HARVEST_DUCK_REQUIRE_BROWSER is set."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        if os.environ.get("HARVEST_DUCK_REQUIRE_BROWSER"):
            pytest.fail("Chromium is required here and is not installed")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        # Chromium refuses to run as root with its own sandbox; what it shows here is made by this project.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def accessible(page: Page) -> None:
    """Fail if the rules of axe-core (WCAG 2 A and AA among them) find a violation."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
