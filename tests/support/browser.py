"""A real browser, and the rules for pages that everybody can read.

The extra `browser` has what drives it: a third of the time of an installation, and of no use without Chromium.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, Page

__all__ = ["accessible", "expect", "launched"]


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium without a window; skip where it cannot be had, unless HARVEST_DUCK_REQUIRE_BROWSER is set."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    missing = "Chromium" if found is None else "the extra browser"
    if found is None or find_spec("playwright") is None:
        if os.environ.get("HARVEST_DUCK_REQUIRE_BROWSER"):
            pytest.fail(f"{missing} is required here and is not installed")
        pytest.skip(f"{missing} is not installed")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of an extra

    with sync_playwright() as playwright:
        # Chromium refuses to run as root with its own sandbox; what it shows here is made by this project.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def accessible(page: Page, *, without: Sequence[str] = ()) -> None:
    """Fail if the rules of axe-core (WCAG 2 A and AA among them) find a violation, but for some rules."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - of an extra

    # What is no violation is looked at less closely, in half the time.
    rules = {rule: {"enabled": False} for rule in without}
    found = Axe().run(page, options={"resultTypes": ["violations"], "rules": rules})
    assert found.violations_count == 0, found.generate_report()


def expect(found: Any) -> Any:
    """Return what can be expected of a part of a page."""
    from playwright.sync_api import expect as expected  # noqa: PLC0415 - of an extra

    return expected(found)
